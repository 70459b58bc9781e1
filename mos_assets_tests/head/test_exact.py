"""The arithmetic under training: right, and free of every order of summation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.head.exact import (
    HIDDEN_BITS,
    HIDDEN_LIMIT,
    INPUT_BITS,
    SLOPE_BITS,
    WEIGHT_BITS,
    WEIGHT_LIMIT,
    exp,
    gram,
    grid_gram,
    product,
    sigmoid,
    to_grid,
)
from mos_assets.head.standardise import SOFT_LIMIT


@given(st.floats(-100, 100), st.integers(10, 30))
def test_grid_is_the_nearest_multiple(value: float, bits: int) -> None:
    (rounded,) = to_grid(np.array([value]), bits)
    scaled = Fraction(float(rounded)) * 2**bits
    assert scaled.denominator == 1
    assert abs(Fraction(float(rounded)) - Fraction(value)) <= Fraction(1, 2 ** (bits + 1))


@given(st.floats(-40, 40))
def test_exp_is_that_of_the_mathematical_library(value: float) -> None:
    assert exp(np.array([value]))[0] == pytest.approx(math.exp(value), rel=5e-16)


def test_sigmoid_saturates_without_overflow() -> None:
    values = sigmoid(np.array([-1e300, -40.0, 0.0, 40.0, 1e300]))
    assert values[2] == 0.5
    assert (np.diff(values) >= 0).all()
    assert 0 < values[0] < 1e-17
    assert values[-1] == 1.0


@pytest.mark.parametrize(
    ("terms", "left", "left_bits", "right", "right_bits"),
    [
        (2048, SOFT_LIMIT, INPUT_BITS, WEIGHT_LIMIT, WEIGHT_BITS),
        (1024, SOFT_LIMIT, INPUT_BITS, 8 * 1.2, SLOPE_BITS),
        (64, HIDDEN_LIMIT, HIDDEN_BITS, WEIGHT_LIMIT, WEIGHT_BITS),
        (1024, HIDDEN_LIMIT, HIDDEN_BITS, 0.6, SLOPE_BITS),
    ],
    ids=["inputs·weights", "inputs·slopes", "hidden·weights", "hidden·slopes"],
)
def test_products_are_exact_at_the_bounds_of_their_grids(
    terms: int, left: float, left_bits: int, right: float, right_bits: int
) -> None:
    """Every operand near its bound and of one sign: the worst sum still has no rounding.

    A sum without rounding is the same for every BLAS kernel, thread count and order.
    """
    rng = np.random.default_rng(1)
    first = to_grid(left * rng.uniform(0.99, 1.0, terms), left_bits)
    second = to_grid(right * rng.uniform(0.99, 1.0, terms), right_bits)
    exact = sum(
        (Fraction(float(a)) * Fraction(float(b)) for a, b in zip(first, second, strict=True)),
        Fraction(0),
    )
    assert Fraction(float(first @ second)) == exact
    order = rng.permutation(terms)
    assert first[order] @ second[order] == first @ second


@pytest.mark.parametrize("terms", [1, 31, 4096, 9000])
def test_product_is_right_and_free_of_order(terms: int) -> None:
    """Numbers of twenty magnitudes: nearly what float64 gives, and the same for any kernel.

    Another order of the terms is another order of summation; only pieces longer than one sum are
    added in the order given.
    """
    rng = np.random.default_rng(3)
    a = rng.standard_normal((7, terms)) * 10.0 ** rng.integers(-10, 10, (7, 1))
    b = rng.standard_normal((terms, 3)) * 10.0 ** rng.integers(-10, 10, (1, 3))
    found = product(a, b)
    bound = terms * np.abs(a).max(axis=1)[:, None] * np.abs(b).max(axis=0)
    assert (np.abs(found - a @ b) <= bound * 2.0**-39).all()
    if terms <= 4096:
        order = rng.permutation(terms)
        assert np.array_equal(product(a[:, order], b[order]), found)


def test_products_of_nothing_are_zero() -> None:
    assert np.array_equal(product(np.empty((2, 0)), np.empty((0, 3))), np.zeros((2, 3)))
    assert np.array_equal(product(np.zeros((2, 4)), np.ones((4, 1))), np.zeros((2, 1)))


def test_gram_matrices_are_products() -> None:
    rng = np.random.default_rng(4)
    a = rng.standard_normal((40, 30))
    assert np.allclose(gram(a), a @ a.T, rtol=0, atol=1e-10)
    assert np.array_equal(gram(a), gram(a).T)
    values = to_grid(rng.uniform(0, 1, (5000, 6)), 20)
    order = rng.permutation(4096)
    exact = grid_gram(values[:4096])
    assert np.array_equal(grid_gram(values[:4096][order]), exact)
    assert np.allclose(grid_gram(values), values.T @ values, rtol=1e-14)
