"""Counting draws gives the same figures as drawing rows."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.evaluation import plcc, rmse, srocc
from mos_assets.evaluation.bootstrap import _figures, interval, resample, weighted_ranks


@given(st.integers(3, 30), st.integers(0, 10_000))
def test_figures_of_counts_are_those_of_repeated_rows(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(10, 50, (2, n)) / 10
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=4).astype(float)
    found = _figures(drawn, x[None, :], y)
    for b, counts in enumerate(drawn.astype(int)):
        rx, ry = np.repeat(x, counts), np.repeat(y, counts)
        expected = [plcc(rx, ry), srocc(rx, ry), rmse(rx, ry)]
        assert found[:, b, 0] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_ranks_average_over_ties() -> None:
    ranks = weighted_ranks(np.array([[1.0, 2.0, 1.0]]), np.array([5.0, 1.0, 5.0]))
    assert ranks.tolist() == [[3.5, 1.5, 3.5]]


def test_the_interval_holds_the_figure_and_narrows_with_clips(make_table, predict) -> None:
    widths = []
    for n in (100, 1600):
        table = make_table(n=n)
        drawn = resample(predict(table, noise=0.6).predictions, table.mos, table.folds)
        bounds = interval(drawn.plcc.mean(axis=1))
        assert bounds is not None
        whole = np.mean(
            [
                plcc(
                    predict(table, noise=0.6).predictions[0][table.folds == f],
                    table.mos[table.folds == f],
                )
                for f in range(5)
            ]
        )
        assert bounds[0] < whole < bounds[1]
        widths.append(bounds[1] - bounds[0])
    assert widths[0] / widths[1] == pytest.approx(4.0, rel=0.35)


def test_a_resample_without_a_figure_leaves_no_interval() -> None:
    assert interval(np.array([0.5, np.nan, 0.6])) is None
    assert interval(np.array([])) is None
