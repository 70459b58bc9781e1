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
from mos_assets.head.model import within
from mos_assets.head.network import Network
from mos_assets.head.solve import solve_positive
from mos_assets.head.tuning import EXPERTS, NETWORK, Tuned
from mos_assets.records import FloatArray

_ALIKE, _FEW_CONTENTS = 0.003, 10.0
"""Shares are drawn towards the linear expert alone by _ALIKE, since where experts are alike the
simplest serves best, and towards the network alone by (_FEW_CONTENTS / groups)², since from few
contents little can be learnt of whom to trust. Both in units of the best expert's error."""
_LEAST_WEIGHT = 0.02
"""A smaller share is dropped, and the expert with it."""


def blend_weights(tuned: Tuned, networks: Sequence[Network]) -> dict[str, float]:
    """Share of each expert, by name; only those that count."""
    if not networks:
        return {NETWORK: 1.0}
    predictions = tuned.predictions.copy()
    for network, (place, scores) in zip(networks, tuned.judged, strict=True):
        predictions[-1, place] = within(network.mos(scores))
    drawn = np.zeros(len(EXPERTS))
    drawn[0], drawn[-1] = _ALIKE, (_FEW_CONTENTS / tuned.groups) ** 2
    weights = convex_weights(predictions - tuned.mos, drawn)
    weights[weights < _LEAST_WEIGHT] = 0.0
    weights /= math.fsum(weights)
    return {name: float(w) for name, w in zip(EXPERTS, weights, strict=True) if w > 0}


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
