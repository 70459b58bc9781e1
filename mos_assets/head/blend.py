"""How much each expert counts: convex weights with the least squared error on inner folds.

Stacking (Wolpert, Neural Networks 5, 1992) with weights that are a mean (Breiman, Machine Learning
24, 1996).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from mos_assets.head.exact import product
from mos_assets.head.experts import Expert
from mos_assets.head.solve import solve_positive
from mos_assets.records import FloatArray

_ALIKE = 0.003
"""Shares are drawn towards the first expert, the simplest, by so much of the best expert's error:
where experts are alike the simplest serves best."""
_LEAST_WEIGHT = 0.02
"""A smaller share is dropped, and the expert with it."""


def blend_weights(
    experts: Sequence[Expert],
    predictions: FloatArray,
    mos: FloatArray,
    contents: int,
    weights: FloatArray | None = None,
) -> dict[str, float]:
    """Share of each expert, by name; only those that count.

    predictions [experts, n] of the rows of inner folds, mos [n]; weights [n] of the squared
    errors, None where all rows count the same.
    """
    drawn = np.array([expert.pull(contents) for expert in experts])
    drawn[0] += _ALIKE
    errors = predictions - mos
    if weights is not None:
        errors *= np.sqrt(weights)
    shares = convex_weights(errors, drawn)
    shares[shares < _LEAST_WEIGHT] = 0.0
    shares /= math.fsum(shares)
    return {expert.name: float(w) for expert, w in zip(experts, shares, strict=True) if w > 0}


def unweighed(experts: Sequence[Expert]) -> dict[str, float]:
    """The blend where no inner folds can be cut: the expert that a single content draws to most."""
    return {max(experts, key=lambda expert: expert.pull(1)).name: 1.0}


def convex_weights(errors: FloatArray, drawn: FloatArray) -> FloatArray:
    """Weights [k] >= 0 of sum 1 with the least mean square of weights · errors [k, n].

    For every expert, drawn [k] · (least square of any expert) · |weights - this expert alone|² is
    added; one of them must be above 0. Every set of experts is solved for, which for five is
    quicker than any iteration and leaves no tolerance.
    """
    count, rows = errors.shape
    squares = product(errors, errors.T) / rows
    linear = drawn * max(float(np.min(np.diagonal(squares))), 1e-12)
    matrix = squares + math.fsum(linear) * np.eye(count)
    best: FloatArray = np.eye(count)[-1]
    least = np.inf
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            weights = _on_simplex(matrix, linear, list(chosen))
            quadratic = (weights[:, None] * matrix * weights).ravel().tolist()
            value = math.fsum([*quadratic, *(-2.0 * linear * weights).tolist()])
            if weights.min() >= 0 and value < least:
                best, least = weights, value
    return best


def _on_simplex(matrix: FloatArray, linear: FloatArray, chosen: list[int]) -> FloatArray:
    """Minimiser over weights of sum 1 that vanish outside `chosen`, of any sign."""
    part = matrix[np.ix_(chosen, chosen)]
    ones = np.ones(len(chosen))
    free, towards = solve_positive(part, linear[chosen]), solve_positive(part, ones)
    weights = np.zeros(len(matrix))
    weights[chosen] = free + towards * ((1.0 - math.fsum(free)) / math.fsum(towards))
    return weights
