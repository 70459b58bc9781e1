"""How far the gate's figures would move if other clips of the same kind had been rated.

Clips are drawn with replacement within each fold. A resample is kept as the number of times each
clip was drawn, so that ranks follow from running sums and nothing is sorted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.records import SEED, FloatArray, IntArray

LEVEL = 0.95
"""Confidence level of every interval."""
_MOST_RESAMPLES = 1000
_LEAST_RESAMPLES = 200
_CELLS = 12_000_000
"""Resamples times clips that one report may cost."""
_CHUNK = 1_000_000


@dataclass(frozen=True, eq=False)
class Resampled:
    """Figures of resampled clips, means over folds."""

    plcc: FloatArray
    """[resamples, predictors]; NaN where a resample has no figure."""
    srocc: FloatArray
    """[resamples, predictors]."""
    rmse: FloatArray
    """[resamples, predictors]."""


def resample(predictions: FloatArray, mos: FloatArray, folds: IntArray) -> Resampled:
    """Figures of `predictions` [predictors, n] against `mos` [n] under resampled clips.

    Rows of fold -1 are left out. 1,000 resamples up to 12,000 clips, down to 200 beyond; the
    draws depend on the fold and its size only.
    """
    inside = folds >= 0
    n = int(np.count_nonzero(inside))
    n_resamples = max(_LEAST_RESAMPLES, min(_MOST_RESAMPLES, _CELLS // max(n, 1)))
    total = np.zeros((3, n_resamples, len(predictions)))
    fold_ids = np.unique(folds[inside])
    for fold in fold_ids:
        rows = folds == fold
        x, y = predictions[:, rows], mos[rows]
        size = x.shape[1]
        rng = np.random.default_rng([SEED, int(fold)])
        step = max(1, _CHUNK // size)
        for start in range(0, n_resamples, step):
            stop = min(start + step, n_resamples)
            drawn = rng.multinomial(size, np.full(size, 1.0 / size), size=stop - start)
            total[:, start:stop] += _figures(drawn.astype(np.float64), x, y)
    plcc, srocc, rmse = total / max(len(fold_ids), 1)
    return Resampled(plcc=plcc, srocc=srocc, rmse=rmse)


def interval(draws: FloatArray) -> tuple[float, float] | None:
    """The central `LEVEL` of [resamples] draws; None where a resample has no figure."""
    if len(draws) == 0 or not np.isfinite(draws).all():
        return None
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return float(low), float(high)


def _figures(drawn: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """PLCC, SROCC and RMSE, [3, resamples, predictors], of counts [resamples, n]."""
    figures = np.empty((3, len(drawn), len(x)))
    size = len(y)
    # Centring first keeps the sums of squares from cancelling.
    centred_y = y - y.mean()
    rank_y = weighted_ranks(drawn, y) - (size + 1) / 2.0
    for p, row in enumerate(x):
        centred = row - row.mean()
        figures[0, :, p] = _correlation(
            drawn @ centred / size,
            drawn @ centred_y / size,
            drawn @ (centred * centred) / size,
            drawn @ (centred_y * centred_y) / size,
            drawn @ (centred * centred_y) / size,
        )
        rank = weighted_ranks(drawn, row) - (size + 1) / 2.0
        weighted = drawn * rank
        none = np.zeros(len(drawn))
        figures[1, :, p] = _correlation(
            none,
            none,
            np.einsum("bn,bn->b", weighted, rank) / size,
            np.einsum("bn,bn,bn->b", drawn, rank_y, rank_y) / size,
            np.einsum("bn,bn->b", weighted, rank_y) / size,
        )
        figures[2, :, p] = np.sqrt(drawn @ ((row - y) ** 2) / size)
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
