"""What a layer is fitted to: clips with the head's score, its columns, their rating and content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.records import FloatArray, IntArray

LEAST_CLIPS, LEAST_CONTENTS = 10, 5
"""With fewer of either, the offset alone is fitted."""
MOST_CLIPS = 2_000
"""With more, a head of one's own is trained."""


@dataclass(frozen=True, slots=True, eq=False)
class RatedRows:
    """n rated clips under a head of F columns."""

    scores: FloatArray
    """[n] of the head, 1..5."""
    features: FloatArray
    """[n, F] by the head's means and deviations; 0 for a gap, and for a column without spread."""
    mos: FloatArray
    """[n] ratings, 1..5."""
    contents: IntArray
    """[n] number of the content that each clip shows, from 0."""

    @property
    def n_contents(self) -> int:
        return len(np.unique(self.contents))

    def without(self, content: int) -> RatedRows:
        """The rows of the other contents."""
        kept = self.contents != content
        return RatedRows(
            self.scores[kept], self.features[kept], self.mos[kept], self.contents[kept]
        )


def standardised(features: FloatArray, mean: Sequence[float], std: Sequence[float]) -> FloatArray:
    """Raw features [n, F] in a head's units; NaN, a gap, is 0."""
    spread = np.asarray(std, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = (features - np.asarray(mean, dtype=np.float64)) / spread
    found: FloatArray = np.where(np.isfinite(z) & (spread > 0), z, 0.0)
    return found
