"""How far each rater agrees with the others, and who goes against the panel."""

from __future__ import annotations

import numpy as np

from mos_assets.correlation import LEAST_ROWS, pearson_of_moments
from mos_assets.ratings.estimators.base import Fit
from mos_assets.ratings.panel import Panel, sums_by
from mos_assets.records import BoolArray, FloatArray

FALSE_ALARMS = 0.01
"""Of panels of honest raters in which one is named, at most."""
NEAR_ZERO = 0.5
"""Agreement below this part of the panel's median is no agreement."""
LEAST_AGREEMENT = 0.2
"""Of the median rater; a panel that agrees less has nothing to go against."""
LEAST_VOTES = 5
"""A rater with fewer is never named; Fisher's z needs four."""
ALIKE = 1.0
"""Votes that differ by at most this (MOS units) could be the same opinion with a bias."""


def judge(panel: Panel, fit: Fit) -> tuple[FloatArray, BoolArray]:
    """Agreement (I,), and whether a rater goes against the panel (I,).

    Every vote names its rater. Agreement is Pearson's correlation of a rater's votes with the
    weighted mean of the others' votes (without their biases, with the weights of the estimator),
    over clips that somebody else voted on. It is NaN for fewer than three such clips, for a rater
    who always voted the same, and where the others' means do not differ.

    Named is a rater whose agreement lies below NEAR_ZERO of the panel's median agreement with
    confidence: the upper bound of his correlation (Fisher's z; one-sided, FALSE_ALARMS shared out
    over the raters) is below that. So one who used the scale upside down is named, and one who
    voted at random where he voted often enough. Named is also one who always voted the same where
    that is no chance: the product, over his clips, of the share of others who voted ALIKE is below
    his part of FALSE_ALARMS. Nobody is named in a panel whose median agreement is below
    LEAST_AGREEMENT, where clips hardly differ.
    """
    r, count, constant = _correlations(panel, _means_of_others(panel, fit))
    some = r[np.isfinite(r)]
    median = float(np.median(some)) if len(some) else 0.0
    judged = (count >= LEAST_VOTES) & (np.isfinite(r) | constant)
    if median < LEAST_AGREEMENT or not judged.any():
        return r, np.zeros(len(r), dtype=np.bool_)
    level = FALSE_ALARMS / int(np.count_nonzero(judged))
    named = judged & np.isfinite(r) & (_upper(r, count, level) < NEAR_ZERO * median)
    return r, named | _never_moved(panel, judged & constant, level)


def _upper(r: FloatArray, count: FloatArray, level: float) -> FloatArray:
    """(I,) one-sided upper bound of correlations over so many clips; Fisher (1915)."""
    from scipy.special import ndtri

    z = np.arctanh(np.clip(np.nan_to_num(r), -1 + 1e-12, 1 - 1e-12))
    upper: FloatArray = np.tanh(z - ndtri(level) / np.sqrt(np.maximum(count, 4) - 3))
    return upper


def _never_moved(panel: Panel, constant: BoolArray, level: float) -> BoolArray:
    """(I,) of those who always voted the same, whose clips make that no chance."""
    found = np.zeros(len(constant), dtype=np.bool_)
    votes = panel.by_rater(panel.vote) / panel.votes_of_raters
    n = panel.votes_of_clips.astype(np.float64)
    # Means of equal votes may differ in their last bits.
    for vote in np.unique(np.round(votes[constant], 9)):
        these = constant & (np.abs(votes - vote) < 1e-9)
        alike = panel.by_clip((np.abs(panel.vote - vote) <= ALIKE + 1e-9).astype(np.float64))
        # Half a vote for either side, so that few others do not make anything impossible.
        share = (alike - 1 + 0.5) / (n - 1 + 1.0)
        rows = these[panel.rater] & (n[panel.clip] > 1)
        logs = np.where(rows, np.log(np.maximum(share[panel.clip], 1e-300)), 0.0)
        found |= these & (panel.by_rater(logs) < np.log(level))
    return found


def _means_of_others(panel: Panel, fit: Fit) -> FloatArray:
    """(n,) the weighted mean of the others' votes on the same clip; NaN where nobody else's."""
    weight = fit.weight[panel.rater]
    votes = panel.vote - np.nan_to_num(fit.bias)[panel.rater]
    # A rater's repeated votes on a clip are all his own; rows are sorted by clip and rater.
    new = np.append(True, (np.diff(panel.clip) != 0) | (np.diff(panel.rater) != 0))
    own, starts = np.cumsum(new) - 1, np.flatnonzero(new)

    def others(values: FloatArray) -> FloatArray:
        rest: FloatArray = panel.by_clip(values)[panel.clip] - np.add.reduceat(values, starts)[own]
        return rest

    shared = others((weight > 0).astype(np.float64)) > 0
    means: FloatArray = others(weight * votes) / np.where(shared, others(weight), np.nan)
    return means


def _correlations(panel: Panel, means: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """(I,) correlation, clips it is over, and whether only the votes are constant."""
    use = np.isfinite(means)
    rater, size = panel.rater[use], len(panel.rater_ids)
    x, y = panel.vote[use], means[use]
    sums = sums_by(rater, size)

    count = np.bincount(rater, minlength=size).astype(np.float64)
    some = np.where(count > 0, count, 1.0)
    x, y = x - (sums(x) / some)[rater], y - (sums(y) / some)[rater]
    xx, yy, xy = sums(x * x), sums(y * y), sums(x * y)
    enough = count >= LEAST_ROWS
    # What is left of equal values after rounding is no variation.
    x_varies, y_varies = xx > 1e-12 * some, yy > 1e-12 * some
    none = np.zeros(size)
    r = np.where(enough & x_varies & y_varies, pearson_of_moments(none, none, xx, yy, xy), np.nan)
    return r, count, enough & ~x_varies & y_varies
