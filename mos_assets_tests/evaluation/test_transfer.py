"""What a head is worth elsewhere, by heads that did not see the content."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation.metrics import plcc, rmse
from mos_assets.evaluation.shortcuts import BesideColumns
from mos_assets.evaluation.splits import split_ranges, split_table
from mos_assets.evaluation.transfer import ScoredCorpus, scored_by_folds, transfer_figures
from mos_assets.head.closed_forms import closed_forms
from mos_assets.splitting.cuts import further_cuts


def _tested(make_table, predict, **changes):
    table = make_table(n=240)
    group = np.arange(240) % 12
    table = replace(
        table,
        folds=group % 5,
        groups=tuple(f"g{g:02d}" for g in group),
        mos_std=np.full(240, 0.8),
        n_ratings=np.full(240, 24.0),
    )
    tested = ScoredCorpus(
        name="other",
        table=table,
        predictions=predict(table).predictions,
        known=group < 3,
        half_width=0.4,
        shipped=predict(table).predictions[0],
        distance=np.where(np.arange(240) < 60, 2.0, 0.5),
        beside=BesideColumns({}, {"vmaf": 20 * table.mos}),
    )
    return replace(tested, **changes)


def test_the_figures_are_those_of_all_clips(make_table, predict) -> None:
    tested = _tested(make_table, predict)
    found = transfer_figures(tested)
    mos, each = tested.table.mos, tested.predictions
    assert (found.clips, found.contents, found.left_out) == (240, 12, 0)
    assert (found.known_clips, found.known_contents) == (60, 3)
    for name, metric in (("plcc", plcc), ("rmse", rmse)):
        figure, interval = getattr(found, name), getattr(found, f"{name}_interval")
        assert figure == pytest.approx(np.mean([metric(x, mos) for x in each]), abs=1e-6)
        assert interval.low < figure < interval.high
        shipped = getattr(found, f"shipped_{name}")
        assert shipped == pytest.approx(metric(each[0], mos), abs=1e-6)
    assert found.bias == pytest.approx(np.mean(each - mos), abs=1e-6)
    assert found.coverage == pytest.approx(np.mean(np.abs(each - mos) <= 0.4), abs=1e-6)
    assert found.coverage_inside == pytest.approx(
        np.mean(np.abs(each - mos)[:, 60:] <= 0.4), abs=1e-6
    )
    assert found.outside == 0.25
    assert found.slope == pytest.approx(1.0, abs=0.1)
    assert found.p1401.rmse_star < found.p1401.rmse
    assert found.krasula.better_worse > 0.95
    vmaf = found.shortcuts.rows[-1]
    assert (vmaf.name, vmaf.raw_plcc_all, vmaf.counts) == ("vmaf", 1.0, False)


def test_what_cannot_be_had_is_missing(make_table, predict) -> None:
    """No interval, no envelope, no deviations, and a few clips that no head may score."""
    tested = _tested(make_table, predict, half_width=None, distance=None)
    unknown = np.full(240, np.nan)
    predictions = tested.predictions.copy()
    predictions[:, :20] = np.nan
    table = replace(tested.table, mos_std=unknown, n_ratings=unknown)
    found = transfer_figures(replace(tested, table=table, predictions=predictions))
    assert (found.clips, found.left_out) == (220, 20)
    assert (found.coverage, found.coverage_inside, found.outside) == (None, None, None)
    assert found.p1401.rmse_star is None and found.p1401.reason
    assert found.krasula.different_similar is None and found.krasula.reason
    none = transfer_figures(replace(tested, predictions=np.full_like(predictions, np.nan)))
    assert (none.clips, none.plcc, none.reason) == (0, None, "0 clips could be scored")
    with pytest.raises(ValueError, match="predictions are"):
        transfer_figures(replace(tested, predictions=predictions[:, 1:]))


def test_only_heads_that_may_score_do() -> None:
    """One seed, three heads, four clips: one head, all heads, two heads, none."""
    predictions = np.array([[[1.0, 2, 3, 4], [2, 4, 5, 4], [3, 3, 4, 4]]])
    may = [frozenset({7}), frozenset({5, 6, 7}), frozenset({6, 7, 99}), frozenset()]
    found = scored_by_folds(predictions, [5, 6, 7], may)
    assert found[0, :3].tolist() == [3.0, 3.0, 4.5] and np.isnan(found[0, 3])
    with pytest.raises(ValueError, match="predictions are"):
        scored_by_folds(predictions, [5, 6], may)


def test_further_cuts_of_closed_forms(rated) -> None:
    """A range that holds its mean; the same rows give the same range; few cuts are refused."""
    own = split_table(rated)
    cuts = further_cuts(own.groups, 5, 10)
    first = split_ranges(own, cuts, closed_forms(own).out_of_fold, "closed forms")
    assert first == split_ranges(own, cuts, closed_forms(own).out_of_fold, "closed forms")
    for each in first.ranges:
        assert each.low <= each.mean <= each.high
        assert each.high - each.low < 0.15
    assert first.ranges[0].here > 0.85
    with pytest.raises(ValueError, match="at least 10"):
        split_ranges(own, cuts[:9], closed_forms(own).out_of_fold, "closed forms")


def test_a_large_table_is_cut_by_whole_contents(make_table) -> None:
    table = make_table(n=300, held_out=30)
    table = replace(table, groups=tuple(f"g{i % 20}" for i in range(300)))
    few = split_table(table, most=100)
    assert 80 < len(few.mos) <= 100
    assert (few.folds >= 0).all()
    kept = set(few.groups)
    inside = [g for g, f in zip(table.groups, table.folds, strict=True) if f >= 0]
    assert sum(g in kept for g in inside) == len(few.mos)
