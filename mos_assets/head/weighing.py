"""How much each training row counts, by the precision of its rating."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.head.exact import to_grid
from mos_assets.head.experts.base import within
from mos_assets.head.experts.ridge import RidgeSolver
from mos_assets.head.shared_predictor import ALPHAS
from mos_assets.head.tuning import inner_splits
from mos_assets.ratings import precision_weights
from mos_assets.records import FloatArray

_WEIGHT_BITS = 20
_LEAST_REST = 0.1
"""MOS units; a straight line that left less beside the noise of votes would have guessed it."""


def known_precision(std: FloatArray, n: FloatArray) -> int:
    """Rows whose deviation is known, with at least two ratings."""
    return int(np.count_nonzero(np.isfinite(std) & (n > 1)))


def row_weights(
    inputs: FloatArray,
    mos: FloatArray,
    std: FloatArray,
    n: FloatArray,
    groups: Sequence[str],
    stream: tuple[int, ...],
) -> FloatArray | None:
    """Weights [n] of mean 1 for the squared errors of training rows; None where none is known.

    inputs: [n, C] plain inputs; std, n: deviation and number of each row's ratings, NaN where
    unknown; stream: seeds the inner folds. 1 / (noise of the rating + rest): the rest is what ridge
    leaves of contents that it has not seen, beside the noise of their ratings.
    """
    if not known_precision(std, n):
        return None
    weights = precision_weights(std, n, _rest(inputs, mos, std**2 / n, groups, stream))
    return to_grid(weights, _WEIGHT_BITS)


def _rest(
    inputs: FloatArray,
    mos: FloatArray,
    noise: FloatArray,
    groups: Sequence[str],
    stream: tuple[int, ...],
) -> float:
    """Spread of the residuals of the best ridge beside the noise of votes, MOS units."""
    left: list[list[float]] = [[] for _ in ALPHAS]
    for fit, judged in inner_splits(groups, np.random.default_rng(stream)):
        known = judged[np.isfinite(noise[judged])]
        solver = RidgeSolver(inputs[fit], mos[fit])
        for at, alpha in enumerate(ALPHAS):
            off = within(solver.solve(alpha).predict(inputs[known])) - mos[known]
            left[at] += (off**2 - noise[known]).tolist()
    rest = min(math.fsum(each) / len(each) if each else 0.0 for each in left)
    return math.sqrt(max(rest, _LEAST_REST**2))
