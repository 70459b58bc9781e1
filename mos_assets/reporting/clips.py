"""Single clips as the local page shows them. They are named: this goes into no card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.records import OutOfFold, TrainingTable

MOST_WORST = 10
"""Clips of the largest errors that the page shows with a picture."""


@dataclass(frozen=True, slots=True)
class JudgedClip:
    """A clip's rating, and what heads that had not seen it predicted, in MOS."""

    clip_id: str
    name: str
    """Of its file, as its labels have it: a stranger's words."""
    corpus: str
    rated: float
    predicted: float
    """Mean over seeds."""
    fold: int

    @property
    def error(self) -> float:
        """Prediction minus rating."""
        return self.predicted - self.rated


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A clip's picture as JPEG, or why there is none."""

    jpeg: bytes | None
    reason: str = ""


def judged_clips(
    table: TrainingTable, oof: OutOfFold, names: Mapping[str, str]
) -> tuple[JudgedClip, ...]:
    """The clips in the folds, the largest error first; without those whose prediction or rating is
    not finite.

    names: clip id → file name.
    """
    predicted = oof.predictions.mean(axis=0)
    finite = np.isfinite(predicted) & np.isfinite(table.mos)
    clips = [
        JudgedClip(
            clip_id=(clip_id := table.clip_ids[row]),
            name=names[clip_id],
            corpus=clip_id.partition("/")[0],
            rated=float(table.mos[row]),
            predicted=round(float(predicted[row]), 6),
            fold=int(table.folds[row]),
        )
        for row in np.flatnonzero((table.folds >= 0) & finite)
    ]
    return tuple(sorted(clips, key=lambda clip: (-round(abs(clip.error), 6), clip.clip_id)))


def worst(clips: Sequence[JudgedClip]) -> tuple[JudgedClip, ...]:
    """Those of the largest errors, of `judged_clips`."""
    return tuple(clips[:MOST_WORST])
