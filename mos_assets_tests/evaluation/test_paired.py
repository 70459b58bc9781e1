"""The interval of a difference holds for pairs of a content that nobody has seen."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation.conformal import COVERAGE, prediction_interval
from mos_assets.evaluation.paired import BAND_EDGES, paired_interval
from mos_assets.records import OutOfFold


def _corpus(make_table, shared: float, own: float, contents: int = 40, clips: int = 10, seed=3):
    """Ratings that heads miss by what a content shares and by what each clip adds."""
    n = contents * clips
    table = make_table(n=n)
    rng = np.random.default_rng(seed)
    of = np.arange(n) // clips
    table = replace(table, groups=tuple(f"g{c:03d}" for c in of), folds=(of % 5).astype(np.int64))
    errors = rng.normal(0, shared, contents)[of] + rng.normal(0, own, n)
    return table, OutOfFold((1,), (table.mos - errors)[None, :])


def test_what_a_content_shares_does_not_widen_it(make_table) -> None:
    table, oof = _corpus(make_table, shared=0.5, own=0.1)
    found = paired_interval(table, oof)
    single = prediction_interval(table, oof)
    # 1.645 standard deviations of a difference, and a little for the content to come.
    assert found.half_width == pytest.approx(1.645 * 0.1 * 2**0.5, rel=0.15)
    assert found.half_width < single.half_width / 2
    assert found.error_sd == pytest.approx(0.1, rel=0.1)
    assert (found.n_contents, found.n_pairs) == (40, 40 * 45)
    assert found.coverage == pytest.approx(COVERAGE, abs=0.04)


def test_a_pair_of_a_new_content_is_covered_as_promised(make_table) -> None:
    """Contents differ in how well they are known; over many corpora the next one is inside."""
    inside = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        table, _ = _corpus(make_table, 0.3, 0.0, contents=21, clips=4, seed=seed)
        spread = np.repeat(rng.uniform(0.05, 0.5, 21), 4)
        errors = rng.normal(0, spread)
        last = np.arange(84) >= 80
        known = replace(table, folds=np.where(last, -1, table.folds))
        found = paired_interval(known, OutOfFold((1,), (table.mos - errors)[None, :]))
        inside += [abs(errors[80] - errors[81]) <= found.half_width]
        assert found.n_contents == 20
    assert np.mean(inside) >= COVERAGE - 3 * (0.09 / 150) ** 0.5


def test_bands_tell_how_often_the_predicted_order_was_that_of_people(make_table) -> None:
    table, oof = _corpus(make_table, shared=0.3, own=0.3)
    found = paired_interval(table, oof)
    assert [band.low for band in found.bands] == list(BAND_EDGES[:-1])
    order = [band.order_held for band in found.bands]
    assert 0.5 < order[0] < 0.75
    assert order == sorted(order)
    assert order[-1] == 1.0
    assert sum(band.n_pairs for band in found.bands) == found.n_pairs


def test_the_widest_seed_counts_and_big_contents_are_bounded(make_table) -> None:
    table, oof = _corpus(make_table, 0.2, 0.2, contents=12, clips=100)
    worse = table.mos - 2 * (table.mos - oof.predictions[0])
    both = paired_interval(table, OutOfFold((1, 2), np.vstack([oof.predictions[0], worse])))
    alone = paired_interval(table, OutOfFold((2,), worse[None, :]))
    assert both.half_width == alone.half_width
    assert both.n_pairs == 12 * 64 * 63 // 2
    assert both == paired_interval(table, OutOfFold((1, 2), np.vstack([oof.predictions[0], worse])))


@pytest.mark.parametrize(("contents", "n_contents"), [(400, 0), (8, 8)])
def test_too_few_contents_with_pairs_promise_nothing(
    contents: int, n_contents: int, make_table, predict
) -> None:
    table = make_table()
    table = replace(table, groups=tuple(f"g{i % contents}" for i in range(400)))
    found = paired_interval(table, predict(table))
    assert (found.half_width, found.error_sd, found.bands) == (None, None, ())
    assert f"{n_contents} contents have two clips or more" in (found.reason or "")


def test_a_missing_prediction_promises_nothing(make_table) -> None:
    table, oof = _corpus(make_table, 0.1, 0.1)
    oof.predictions[0, 3] = np.nan
    assert "not finite" in (paired_interval(table, oof).reason or "")
