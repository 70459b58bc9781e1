"""The plain mean of the votes."""

from __future__ import annotations

import numpy as np

from mos_assets.ratings.estimators.base import Fit, RatingEstimator, deviations
from mos_assets.ratings.panel import CI95, Panel
from mos_assets.records import Estimator


class Mean(RatingEstimator):
    """MOS of ITU-R BT.500-14, A1-2.2.1: mean, S with n - 1, interval CI95 * S / sqrt(n).

    A single vote is its own MOS, without deviation or interval. Votes that agree have a deviation
    and an interval of 0.
    """

    name = Estimator.MEAN
    words = "the mean of the votes"
    needs_raters = False

    def _fit(self, panel: Panel) -> Fit:
        mos, std, n = panel.clip_means(panel.vote), panel.clip_std(panel.vote), panel.votes_of_clips
        every = np.ones(len(panel.vote), dtype=np.bool_)
        bias, inconsistency = deviations(panel, mos, every)
        return Fit(
            mos=mos,
            std=std,
            n=n,
            ci95=CI95 * std / np.sqrt(n),
            bias=bias,
            inconsistency=inconsistency,
            weight=np.ones(len(panel.rater_ids)),
            way=self.words,
        )
