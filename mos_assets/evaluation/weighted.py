"""Figures on clips that count more or less than once.

Weights [replicates, n] are the numbers of times that each clip was drawn, or 0 where it was left
out, so that ranks follow from running sums and nothing is sorted twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mos_assets.correlation import pearson_of_moments
from mos_assets.records import FloatArray

Weighted = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Weights [replicates, n], predictions [predictors, n], ratings [n] → [replicates, predictors]."""


def weighted_plcc(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """PLCC, [replicates, predictors], of predictions x [predictors, n] with ratings y [n].

    A figure that does not exist under its weights is NaN, here and below.
    """
    figures = np.empty((len(weights), len(x)))
    share = _shares(weights)
    # Centring first keeps the sums of squares from cancelling.
    centred_y = y - y.mean()
    for p, row in enumerate(x):
        centred = row - row.mean()
        figures[:, p] = pearson_of_moments(
            share @ centred,
            share @ centred_y,
            share @ (centred * centred),
            share @ (centred_y * centred_y),
            share @ (centred * centred_y),
        )
    return figures


def weighted_srocc(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """SROCC, [replicates, predictors]; ties get their average rank."""
    figures = np.empty((len(weights), len(x)))
    share = _shares(weights)
    middle = (weights.sum(axis=1)[:, None] + 1) / 2.0
    rank_y = weighted_ranks(weights, y) - middle
    none = np.zeros(len(weights))
    for p, row in enumerate(x):
        rank = weighted_ranks(weights, row) - middle
        weighted = share * rank
        figures[:, p] = pearson_of_moments(
            none,
            none,
            np.einsum("bn,bn->b", weighted, rank),
            np.einsum("bn,bn,bn->b", share, rank_y, rank_y),
            np.einsum("bn,bn->b", weighted, rank_y),
        )
    return figures


def weighted_rmse(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """RMSE, [replicates, predictors]."""
    figures = np.empty((len(weights), len(x)))
    share = _shares(weights)
    for p, row in enumerate(x):
        figures[:, p] = np.sqrt(share @ ((row - y) ** 2))
    return figures


def by_repeating(figure: Callable[[FloatArray, FloatArray], float]) -> Weighted:
    """The weighted form of any figure: each clip as often as its weight says, at its own price."""

    def weighted(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
        # Seeds that predict alike, as closed forms do, are computed once.
        distinct, back = np.unique(x, axis=0, return_inverse=True)
        found = np.empty((len(weights), len(distinct)))
        for b, counts in enumerate(weights.astype(np.int64)):
            drawn = np.repeat(np.arange(len(y)), counts)
            found[b] = [figure(row[drawn], y[drawn]) for row in distinct]
        return found[:, back.reshape(-1)]

    return weighted


def _shares(weights: FloatArray) -> FloatArray:
    size = weights.sum(axis=1)
    shares: FloatArray = weights / np.where(size > 0, size, np.nan)[:, None]
    return shares


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
