"""The figures that a head is judged by, and what sampling alone does to them.

Every statistic comes from SciPy, correlations through their one door (`correlation.py`). A figure
that does not exist (constant predictions, fewer than three clips, a value that is not finite) is
NaN, never a number and never a warning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mos_assets.correlation import pearson, spearman, why_none
from mos_assets.evaluation.weighted import (
    Weighted,
    weighted_plcc,
    weighted_rmse,
    weighted_srocc,
)
from mos_assets.records import FloatArray


def plcc(predicted: FloatArray, mos: FloatArray) -> float:
    """Pearson's linear correlation of two [n] arrays."""
    return pearson(predicted, mos).or_nan


def srocc(predicted: FloatArray, mos: FloatArray) -> float:
    """Spearman's rank-order correlation of two [n] arrays; ties get their average rank."""
    return spearman(predicted, mos).or_nan


def rmse(predicted: FloatArray, mos: FloatArray) -> float:
    """Root of the mean squared difference of two [n] arrays, in MOS units."""
    if len(mos) == 0 or not _finite(predicted, mos):
        return math.nan
    from scipy import stats

    return float(stats.pmean(np.abs(predicted - mos), 2))


Scale = Literal["plain", "correlation", "positive"]
"""On which scale the jackknife takes a figure for normal: as it is, Fisher's z, or its log."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of one predictor on clips that are judged together."""

    name: str
    """Its key in reports and manifests."""
    label: str
    """What people call it."""
    compute: Callable[[FloatArray, FloatArray], float]
    """Predictions [n], ratings [n] → the figure; NaN where it does not exist."""
    scale: Scale = "plain"
    weighted: Weighted | None = None
    """The same on clips that count more or less than once; None: by repeating them, which is
    slower."""


PLCC = Metric("plcc", "PLCC", plcc, scale="correlation", weighted=weighted_plcc)
SROCC = Metric("srocc", "SROCC", srocc, scale="correlation", weighted=weighted_srocc)
RMSE = Metric("rmse", "RMSE", rmse, scale="positive", weighted=weighted_rmse)


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
    if why_none(predicted, mos) is not None:
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


def finite_or_none(figure: float) -> float | None:
    """The figure, or None where it does not exist: JSON and NULL have no NaN."""
    return figure if math.isfinite(figure) else None


def rounded(figure: float | None) -> float | None:
    """A reported figure: six places, so that it does not depend on the processor; NaN is None."""
    return None if figure is None or not math.isfinite(figure) else round(float(figure), 6)


def mean(figures: Sequence[float | None]) -> float | None:
    """The correctly rounded mean; None where a figure does not exist, or their sum does not."""
    present = [figure for figure in figures if figure is not None and math.isfinite(figure)]
    if not present or len(present) < len(figures):
        return None
    try:
        return math.fsum(present) / len(present)
    except OverflowError:
        return None


def _finite(predicted: FloatArray, mos: FloatArray) -> bool:
    return bool(np.isfinite(predicted).all() and np.isfinite(mos).all())
