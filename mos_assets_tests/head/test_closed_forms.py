"""The experts in closed form: they solve what they say they solve, on every machine alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.kernel import KernelFit, draw_centres, squared_distances
from mos_assets.head.linear import LinearFit
from mos_assets.head.solve import solve_positive


@given(st.integers(1, 90), st.integers(0, 1000))
def test_solves_what_lapack_solves(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((size + 5, size)) * 10.0 ** rng.integers(-4, 4, size)
    matrix = root.T @ root
    right = matrix @ np.ones(size)
    assert solve_positive(matrix, right) == pytest.approx(np.ones(size), abs=1e-5)


def test_a_matrix_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ArithmeticError, match="positive"):
        solve_positive(np.array([[1.0, 2.0], [2.0, 1.0]]), np.ones(2))
    with pytest.raises(ArithmeticError, match="positive"):
        solve_positive(np.zeros((2, 2)), np.ones(2))


@pytest.mark.parametrize(("rows", "columns"), [(80, 6), (30, 120)], ids=["tall", "wide"])
def test_linear_is_ridge(rows: int, columns: int) -> None:
    rng = np.random.default_rng(2)
    scores = to_grid(rng.standard_normal((rows, columns)) + 0.3, INPUT_BITS)
    mos = rng.uniform(1, 5, rows)
    reference = Ridge(alpha=3.0).fit(scores, mos)
    found = LinearFit(scores, mos).fit(3.0)
    assert found.weight == pytest.approx(reference.coef_, abs=1e-9)
    assert found.mos(scores) == pytest.approx(reference.predict(scores), abs=1e-9)


def test_kernel_on_the_rows_themselves_is_kernel_ridge() -> None:
    """With a centre on every row the reduced form is the whole one."""
    rng = np.random.default_rng(3)
    scores = to_grid(rng.standard_normal((60, 3)), INPUT_BITS)
    mos = rng.uniform(1, 5, 60)
    rate, penalty = 0.5, 0.1
    reference = KernelRidge(alpha=penalty, kernel=RBF(np.sqrt(1 / (2 * rate))))
    reference.fit(scores, mos - mos.mean())
    found = KernelFit(scores, mos, scores).fit(rate, penalty)
    expected = reference.predict(scores) + mos.mean()
    assert found.mos(scores) == pytest.approx(expected, abs=1e-4)


def test_distances_are_distances() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    expected = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    assert squared_distances(a, b) == pytest.approx(expected, abs=1e-10)


def test_centres_look_like_the_rows_and_are_none_of_them() -> None:
    rng = np.random.default_rng(5)
    rows = to_grid(rng.standard_normal((500, 2)) @ [[1.0, 0.8], [0.0, 0.6]], INPUT_BITS)
    centres = draw_centres(rows, 2000, np.random.default_rng(6))
    assert np.cov(centres.T) == pytest.approx(np.cov(rows.T), abs=0.1)
    assert centres.mean(axis=0) == pytest.approx(rows.mean(axis=0), abs=0.1)
    assert squared_distances(centres, rows).min() > 0


def test_only_mean_and_covariance_leave_with_the_centres() -> None:
    """Other rows with the same mean and covariance give the same centres, so that nobody who
    knows the seed can tell which rows they were."""
    rng = np.random.default_rng(7)
    rows = to_grid(rng.standard_normal((60, 4)) @ rng.standard_normal((4, 4)), INPUT_BITS)
    centred = rows - rows.mean(axis=0)
    # A rotation of the rows that leaves their mean alone.
    basis = np.linalg.qr(np.column_stack([np.ones(60), rng.standard_normal((60, 59))]))[0][:, 1:]
    turn = np.linalg.qr(rng.standard_normal((59, 59)))[0]
    others = rows.mean(axis=0) + basis @ turn @ basis.T @ centred
    assert np.cov(others.T) == pytest.approx(np.cov(rows.T))
    assert np.abs(others - rows).max() > 1
    one, two = (draw_centres(x, 200, np.random.default_rng(8)) for x in (rows, others))
    assert one == pytest.approx(two, abs=2.0**-13)


def test_columns_that_do_not_vary_stay_where_they_are() -> None:
    rows = np.column_stack([np.zeros(50), to_grid(np.linspace(-1, 1, 50), INPUT_BITS)])
    centres = draw_centres(rows, 20, np.random.default_rng(1))
    assert (centres[:, 0] == 0).all()
    assert centres[:, 1].std() > 0.3
