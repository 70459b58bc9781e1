"""The figures that a head is judged by, and what sampling alone does to them.

Every statistic comes from SciPy. A figure that does not exist (constant predictions, fewer than
three clips, a value that is not finite) is NaN, never a number and never a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.records import FloatArray, FoldScore, OutOfFold, SeedScore, TrainingTable

_LEAST_ROWS = 3
"""Two points always correlate perfectly, so a correlation needs three."""
_LEAST_VARIATION = 1e-12
"""Relative; what varies less is rounding noise around a constant."""


def plcc(predicted: FloatArray, mos: FloatArray) -> float:
    """Pearson's linear correlation of two [n] arrays."""
    if not _correlates(predicted, mos):
        return math.nan
    from scipy import stats

    return float(stats.pearsonr(predicted, mos).statistic)


def srocc(predicted: FloatArray, mos: FloatArray) -> float:
    """Spearman's rank-order correlation of two [n] arrays; ties get their average rank."""
    if not _correlates(predicted, mos):
        return math.nan
    from scipy import stats

    return float(stats.spearmanr(predicted, mos).statistic)


def rmse(predicted: FloatArray, mos: FloatArray) -> float:
    """Root of the mean squared difference of two [n] arrays, in MOS units."""
    if len(mos) == 0 or not _finite(predicted, mos):
        return math.nan
    from scipy import stats

    return float(stats.pmean(np.abs(predicted - mos), 2))


def logistic4(x: FloatArray, top: float, bottom: float, middle: float, width: float) -> FloatArray:
    """VQEG's monotone map: from `bottom` to `top`, half-way at `middle`, steeper the smaller width.

    Source: VQEG, Final report on the validation of objective models, phase II (2003), and
    ITU-T P.1401.
    """
    from scipy.special import expit

    # The floor keeps a step function, which the fit may approach, from dividing by zero.
    mapped = bottom + (top - bottom) * expit((x - middle) / max(abs(width), 1e-9))
    return np.asarray(mapped, dtype=np.float64)


def plcc_after_logistic(predicted: FloatArray, mos: FloatArray) -> float:
    """PLCC after the four-parameter logistic that fits the predictions to the ratings best.

    NaN where a correlation does not exist or the fit does not converge.
    """
    if not _correlates(predicted, mos):
        return math.nan
    from scipy import optimize

    start = [
        float(np.max(mos)),
        float(np.min(mos)),
        float(np.mean(predicted)),
        float(np.std(predicted)),
    ]
    fit = optimize.least_squares(lambda p: logistic4(predicted, *p) - mos, start, max_nfev=2000)
    return plcc(logistic4(predicted, *fit.x), mos) if fit.success else math.nan


def standard_error_of_r(r: float, n: float) -> float:
    """Sampling standard error of a correlation r over n clips, (1 - r^2)/sqrt(n - 3)."""
    return (1.0 - r * r) / math.sqrt(n - 3.0) if n > 3.0 else math.nan


def expected_fold_spread(r: float, n: float, folds: int) -> float:
    """Mean of (largest - smallest PLCC) over folds of n clips that differ by sampling alone.

    The mean range of k normal draws is the integral of 1 - F^k - (1 - F)^k, Tippett (1925).
    """
    error = standard_error_of_r(r, n)
    if folds < 2 or not math.isfinite(error):
        return math.nan
    from scipy import integrate
    from scipy.special import ndtr

    def outside(x: float) -> float:
        below = float(ndtr(x))
        return float(1.0 - below**folds - (1.0 - below) ** folds)

    mean_range, _ = integrate.quad(outside, -10.0, 10.0, limit=200)
    return float(mean_range) * error


def chance_of_fold_spread(limit: float, r: float, n: float, folds: int) -> float:
    """Probability that folds which differ by sampling alone spread by no more than `limit`."""
    error = standard_error_of_r(r, n)
    if folds < 2 or not math.isfinite(error) or error == 0.0:
        return math.nan
    from scipy import stats

    return float(stats.studentized_range.cdf(limit / error, folds, np.inf))


def fold_scores(table: TrainingTable, oof: OutOfFold) -> tuple[FoldScore, ...]:
    """Figures of every seed on every fold, ordered by seed as given, then by fold.

    Rows outside the folds (fold -1) take no part. Raises ValueError where table and predictions
    do not fit together.
    """
    n = len(table.clip_ids)
    if oof.predictions.shape != (len(oof.seeds), n):
        raise ValueError(
            f"predictions are [seeds, rows]: expected {(len(oof.seeds), n)}, "
            f"got {oof.predictions.shape}"
        )
    if len(set(oof.seeds)) != len(oof.seeds):
        raise ValueError(f"seeds are distinct, but got {oof.seeds}")
    inside = table.folds >= 0
    scores: list[FoldScore] = []
    for seed, predicted in zip(oof.seeds, oof.predictions, strict=True):
        for fold in np.unique(table.folds[inside]):
            rows = table.folds == fold
            x, y = predicted[rows], table.mos[rows]
            scores.append(
                FoldScore(
                    seed=int(seed),
                    fold=int(fold),
                    n_train=int(np.count_nonzero(inside & ~rows)),
                    n_val=int(np.count_nonzero(rows)),
                    plcc=plcc(x, y),
                    srocc=srocc(x, y),
                    rmse=rmse(x, y),
                )
            )
    return tuple(scores)


def finite_or_none(figure: float) -> float | None:
    """The figure, or None where it does not exist: JSON and NULL have no NaN."""
    return figure if math.isfinite(figure) else None


def mean(figures: Sequence[float]) -> float:
    """The correctly rounded mean; NaN where a figure is not finite, or their sum is not."""
    if not all(math.isfinite(figure) for figure in figures):
        return math.nan
    try:
        return math.fsum(figures) / len(figures)
    except OverflowError:
        return math.nan


def seed_scores(folds: Sequence[FoldScore]) -> tuple[SeedScore, ...]:
    """Means over the folds of each seed, in order of appearance; NaN where one fold has NaN."""
    seeds = list(dict.fromkeys(row.seed for row in folds))
    scores: list[SeedScore] = []
    for seed in seeds:
        mine = [row for row in folds if row.seed == seed]
        scores.append(
            SeedScore(
                seed=seed,
                mean_plcc=mean([row.plcc for row in mine]),
                mean_srocc=mean([row.srocc for row in mine]),
                mean_rmse=mean([row.rmse for row in mine]),
            )
        )
    return tuple(scores)


def _finite(predicted: FloatArray, mos: FloatArray) -> bool:
    return bool(np.isfinite(predicted).all() and np.isfinite(mos).all())


def _correlates(predicted: FloatArray, mos: FloatArray) -> bool:
    if len(mos) < _LEAST_ROWS or not _finite(predicted, mos):
        return False
    return all(
        float(np.ptp(x)) > _LEAST_VARIATION * float(np.max(np.abs(x))) for x in (predicted, mos)
    )
