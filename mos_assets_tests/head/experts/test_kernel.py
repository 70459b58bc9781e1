"""The kernel is kernel ridge, and its inducing points are no clips."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge

from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts.kernel import (
    KernelSolver,
    draw_inducing_points,
    squared_distances,
)


def test_kernel_on_the_rows_themselves_is_kernel_ridge() -> None:
    """With an inducing point on every row the reduced form is the whole one."""
    rng = np.random.default_rng(3)
    inputs = to_grid(rng.standard_normal((60, 3)), INPUT_BITS)
    mos = rng.uniform(1, 5, 60)
    gamma, alpha = 0.5, 0.1
    reference = KernelRidge(alpha=alpha, kernel=RBF(np.sqrt(1 / (2 * gamma))))
    reference.fit(inputs, mos - mos.mean())
    found = KernelSolver(inputs, mos, inputs).solve(gamma, alpha)
    expected = reference.predict(inputs) + mos.mean()
    assert found.predict(inputs) == pytest.approx(expected, abs=1e-4)


def test_a_row_of_weight_two_counts_twice() -> None:
    rng = np.random.default_rng(9)
    inputs = to_grid(rng.standard_normal((40, 3)), INPUT_BITS)
    mos, times = rng.uniform(1, 5, 40), rng.integers(1, 4, 40)
    twice = KernelSolver(inputs.repeat(times, axis=0), mos.repeat(times), inputs[:20])
    found = KernelSolver(inputs, mos, inputs[:20], times.astype(float)).solve(0.3, 0.1)
    assert found.predict(inputs) == pytest.approx(twice.solve(0.3, 0.1).predict(inputs), abs=1e-4)


def test_distances_are_distances() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    expected = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    assert squared_distances(a, b) == pytest.approx(expected, abs=1e-10)


def test_inducing_points_look_like_the_rows_and_are_none_of_them() -> None:
    rng = np.random.default_rng(5)
    rows = to_grid(rng.standard_normal((500, 2)) @ [[1.0, 0.8], [0.0, 0.6]], INPUT_BITS)
    points = draw_inducing_points(rows, 2000, np.random.default_rng(6))
    assert np.cov(points.T) == pytest.approx(np.cov(rows.T), abs=0.1)
    assert points.mean(axis=0) == pytest.approx(rows.mean(axis=0), abs=0.1)
    assert squared_distances(points, rows).min() > 0


def test_only_mean_and_covariance_leave_with_the_inducing_points() -> None:
    """Other rows with the same mean and covariance give the same points, so that nobody who
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
    one, two = (draw_inducing_points(x, 200, np.random.default_rng(8)) for x in (rows, others))
    assert one == pytest.approx(two, abs=2.0**-13)


def test_columns_that_do_not_vary_stay_where_they_are() -> None:
    rows = np.column_stack([np.zeros(50), to_grid(np.linspace(-1, 1, 50), INPUT_BITS)])
    points = draw_inducing_points(rows, 20, np.random.default_rng(1))
    assert (points[:, 0] == 0).all()
    assert points[:, 1].std() > 0.3
