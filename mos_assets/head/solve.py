"""Symmetric positive definite systems, solved with the same bits on every machine.

A blocked Cholesky factorisation: inside a block one elementwise operation at a time, between blocks
by the products of `exact`. LAPACK's own differs in the last bits between processors.
"""

from __future__ import annotations

import numpy as np

from mos_assets.head.exact import gram, product
from mos_assets.records import FloatArray

_BLOCK = 32


def solve_positive(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """x [n] of matrix [n, n] · x = right [n].

    Raises ArithmeticError where the matrix is not positive definite to about twelve digits: every
    caller adds a penalty that makes it so.
    """
    scale = np.sqrt(np.diagonal(matrix))
    if not (scale > 0).all():
        raise ArithmeticError("a positive definite matrix has a positive diagonal")
    factor = cholesky(matrix / scale[:, None] / scale[None, :])
    solution = right / scale
    _forward(factor, solution)
    _backward(factor, solution)
    return solution / scale


def cholesky(matrix: FloatArray) -> FloatArray:
    """Lower triangle L of L·Lᵀ = matrix, above it anything; the matrix is overwritten.

    Raises ArithmeticError where the matrix is not positive definite.
    """
    size = len(matrix)
    for start in range(0, size, _BLOCK):
        stop = min(size, start + _BLOCK)
        panel = matrix[start:, start:stop]
        for j in range(stop - start):
            pivot = panel[j, j]
            if not pivot > 0:
                raise ArithmeticError(
                    f"pivot {start + j} of {size} is {pivot}: not positive definite"
                )
            panel[j:, j] /= np.sqrt(pivot)
            column = panel[j + 1 :, j]
            panel[j + 1 :, j + 1 :] -= column[:, None] * column[None, : stop - start - j - 1]
        if stop < size:
            matrix[stop:, stop:] -= gram(matrix[stop:, start:stop])
    return matrix


def _forward(factor: FloatArray, x: FloatArray) -> None:
    """Solve L·y = x in place."""
    size = len(x)
    for start in range(0, size, _BLOCK):
        stop = min(size, start + _BLOCK)
        for j in range(start, stop):
            x[j] /= factor[j, j]
            x[j + 1 : stop] -= factor[j + 1 : stop, j] * x[j]
        x[stop:] -= product(factor[stop:, start:stop], x[start:stop, None])[:, 0]


def _backward(factor: FloatArray, x: FloatArray) -> None:
    """Solve Lᵀ·y = x in place."""
    size = len(x)
    for start in reversed(range(0, size, _BLOCK)):
        stop = min(size, start + _BLOCK)
        for j in reversed(range(start, stop)):
            x[j] /= factor[j, j]
            x[start:j] -= factor[j, start:j] * x[j]
        x[:start] -= product(factor[start:stop, :start].T, x[start:stop, None])[:, 0]
