"""The one door for correlations: every way agrees, and what cannot be had is None with a reason."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mos_assets.correlation import (
    Correlation,
    exact_pearson,
    near_pearson,
    near_spearman,
    pearson,
    pearson_of_moments,
    spearman,
    spearman_matrix,
)

WAYS = (pearson, spearman, near_pearson, near_spearman, exact_pearson)
LEVELS = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=3, max_size=30
).map(lambda rows: np.array(rows, dtype=float).T / 8)


@given(LEVELS)
def test_every_way_says_what_scipy_says(rows: np.ndarray) -> None:
    x, y = rows
    matrix = spearman_matrix(rows.T)
    moments = [np.array([each.mean()]) for each in (x, y, x * x, y * y, x * y)]
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert {way(x, y) for way in WAYS} == {Correlation(None, "one side is constant")}
        assert np.isnan(matrix[0, 1])
        assert np.isnan(pearson_of_moments(*moments)[0])
        return
    linear, ranked = stats.pearsonr(x, y).statistic, stats.spearmanr(x, y).statistic
    assert (pearson(x, y).r, spearman(x, y).r) == (linear, ranked)
    assert near_pearson(x, y).r == pytest.approx(linear, abs=1e-11)
    assert exact_pearson(x, y).r == pytest.approx(linear, abs=1e-11)
    assert pearson_of_moments(*moments)[0] == pytest.approx(linear, abs=1e-9)
    for way in (near_pearson, exact_pearson):
        assert way(x * 2.0**900, y) == way(x * 2.0**-900, y) == way(x, y)
    assert near_spearman(x, y).r == pytest.approx(ranked, abs=1e-11)
    assert matrix[0, 1] == pytest.approx(ranked, abs=1e-11)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "0 rows; a correlation needs 3"),
        ([1, 2], [3, 5], "2 rows; a correlation needs 3"),
        ([1, 2, math.nan, 4], [1, 2, 3, 4], "a value is not finite"),
        ([1, 2, 3, 4], [1, math.inf, 3, 4], "a value is not finite"),
        ([5, 5, 5, 5], [1, 2, 3, 4], "one side is constant"),
        ([1, 2, 3], [0.1 + 0.2, 0.3, 0.3], "one side is constant"),
        ([0, 0, 0], [0, 0, 0], "one side is constant"),
    ],
)
def test_what_cannot_be_had_has_a_reason(x: list[float], y: list[float], reason: str) -> None:
    for way in WAYS:
        assert way(np.array(x, dtype=float), np.array(y, dtype=float)) == (None, reason)
        assert math.isnan(way(np.array(x, dtype=float), np.array(y, dtype=float)).or_nan)
