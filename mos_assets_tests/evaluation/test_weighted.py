"""Counting draws gives the same figures as drawing rows."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.evaluation import GATE, plcc, rmse, srocc
from mos_assets.evaluation.weighted import (
    by_repeating,
    weighted_plcc,
    weighted_ranks,
    weighted_srocc,
)


@given(st.integers(3, 30), st.integers(0, 10_000))
def test_figures_of_counts_are_those_of_repeated_rows(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(10, 50, (2, n)) / 10
    drawn = rng.multinomial(n - int(rng.integers(0, 2)), np.full(n, 1 / n), size=4).astype(float)
    found = np.array([metric.weighted(drawn, x[None, :], y) for metric in GATE.metrics])
    for b, counts in enumerate(drawn.astype(int)):
        rx, ry = np.repeat(x, counts), np.repeat(y, counts)
        if len(np.unique(rx)) < 2 or len(np.unique(ry)) < 2 or len(rx) < 3:
            assert found[2, b, 0] == pytest.approx(rmse(rx, ry), abs=1e-6)
            continue
        expected = [plcc(rx, ry), srocc(rx, ry), rmse(rx, ry)]
        assert found[:, b, 0] == pytest.approx(expected, abs=1e-6)


def test_constant_predictions_have_no_figure_under_any_weights() -> None:
    weights, constant, y = np.ones((2, 5)), np.full((1, 5), 3.0), np.arange(5.0)
    for weighted in (weighted_plcc, weighted_srocc):
        assert np.isnan(weighted(weights, constant, y)).all()


@pytest.mark.parametrize("metric", GATE.metrics, ids=lambda metric: metric.name)
def test_a_weighted_form_is_the_figure_of_repeated_clips(metric) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(1, 5, (3, 40)), rng.uniform(1, 5, 40)
    x[2] = x[0]
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=6).astype(float)
    plain = by_repeating(metric.compute)(weights, x, y)
    assert plain.shape == (6, 3)
    assert metric.weighted is None or metric.weighted(weights, x, y) == pytest.approx(plain)
    assert by_repeating(metric.compute)(np.ones((1, 40)), x, y)[0] == pytest.approx(
        [metric.compute(row, y) for row in x]
    )


def test_ranks_average_over_ties() -> None:
    ranks = weighted_ranks(np.array([[1.0, 2.0, 1.0]]), np.array([5.0, 1.0, 5.0]))
    assert ranks.tolist() == [[3.5, 1.5, 3.5]]
