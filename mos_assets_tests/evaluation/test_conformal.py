"""The interval holds what it promises, also for contents that nobody has seen."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.evaluation.conformal import COVERAGE, conformal_half_width, prediction_interval
from mos_assets.records import OutOfFold


@given(st.integers(9, 200), st.integers(0, 10_000))
def test_with_single_clips_it_is_the_textbook_quantile(n: int, seed: int) -> None:
    """The ceil((n + 1) 0.9)-th smallest score, Lei et al. 2018."""
    scores = np.round(np.random.default_rng(seed).exponential(size=n), 2)
    at = -(-(n + 1) * 9 // 10)
    assert conformal_half_width(scores, np.arange(n)) == np.sort(scores)[at - 1]


@pytest.mark.parametrize("contents", [1, 8])
def test_too_few_contents_promise_nothing(contents: int, make_table, predict) -> None:
    scores = np.linspace(0, 1, 400)
    assert conformal_half_width(scores, np.arange(400) % contents) is None
    table = make_table()
    table = replace(table, groups=tuple(f"g{i % contents}" for i in range(400)))
    found = prediction_interval(table, predict(table))
    assert found.half_width is None
    assert f"{contents} contents cannot promise" in (found.reason or "")


@pytest.mark.parametrize(("contents", "clips"), [(200, 1), (16, 40), (30, 10)])
def test_a_new_content_is_covered_as_promised(contents: int, clips: int) -> None:
    """Errors that a content shares: over many corpora, a clip of one more content is inside."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(1500):
        level = rng.normal(0, 1, contents + 1)
        scores = np.abs(np.repeat(level, clips) + rng.normal(0, 0.5, (contents + 1) * clips))
        groups = np.repeat(np.arange(contents + 1), clips)
        width = conformal_half_width(scores[:-clips], groups[:-clips])
        assert width is not None
        inside.append(scores[-1] <= width)
    # Three standard errors of 1,500 trials; the promise itself is a lower bound.
    assert COVERAGE - 0.024 <= np.mean(inside) <= 0.985


def test_many_clips_of_one_content_do_not_drown_the_others() -> None:
    """Each content counts once: with clips counted alone the big content would decide."""
    scores = np.concatenate([np.full(900, 0.1), np.linspace(0.5, 1.0, 20)])
    groups = np.concatenate([np.zeros(900, dtype=np.int64), np.arange(1, 21)])
    assert np.quantile(scores, 0.9) == pytest.approx(0.1)
    assert conformal_half_width(scores, groups) >= 0.9


def test_the_report_checks_it_on_folds_that_did_not_calibrate(make_table, predict) -> None:
    table = make_table(n=2000)
    oof = predict(table, noise=0.4)
    found = prediction_interval(table, oof)
    assert found.half_width == pytest.approx(1.645 * 0.4, abs=0.05)
    assert found.coverage == pytest.approx(0.9, abs=0.02)
    assert [fold.fold for fold in found.folds] == [0, 1, 2, 3, 4]
    # A fold whose errors are larger does not calibrate its own interval, and is found out.
    worse = oof.predictions.copy()
    held = table.folds == 2
    worse[:, held] = table.mos[held] + 4 * (worse[:, held] - table.mos[held])
    found = prediction_interval(table, OutOfFold(oof.seeds, worse))
    assert found.folds[2].coverage < 0.5
    assert found.folds[2].half_width == pytest.approx(
        prediction_interval(table, oof).folds[2].half_width
    )
    assert min(f.coverage for f in found.folds if f.fold != 2) > 0.9


def test_bands_show_where_a_constant_width_falls_short(make_table, predict) -> None:
    table = make_table(n=2000)
    oof = predict(table, noise=0.2)
    low = table.mos < 2
    noisy = oof.predictions + np.where(low, np.random.default_rng(4).normal(0, 0.6, 2000), 0.0)
    found = prediction_interval(table, OutOfFold(oof.seeds, np.clip(noisy, 1, 5)))
    assert found.coverage == pytest.approx(0.9, abs=0.02)
    assert min(found.bands, key=lambda band: band.coverage).low == 1.0


def test_a_missing_prediction_promises_nothing(make_table, predict) -> None:
    table = make_table()
    broken = predict(table).predictions.copy()
    broken[1, 3] = np.nan
    found = prediction_interval(table, OutOfFold((11, 12, 13, 14, 15), broken))
    assert found.half_width is None
    assert found.folds == found.bands == ()
    assert "not finite" in (found.reason or "")


def test_folds_that_cannot_be_checked_leave_the_coverage_untold(make_table, predict) -> None:
    """Ten contents in two folds: all together promise, five alone do not."""
    table = make_table(n=100, n_folds=2)
    table = replace(table, groups=tuple(f"g{i % 10}" for i in range(100)))
    found = prediction_interval(table, predict(table))
    assert found.half_width is not None
    assert found.coverage is None
    assert found.folds == ()
