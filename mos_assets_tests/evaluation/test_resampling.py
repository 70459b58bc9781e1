"""Contents move as one when clips are drawn anew, and the intervals hold what they say."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation import GATE, srocc
from mos_assets.evaluation.resampling import Figures, resample


def _mean_plcc(figures: Figures):
    return figures["plcc"].mean(axis=1)


def _resampled(table, oof):
    return resample(oof.predictions, table.mos, table.folds, table.groups, GATE.metrics)


@pytest.mark.parametrize("sizes", [(30, 90), (400, 1600)])
def test_the_interval_holds_the_figure_and_narrows_with_clips(sizes, make_table, predict) -> None:
    """With few clips, which are left out one by one, as with many, which are drawn."""
    widths = []
    for n in sizes:
        table = make_table(n=n)
        drawn = _resampled(table, predict(table, noise=0.6))
        assert drawn.method == ("jackknife" if n < 100 else "bootstrap")
        low, high = drawn.interval(_mean_plcc)
        assert low < _mean_plcc(drawn.whole)[0] < high
        widths.append(high - low)
    assert widths[1] < widths[0] * (sizes[0] / sizes[1]) ** 0.5 * 1.5


@pytest.mark.parametrize("contents", [20, 200])
def test_clips_that_share_a_content_tell_less_than_as_many_contents(
    contents, make_table, predict
) -> None:
    """Each clip thrice more: nothing new is known, so the interval may not become narrower."""
    few = make_table(n=contents)
    oof = predict(few, noise=0.6)
    four = replace(
        few,
        clip_ids=tuple(f"{clip}/{k}" for clip in few.clip_ids for k in range(4)),
        features=np.repeat(few.features, 4, axis=0),
        mos=np.repeat(few.mos, 4),
        folds=np.repeat(few.folds, 4),
        groups=tuple(group for group in few.groups for _ in range(4)),
    )
    repeated = replace(oof, predictions=np.repeat(oof.predictions, 4, axis=1))
    alone = _resampled(few, oof).interval(_mean_plcc)
    assert _resampled(four, repeated).interval(_mean_plcc) == pytest.approx(alone, abs=1e-9)


def test_the_jackknife_is_that_of_leaving_contents_out(make_table, predict) -> None:
    """Against the definition, by really leaving the rows out."""
    table = make_table(n=60)
    table = replace(table, groups=tuple(f"g{i % 15}" for i in range(60)))
    oof = predict(table, noise=0.5, seeds=(1, 2))
    drawn = _resampled(table, oof)
    assert len(drawn.replicates["srocc"]) == 15
    groups = np.array(table.groups)
    expected = []
    for fold in range(5):
        for content in np.unique(groups[table.folds == fold]):
            each = []
            for f in range(5):
                rows = (groups != content) & (table.folds == f)
                each.append(srocc(oof.predictions[0][rows], table.mos[rows]))
            expected.append(np.mean(each))
    assert sorted(drawn.replicates["srocc"][:, 0]) == pytest.approx(sorted(expected), abs=1e-9)


def test_no_interval_leaves_the_range_of_its_figure(make_table, predict) -> None:
    table = make_table(n=15)
    drawn = _resampled(table, predict(table, noise=0.1))
    low, high = drawn.interval(_mean_plcc, scale="correlation")
    assert -1.0 <= low < _mean_plcc(drawn.whole)[0] < high <= 1.0
    low, high = drawn.interval(lambda f: f["rmse"].mean(axis=1), scale="positive")
    assert 0.0 < low < high


def test_a_fold_of_one_content_leaves_no_interval(make_table, predict) -> None:
    table = make_table(n=50)
    table = replace(table, groups=tuple(f"g{fold}" for fold in table.folds))
    assert _resampled(table, predict(table)).interval(_mean_plcc) is None


def test_a_replicate_without_a_figure_leaves_no_interval(make_table, predict) -> None:
    table = make_table(n=200)
    oof = predict(table)
    broken = oof.predictions.copy()
    broken[0, table.folds == 3] = 3.0
    drawn = _resampled(table, replace(oof, predictions=broken))
    assert drawn.interval(_mean_plcc) is None
    assert drawn.interval(lambda f: f["plcc"][:, 1]) is not None


def test_no_rows_at_all_is_no_interval() -> None:
    drawn = resample(np.empty((2, 0)), np.empty(0), np.empty(0, dtype=np.int64), (), GATE.metrics)
    assert drawn.interval(_mean_plcc) is None


def test_the_interval_of_a_spread_lies_around_it(make_table, predict) -> None:
    """Noise pushes the largest minus the smallest upwards in every replicate."""
    for n in (60, 400):
        table = make_table(n=n)
        drawn = _resampled(table, predict(table, noise=0.6))

        def spread(figures: Figures):
            return np.ptp(figures["plcc"], axis=1)

        low, high = drawn.interval(spread, least=0.0, centred=True)
        assert 0.0 <= low <= spread(drawn.whole)[0] <= high
