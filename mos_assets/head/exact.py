"""Arithmetic whose result does not depend on threads, vector units or the order of a sum.

Operands of matrix products are rounded to fixed binary grids that are coarse enough for every
product and every partial sum to fit the 53 bits of a float64: then addition is exact, hence
associative, and any BLAS kernel returns the same bits. `product` cuts operands that are on no grid
into two that are (Ozaki et al., Numerical Algorithms 59, 2012). All else uses only operations that
IEEE 754 rounds correctly (+, -, ·, /, square root, comparison); `exp` is built from them here,
because libraries differ in its last bit.
"""

from __future__ import annotations

import math

import numpy as np

from mos_assets.records import FloatArray, IntArray

INPUT_BITS = 14
"""Binary places of standardised features, |x| <= 8: 17 bits and a sign."""
WEIGHT_BITS = 20
"""Binary places of weights, |w| <= 8: 23 bits and a sign."""
HIDDEN_BITS = 14
"""Binary places of hidden activations: 21 bits and a sign."""
HIDDEN_LIMIT = 127.0
"""Hidden activations end here."""
SLOPE_BITS = 20
"""Binary places of slopes: 0.6 at the output, 8·1.2 at a hidden unit: 24 bits and a sign."""
WEIGHT_LIMIT = 8.0
"""Weights are held within this bound."""

_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_EXP_LIMIT = 40.0
_EXP_TERMS = tuple(1.0 / math.factorial(k) for k in range(13, -1, -1))


def to_grid(values: FloatArray, bits: int, out: FloatArray | None = None) -> FloatArray:
    """Round to the nearest multiple of 2**-bits, half to even; |values| < 2**(51 - bits)."""
    shift = 1.5 * 2.0 ** (52 - bits)
    rounded: FloatArray = np.add(values, shift, out=out)
    np.subtract(rounded, shift, out=rounded)
    return rounded


def exp(values: FloatArray) -> FloatArray:
    """e**values for |values| <= 40 (clipped there), within 2 units in the last place."""
    clipped = np.clip(values, -_EXP_LIMIT, _EXP_LIMIT)
    powers = np.rint(clipped * (1.0 / math.log(2.0)))
    rest = (clipped - powers * _LN2_HIGH) - powers * _LN2_LOW
    total = np.full_like(rest, _EXP_TERMS[0])
    for term in _EXP_TERMS[1:]:
        total *= rest
        total += term
    scaled: FloatArray = np.ldexp(total, powers.astype(np.int32))
    return scaled


def sigmoid(values: FloatArray) -> FloatArray:
    """1/(1 + e**-values), the same bits everywhere."""
    result: FloatArray = 1.0 / (1.0 + exp(-values))
    return result


_LONGEST_SUM = 4096
"""Terms that one product adds up; longer sums are added piece by piece, in order."""


def product(a: FloatArray, b: FloatArray) -> FloatArray:
    """a [n, k] · b [k, m], the same bits everywhere.

    Every entry is within k·2**-40 of the largest of its row of `a` times the largest of its column
    of `b`; exact where both are on grids of 20 bits.
    """
    terms = a.shape[1]
    total: FloatArray = np.zeros((a.shape[0], b.shape[1]))
    for start in range(0, terms, _LONGEST_SUM):
        stop = min(terms, start + _LONGEST_SUM)
        total += _short_product(a[:, start:stop], b[start:stop])
    return total


def gram(a: FloatArray) -> FloatArray:
    """a [n, k] · aᵀ, as `product` with half the work; k at most `_LONGEST_SUM`."""
    high, low = _split(a, _digits(a.shape[1]), axis=1)
    cross = low @ high.T
    total: FloatArray = high @ high.T + (cross + cross.T)
    return total


def grid_gram(a: FloatArray) -> FloatArray:
    """aᵀ · a [k, k] of values [n, k], |value| <= 1, on a grid of 20 bits: exact."""
    total: FloatArray = np.zeros((a.shape[1], a.shape[1]))
    for start in range(0, len(a), _LONGEST_SUM):
        piece = a[start : start + _LONGEST_SUM]
        total += piece.T @ piece
    return total


def _short_product(a: FloatArray, b: FloatArray) -> FloatArray:
    bits = _digits(a.shape[1])
    a_high, a_low = _split(a, bits, axis=1)
    b_high, b_low = _split(b, bits, axis=0)
    total: FloatArray = a_high @ b_high
    if a_low.any():
        total += a_low @ b_high
    if b_low.any():
        total += a_high @ b_low
    return total


def _digits(terms: int) -> int:
    """Binary digits of both operands with which a sum of so many products is exact."""
    return (53 - (terms - 1).bit_length()) // 2


def _split(values: FloatArray, bits: int, axis: int) -> tuple[FloatArray, FloatArray]:
    """Two arrays of `bits` binary digits each whose sum is `values` but for what lies below."""
    _, exponent = np.frexp(np.abs(values).max(axis=axis, keepdims=True, initial=0.0))
    high = _on_grid(values, exponent - bits)
    return high, _on_grid(values - high, exponent - 2 * bits)


def _on_grid(values: FloatArray, exponent: IntArray) -> FloatArray:
    """Round to the nearest multiple of 2**exponent, which is one number a row or column."""
    shift = np.ldexp(1.5, exponent + 52)
    rounded: FloatArray = (values + shift) - shift
    return rounded
