"""The directions in which many columns vary most: what networks see of a wide table."""

from __future__ import annotations

import math

import numpy as np

from mos_assets.head.exact import product
from mos_assets.records import SEED, FloatArray

_ROWS = 4096
"""Rows that the directions are taken from, at most."""
_ROUNDS = 6
_DEPENDENT = 1e-7
"""A column of which so little of the longest is left, without those before it, depends on them."""


def principal_directions(inputs: FloatArray, count: int) -> FloatArray:
    """Orthonormal [C, count]: about the first principal components of inputs [n, C].

    Orthogonal iteration (Golub & Van Loan, Matrix Computations, 8.2.4) in exact products, so that
    the bits are the same everywhere. Where the inputs have fewer directions the rest are 0.
    """
    thinned = inputs[:: -(-len(inputs) // _ROWS)]
    rows = len(thinned)
    centred = thinned - product(np.ones((1, rows)), thinned) / rows
    start = np.random.default_rng(SEED).standard_normal((inputs.shape[1], count))
    found = _orthonormal(product(centred.T, product(centred, start)))
    for _ in range(_ROUNDS):
        found = _orthonormal(product(centred.T, product(centred, found)))
    return found


def _orthonormal(columns: FloatArray) -> FloatArray:
    """Columns [C, k] made orthonormal in their order by Gram and Schmidt, each twice; what depends
    on those before it is 0."""
    basis = np.zeros(columns.shape[::-1])
    longest = 0.0
    for at, column in enumerate(columns.T):
        for _ in range(2 if at else 0):
            along = product(basis[:at], column[:, None])
            column = column - product(along.T, basis[:at])[0]
        length = math.sqrt(math.fsum((column * column).tolist()))
        longest = max(longest, length)
        if length > _DEPENDENT * longest:
            basis[at] = column / length
    return np.ascontiguousarray(basis.T)
