"""How far each rater agrees with the others, and who goes against the panel."""

from __future__ import annotations

import numpy as np

from mos_assets.ratings.estimators.base import Fit
from mos_assets.ratings.panel import Panel
from mos_assets.records import BoolArray, FloatArray

FALSE_ALARMS = 0.01
"""Of panels of honest raters in which one is named, at most."""
NEAR_ZERO = 0.5
"""Agreement below this part of the panel's median is no agreement."""
LEAST_AGREEMENT = 0.2
"""Of the median rater; a panel that agrees less has nothing to go against."""
LEAST_VOTES = 5
"""A rater with fewer is never named; Fisher's z needs four."""


def agreements(panel: Panel, fit: Fit) -> FloatArray:
    """(I,) Pearson's correlation of a rater's votes with the weighted mean of the others' votes.

    The others' votes are without their biases and weigh what the estimator says. Over clips that
    somebody else voted on; NaN for fewer than three such clips, for a rater who always voted the
    same, and where the others' means do not differ. Every vote names its rater.
    """
    votes, means = _beside_the_others(panel, fit)
    r, _, _ = _correlations(panel, votes, means)
    return r


def against(panel: Panel, fit: Fit) -> BoolArray:
    """(I,) whether a rater goes against the panel.

    Named is one whose agreement lies below NEAR_ZERO of the panel's median agreement with
    confidence: the upper bound of his correlation (Fisher's z; one-sided, FALSE_ALARMS shared out
    over the raters) is below that. So a rater who used the scale upside down is named, and one
    who voted at random or always the same (correlation 0) where he voted often enough. Nobody is
    named in a panel whose median agreement is below LEAST_AGREEMENT, where clips hardly differ.
    """
    from scipy import stats

    votes, means = _beside_the_others(panel, fit)
    r, count, constant = _correlations(panel, votes, means)
    some = r[np.isfinite(r)]
    median = float(np.median(some)) if len(some) else 0.0
    if median < LEAST_AGREEMENT:
        return np.zeros(len(r), dtype=np.bool_)
    judged = (count >= LEAST_VOTES) & (np.isfinite(r) | constant)
    bound = stats.norm.isf(FALSE_ALARMS / max(1, int(np.count_nonzero(judged))))
    z = np.arctanh(np.clip(np.where(constant, 0.0, np.nan_to_num(r)), -1 + 1e-12, 1 - 1e-12))
    upper = np.tanh(z + bound / np.sqrt(np.maximum(count, LEAST_VOTES) - 3))
    found: BoolArray = judged & (upper < NEAR_ZERO * median)
    return found


def _beside_the_others(panel: Panel, fit: Fit) -> tuple[FloatArray, FloatArray]:
    """(n,) votes, and the weighted mean of the others on the same clip; NaN where nobody else."""
    weight = fit.weight[panel.rater]
    votes = panel.vote - np.nan_to_num(fit.bias)[panel.rater]
    # A rater's repeated votes on a clip are all his own; rows are sorted by clip and rater.
    new = np.append(True, (np.diff(panel.clip) != 0) | (np.diff(panel.rater) != 0))
    own, starts = np.cumsum(new) - 1, np.flatnonzero(new)

    def others(values: FloatArray) -> FloatArray:
        rest: FloatArray = panel.by_clip(values)[panel.clip] - np.add.reduceat(values, starts)[own]
        return rest

    shared = others(np.where(weight > 0, 1.0, 0.0)) > 0
    means = others(weight * votes) / np.where(shared, others(weight), np.nan)
    return panel.vote, means


def _correlations(
    panel: Panel, votes: FloatArray, means: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """(I,) correlation, clips it is over, and whether the votes alone are constant."""
    use = np.isfinite(means)
    rater, size = panel.rater[use], len(panel.rater_ids)
    x, y = votes[use], means[use]

    def sums(values: FloatArray) -> FloatArray:
        return np.bincount(rater, values, minlength=size)

    count = np.bincount(rater, minlength=size).astype(np.float64)
    some = np.where(count > 0, count, 1.0)
    x, y = x - (sums(x) / some)[rater], y - (sums(y) / some)[rater]
    xx, yy, xy = sums(x * x), sums(y * y), sums(x * y)
    enough = count >= 3
    # What is left of equal values after rounding is no variation.
    x_varies, y_varies = xx > 1e-12 * some, yy > 1e-12 * some
    exists = enough & x_varies & y_varies
    r = np.where(exists, xy / np.sqrt(np.where(exists, xx * yy, 1.0)), np.nan)
    return np.clip(r, -1.0, 1.0), count, enough & ~x_varies & y_varies
