"""The mean without observers whom the kurtosis rule of ITU-R BT.500-14 rejects."""

from __future__ import annotations

import numpy as np

from mos_assets.ratings.estimators.base import Fit, RatingEstimator, deviations
from mos_assets.ratings.panel import CI95, Panel
from mos_assets.records import BoolArray, Estimator

_NORMAL_KURTOSIS = (2.0, 4.0)
"""A clip whose votes have a kurtosis between these counts as normally distributed."""
_FAR_NORMAL, _FAR_OTHER = 2.0, 20.0**0.5
"""Standard deviations from the mean that count as far, for such clips and for the others."""
_LEAST_FAR = 0.05
"""A rejected observer is far on more than this share of his votes ..."""
_MOST_ONE_SIDED = 0.3
"""... and on both sides: |above - below| / (above + below) is smaller than this."""


def screened(panel: Panel) -> BoolArray:
    """(I,) whether BT.500-14 (A1-2.3.1) rejects the observer; applied once, as it says.

    Standard deviation and moments have n in the denominator, as in sureal 0.9.0 and in the clause's
    own moments. (The standard's equation 2 has n - 1, with which fewer are rejected: 52 against 67
    in 80 simulated panels of 24 honest raters.) A clip on which all agree has no far vote, where
    the letter of the rule, and sureal, count every vote as both far above and far below. The share
    is taken of the observer's own votes, which is that of the presentations where everybody saw
    each once.
    """
    n = panel.votes_of_clips
    gap = panel.vote - panel.clip_means(panel.vote)[panel.clip]
    second = panel.clip_means(gap**2)
    fourth = panel.clip_means(gap**4)
    # What is left of equal votes after rounding is no variance.
    varies = (n > 1) & (second > 1e-12)
    kurtosis = np.where(varies, fourth / np.where(varies, second, 1.0) ** 2, 0.0)
    low, high = _NORMAL_KURTOSIS
    factor = np.where((kurtosis >= low) & (kurtosis <= high), _FAR_NORMAL, _FAR_OTHER)
    limit = np.where(varies, factor * np.sqrt(second), np.inf)
    above = panel.by_rater((gap >= limit[panel.clip]).astype(np.float64))
    below = panel.by_rater((gap <= -limit[panel.clip]).astype(np.float64))
    far = above + below
    found: BoolArray = (far / panel.votes_of_raters > _LEAST_FAR) & (
        np.abs(above - below) < _MOST_ONE_SIDED * far
    )
    return found


class Bt500(RatingEstimator):
    """Mean, deviation and interval as `mean`, of the votes of observers who are not rejected.

    A clip of which only rejected observers voted has n == 0 and neither MOS nor deviation. The
    bias and inconsistency of rejected observers are taken against the MOS of the others.
    """

    name = Estimator.BT500
    words = "the mean of the votes of observers who pass the screening of BT.500-14"
    needs_raters = True

    def _fit(self, panel: Panel) -> Fit:
        out = screened(panel)
        kept = ~out[panel.rater]
        counts = kept.astype(np.float64)
        n = panel.by_clip(counts)
        mos = panel.by_clip(np.where(kept, panel.vote, 0.0)) / np.where(n > 0, n, np.nan)
        gap = np.where(kept, panel.vote - mos[panel.clip], 0.0)
        std = np.sqrt(panel.by_clip(gap**2) / np.where(n > 1, n - 1, np.nan))
        bias, inconsistency = deviations(panel, mos, kept)
        return Fit(
            mos=mos,
            std=std,
            n=n.astype(np.int64),
            ci95=CI95 * std / np.sqrt(n),
            bias=bias,
            inconsistency=inconsistency,
            weight=(~out).astype(np.float64),
            way=self.words,
        )
