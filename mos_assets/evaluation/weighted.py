"""The gate's figures on clips that count more or less than once.

Weights [replicates, n] are the numbers of times that each clip was drawn, or 0 where it was left
out, so that ranks follow from running sums and nothing is sorted twice.
"""

from __future__ import annotations

import numpy as np

from mos_assets.records import FloatArray


def weighted_figures(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """PLCC, SROCC and RMSE, [3, replicates, predictors], of predictions x [predictors, n].

    A figure that does not exist under its weights is NaN.
    """
    figures = np.empty((3, len(weights), len(x)))
    size = weights.sum(axis=1)
    share = weights / np.where(size > 0, size, np.nan)[:, None]
    # Centring first keeps the sums of squares from cancelling.
    centred_y = y - y.mean()
    middle = (size[:, None] + 1) / 2.0
    rank_y = weighted_ranks(weights, y) - middle
    for p, row in enumerate(x):
        centred = row - row.mean()
        figures[0, :, p] = _correlation(
            share @ centred,
            share @ centred_y,
            share @ (centred * centred),
            share @ (centred_y * centred_y),
            share @ (centred * centred_y),
        )
        rank = weighted_ranks(weights, row) - middle
        weighted = share * rank
        none = np.zeros(len(weights))
        figures[1, :, p] = _correlation(
            none,
            none,
            np.einsum("bn,bn->b", weighted, rank),
            np.einsum("bn,bn,bn->b", share, rank_y, rank_y),
            np.einsum("bn,bn->b", weighted, rank_y),
        )
        figures[2, :, p] = np.sqrt(share @ ((row - y) ** 2))
    return figures


def weighted_ranks(drawn: FloatArray, values: FloatArray) -> FloatArray:
    """Average rank, [resamples, n], that each value has where it occurs `drawn` times."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    tie = np.empty(len(values), dtype=np.int64)
    tie[order] = np.cumsum(first) - 1
    per_tie = drawn[:, order]
    if not first.all():
        per_tie = np.add.reduceat(per_tie, np.flatnonzero(first), axis=1)
    ranks = np.cumsum(per_tie, axis=1) - (per_tie - 1.0) / 2.0
    return np.asarray(ranks[:, tie], dtype=np.float64)


def _correlation(
    mean_x: FloatArray, mean_y: FloatArray, xx: FloatArray, yy: FloatArray, xy: FloatArray
) -> FloatArray:
    var_x, var_y = xx - mean_x * mean_x, yy - mean_y * mean_y
    # What is left of a constant after rounding is no variance.
    ok = (var_x > 1e-12 * xx) & (var_y > 1e-12 * yy)
    scale = np.sqrt(np.where(ok, var_x * var_y, 1.0))
    return np.where(ok, np.clip((xy - mean_x * mean_y) / scale, -1.0, 1.0), np.nan)
