"""What an estimator is: it turns the votes of one session into a MOS a clip.

An estimator is one file in this folder and one line of the registry in `__init__`. Everything else
goes through the registry and knows no kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mos_assets.errors import RatingsError
from mos_assets.ratings.panel import Panel, spread, sums_by
from mos_assets.records import BoolArray, Estimator, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Fit:
    """What an estimator makes of a panel: J clips, I raters."""

    mos: FloatArray
    """(J,) NaN where no vote counted."""
    std: FloatArray
    """(J,) of the votes that counted, n - 1 in the denominator; NaN for fewer than two."""
    n: IntArray
    """(J,) votes that counted."""
    ci95: FloatArray
    """(J,) half-widths; NaN where they cannot be had."""
    bias: FloatArray
    """(I,) MOS units; NaN where it cannot be had."""
    inconsistency: FloatArray
    """(I,) standard deviation of residuals, MOS units; NaN where it cannot be had."""
    weight: FloatArray
    """(I,) what one vote of the rater counts, finite and not negative."""
    way: str
    """How it was had, for the report, as the end of 'estimated by ...'."""


class RatingEstimator(ABC):
    """Votes of one session → MOS, with its noise, and what is wrong with the raters."""

    name: ClassVar[Estimator]
    words: ClassVar[str]
    """What it is, for the report, as the middle of a sentence."""
    needs_raters: ClassVar[bool]
    """Whether every vote has to name its rater."""

    def fit(self, panel: Panel) -> Fit:
        """Raises RatingsError where it needs raters and a vote names none."""
        if self.needs_raters and not panel.named:
            unnamed = int(np.count_nonzero(panel.rater < 0))
            raise RatingsError(
                f"{unnamed} of {len(panel.vote)} votes name no rater, and the estimator "
                f"{self.name.value!r} judges raters. Name the column with the raters, or choose "
                f"the estimator {Estimator.MEAN.value!r}."
            )
        return self._fit(panel)

    @abstractmethod
    def _fit(self, panel: Panel) -> Fit:
        """The panel has at least one vote; where `needs_raters`, each of known raters."""


def deviations(panel: Panel, mos: FloatArray, kept: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Bias and inconsistency (I,) of raters against given MOS (J,).

    The mean and the standard deviation (n in the denominator, as in P.913) of vote minus MOS, over
    the rater's votes on clips that others' votes counted for too (kept: (n,) the votes that
    counted). The bias is NaN without such a vote, the inconsistency for fewer than two.
    Votes that name nobody are left out.
    """
    named = panel.rater >= 0
    others = panel.by_clip(kept.astype(np.float64))[panel.clip] - kept
    use = named & (others > 0) & np.isfinite(mos[panel.clip])
    rater, size = panel.rater[use], len(panel.rater_ids)
    gap = panel.vote[use] - mos[panel.clip[use]]
    sums = sums_by(rater, size)
    count = np.bincount(rater, minlength=size).astype(np.float64)
    bias: FloatArray = sums(gap) / np.where(count > 0, count, np.nan)
    std = spread(sums, rater, gap, count)
    return bias, std * np.sqrt((count - 1) / np.where(count > 0, count, np.nan))
