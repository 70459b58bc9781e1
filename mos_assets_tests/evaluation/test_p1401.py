"""RMSE*, outlier ratio and Krasula's areas, by hand and against SciPy and scikit-learn."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mos_assets.evaluation.krasula import auc, krasula_figures
from mos_assets.evaluation.p1401 import ci95, mapped, p1401_figures

GROUPS = tuple("abcd")


def test_by_hand() -> None:
    """Four clips of 25 ratings with deviation 1: ci95 is 2.0639/5. Errors .2, .5, 1 and 0."""
    width = 2.063899 / 5
    assert ci95(np.ones(4), np.full(4, 25.0)) == pytest.approx(np.full(4, width), abs=1e-6)
    mos = np.array([2.0, 3.0, 4.0, 1.0])
    predicted = mos + np.array([0.2, -0.5, 1.0, 0.0])
    found = p1401_figures(predicted, mos, np.ones(4), np.full(4, 25.0), GROUPS, "none")
    assert found.rmse == pytest.approx(np.sqrt((0.04 + 0.25 + 1.0) / 3), abs=1e-6)
    assert found.rmse_star == pytest.approx(
        np.sqrt(((0.5 - width) ** 2 + (1 - width) ** 2) / 3), abs=1e-6
    )
    assert (found.d, found.n, found.outlier_ratio) == (1, 4, 0.5)
    assert found.outlier_ratio_interval.low == pytest.approx(0.5 - 1.96 * 0.25, abs=1e-6)


def test_what_is_unknown_takes_no_part() -> None:
    """A single rating has no interval; without any the figures have a reason."""
    assert np.isnan(ci95(np.array([np.nan, 1.0, 1.0]), np.array([9.0, 1.0, np.nan]))).all()
    mos, unknown = np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, np.nan)
    found = p1401_figures(mos, mos, unknown, unknown, GROUPS)
    assert found.rmse_star is None and "no clip has both" in found.reason
    few = p1401_figures(mos, mos, np.ones(4), np.full(4, 9.0), GROUPS)
    assert few.rmse is None and "4 clips with known deviation are too few for 4" in few.reason
    areas = krasula_figures(mos, mos, unknown, unknown)
    assert (areas.different_similar, areas.n, areas.n_similar) == (None, 0, 0)


@given(seed=st.integers(0, 10_000), n=st.integers(5, 60))
def test_mappings_never_fall_and_never_cost(seed, n) -> None:
    """Each is monotonic over the predictions; a cubic that is monotonic of itself is NumPy's."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(1, 5, n), rng.uniform(1, 5, n)
    if seed % 2:
        y = 1 + 0.03 * x**3 + rng.normal(0, 0.05, n)
    order = np.argsort(x)
    for mapping in ("first order", "third order"):
        found = mapped(x, y, mapping)
        assert (np.diff(found[order]) >= -1e-9).all()
        assert np.mean((found - y) ** 2) <= np.var(y) + 1e-9
    cubic = np.polynomial.Polynomial.fit(x, y, 3)
    if (cubic.deriv()(np.linspace(x.min(), x.max(), 1001)) > 1e-6).all():
        assert mapped(x, y, "third order") == pytest.approx(cubic(x), abs=1e-9)
    if np.polyfit(x, y, 1)[0] > 0:
        assert mapped(x, y, "first order") == pytest.approx(np.polyval(np.polyfit(x, y, 1), x))
    assert mapped(np.full(n, 3.0), y, "third order") == pytest.approx(np.full(n, y.mean()))


@given(
    a=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    b=st.lists(st.integers(0, 6), min_size=1, max_size=30),
)
def test_the_area_is_that_of_scikit_learn(a, b) -> None:
    labels = [1] * len(a) + [0] * len(b)
    found = auc(np.array(a, dtype=float), np.array(b, dtype=float))
    assert found == pytest.approx(roc_auc_score(labels, a + b))
    assert found + auc(np.array(b, dtype=float), np.array(a, dtype=float)) == pytest.approx(1.0)


@given(seed=st.integers(0, 10_000), n=st.integers(4, 25))
def test_pairs_are_those_of_the_definition(seed, n) -> None:
    """Against a loop over both orders of every pair."""
    rng = np.random.default_rng(seed)
    y, std = rng.uniform(1, 5, n), rng.uniform(0.3, 1.2, n)
    x, votes = y + rng.normal(0, 0.7, n), rng.integers(2, 30, n).astype(float)
    moved, different, better = [], [], []
    for i in range(n):
        for j in range(n):
            if i != j:
                z = (y[i] - y[j]) / np.sqrt(std[i] ** 2 / votes[i] + std[j] ** 2 / votes[j])
                moved.append(x[i] - x[j])
                different.append(abs(z) > 1.959963984540054)
                better.append(z > 0)
    moved, different, better = np.array(moved), np.array(different), np.array(better)
    found = krasula_figures(x, y, std, votes)
    assert 2 * found.n_different == different.sum()
    assert 2 * found.n_similar == (~different).sum()
    if different.any() and not different.all():
        expected = roc_auc_score(different, np.abs(moved))
        assert found.different_similar == pytest.approx(expected, abs=1e-6)
    if different.any():
        expected = roc_auc_score(better[different], moved[different])
        assert found.better_worse == pytest.approx(expected, abs=1e-6)
    shifted = krasula_figures(3 * x + 7, y, std, votes)
    assert shifted.better_worse == pytest.approx(found.better_worse, abs=1e-6, nan_ok=True) or (
        found.better_worse is None
    )


def test_an_interval_alone_tells_the_noise_of_a_rating() -> None:
    """And goes before deviation and number where both are there."""
    rng = np.random.default_rng(4)
    mos = rng.uniform(1, 5, 60)
    x, groups = mos + rng.normal(0, 0.4, 60), tuple(f"g{at}" for at in range(60))
    std, votes, unknown = np.full(60, 0.8), np.full(60, 25.0), np.full(60, np.nan)
    width = ci95(std, votes)
    plain = p1401_figures(x, mos, std, votes, groups)
    assert plain == p1401_figures(x, mos, unknown, unknown, groups, mos_ci95=width)
    assert plain == p1401_figures(x, mos, 3 * std, votes, groups, mos_ci95=width)
    assert plain == p1401_figures(x, mos, std, votes, groups, mos_ci95=unknown)
    normal = 1.959963984540054 * 0.8 / 5
    areas = krasula_figures(x, mos, std, votes)
    assert areas.n == 60 and areas.better_worse is not None
    assert areas == krasula_figures(x, mos, unknown, unknown, np.full(60, normal))
    assert areas == krasula_figures(x, mos, 3 * std, votes, np.full(60, normal))
