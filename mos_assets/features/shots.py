"""From transition probabilities to shots, and from shots to the three columns of the block."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mos_assets.features.columns import SHOT_COLUMNS, Columns
from mos_assets.records import ShotFigures

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TRANSITION_PROBABILITY = 0.5
"""A frame at or above it is a transition."""
COUNT_DECADES = 3.0
"""999 shots give 1.0."""
LENGTH_UNIT_S = 30.0
"""A mean shot length of 30 s gives 1.0."""


def shot_spans(probabilities: npt.NDArray[np.float32]) -> tuple[tuple[int, int], ...]:
    """First and last frame of each shot, both included, of per-frame probabilities [n].

    The peak of a cut is on the last frame of the shot that ends, so the first frame of a run
    of transition frames closes the shot before it; the rest of the run, the inside of a
    dissolve, belongs to no shot. A clip that is nothing but transition is one shot.
    """
    spans: list[tuple[int, int]] = []
    start, before = 0, False
    for frame, probability in enumerate(probabilities):
        transition = bool(probability >= TRANSITION_PROBABILITY)
        if before and not transition:
            start = frame
        elif transition and not before and frame > 0:
            spans.append((start, frame))
        before = transition
    if len(probabilities) and not before:
        spans.append((start, len(probabilities) - 1))
    return tuple(spans) if spans else ((0, len(probabilities) - 1),)


def shot_figures(probabilities: npt.NDArray[np.float32], fps: float) -> ShotFigures:
    """Shots of one clip from its per-frame probabilities [n], n ≥ 1, at `fps` frames a second."""
    if len(probabilities) == 0:
        raise ValueError("shots need at least one frame")
    lengths = [(last - first + 1) / fps for first, last in shot_spans(probabilities)]
    mean = math.fsum(lengths) / len(lengths)
    variance = math.fsum((length - mean) ** 2 for length in lengths) / len(lengths)
    return ShotFigures(
        shot_count=len(lengths),
        mean_length_s=mean,
        length_std_s=math.sqrt(variance),
        frames=len(probabilities),
    )


def shot_columns(figures: ShotFigures) -> Columns:
    """log10(1 + shots)/3, mean length in s / 30, (shots - 1)/frames; none is clipped.

    No shots means that the count is unavailable: there are no columns then. Without a number
    of frames the cut density alone is missing.
    """
    count_name, length_name, density_name = SHOT_COLUMNS
    if figures.shot_count < 1:
        return Columns({}, f"shot_count {figures.shot_count} means that shots are unavailable")
    if not math.isfinite(figures.mean_length_s):
        return Columns({}, f"the mean shot length is {figures.mean_length_s}")
    columns = {
        count_name: math.log10(1 + figures.shot_count) / COUNT_DECADES,
        length_name: figures.mean_length_s / LENGTH_UNIT_S,
    }
    if not figures.frames:
        return Columns(columns, f"no {density_name}: the number of frames is unknown")
    columns[density_name] = (figures.shot_count - 1) / figures.frames
    return Columns(columns, None)
