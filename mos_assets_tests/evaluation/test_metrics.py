"""The figures against their definitions, and what does not exist stays NaN without a warning."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mos_assets.evaluation import plcc, rmse, srocc
from mos_assets.evaluation.metrics import (
    chance_of_fold_spread,
    expected_fold_spread,
    logistic4,
    plcc_after_logistic,
    standard_error_of_r,
)
from mos_assets.records import FloatArray

scores = st.integers(100, 500).map(lambda x: x / 100)
pairs = st.integers(3, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=scores), hnp.arrays(np.float64, n, elements=scores)
    )
)


def _average_ranks(x: FloatArray) -> FloatArray:
    return np.array([np.sum(x < v) + (np.sum(x == v) + 1) / 2 for v in x])


@given(pairs)
def test_figures_are_their_definitions(pair: tuple[FloatArray, FloatArray]) -> None:
    x, y = pair
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = plcc(x, y), srocc(x, y), rmse(x, y)
    assert found[2] == pytest.approx(math.sqrt(float(np.mean((x - y) ** 2))))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert math.isnan(found[0])
        assert math.isnan(found[1])
    else:
        assert found[0] == pytest.approx(float(np.corrcoef(x, y)[0, 1]), abs=1e-9)
        ranked = float(np.corrcoef(_average_ranks(x), _average_ranks(y))[0, 1])
        assert found[1] == pytest.approx(ranked, abs=1e-9)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_gives_nan(bad: float) -> None:
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 4.0, 3.0])
    for a, b in ((np.where(x == 2, bad, x), y), (x, np.where(y == 2, bad, y))):
        assert all(math.isnan(f(a, b)) for f in (plcc, srocc, rmse, plcc_after_logistic))


def test_rounding_noise_around_a_constant_is_a_constant() -> None:
    """Otherwise a dead head could correlate by its last bit."""
    x = 3.0 + np.array([0.0, 1.0, 0.0, 1.0, 0.0]) * 4.5e-16
    assert np.ptp(x) > 0
    y = np.arange(5.0)
    assert math.isnan(plcc(x, y))
    assert math.isnan(srocc(x, y))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_two_points_do_not_correlate(n: int) -> None:
    x = np.arange(float(n))
    assert math.isnan(plcc(x, x))
    assert math.isnan(srocc(x, x))


def test_logistic_undoes_a_logistic() -> None:
    x = np.linspace(1, 5, 200)
    mos = logistic4(x, 4.6, 1.3, 3.1, 0.35)
    assert plcc(x, mos) < 0.97
    assert plcc_after_logistic(x, mos) == pytest.approx(1.0, abs=1e-6)


def test_standard_error_follows_the_formula() -> None:
    assert standard_error_of_r(0.85, 240) == pytest.approx((1 - 0.85**2) / math.sqrt(237))
    assert math.isnan(standard_error_of_r(0.85, 3))


@pytest.mark.parametrize(("n", "spread"), [(240, 0.042), (30_000, 0.0037)])
def test_expected_spread_is_that_of_the_contract(n: int, spread: float) -> None:
    assert expected_fold_spread(0.85, n, 5) == pytest.approx(spread, rel=0.02)


def test_passing_the_bound_over_folds_is_once_in_three_thousand() -> None:
    assert 1 / chance_of_fold_spread(0.005, 0.85, 240, 5) == pytest.approx(3000, rel=0.1)


def test_no_spread_without_two_folds() -> None:
    assert math.isnan(expected_fold_spread(0.85, 240, 1))
