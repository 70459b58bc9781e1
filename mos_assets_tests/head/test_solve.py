"""Positive definite systems, solved as LAPACK solves them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
