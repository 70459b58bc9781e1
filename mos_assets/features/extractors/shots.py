"""The block `shots`: transitions by TransNet V2, the shots between them, and three columns.

What is measured are counts and lengths in seconds; the columns follow from them by formula, so
that shots which somebody else found give the same columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.libraries import OPENCV, TORCH, TRANSNET
from mos_assets.features.outputs import small_pictures
from mos_assets.features.prefilter import PREFILTER_VERSION
from mos_assets.features.transitions import transition_probabilities
from mos_assets.records import ShotFigures

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SHOTS = "shots"
SHOT_COUNT, SHOT_MEAN_LENGTH, SHOT_LENGTH_STD, FRAMES = (
    "shot_count",
    "shot_mean_length_s",
    "shot_length_std_s",
    "frames",
)
COUNT_NORM, LENGTH_NORM, CUT_DENSITY = (
    "shot_count_norm",
    "shot_mean_len_norm",
    "shot_cut_density",
)
WIDTH, HEIGHT = 48, 27
"""Picture size that TransNet V2 was trained on."""
TRANSITION_PROBABILITY = 0.5
"""A frame at or above it is a transition."""
COUNT_DECADES = 3.0
"""999 shots give 1.0."""
LENGTH_UNIT_S = 30.0
"""A mean shot length of 30 s gives 1.0."""

_THUMBNAILS = "thumbnails.rgb"
_UP = (0.0, math.inf)
_SOURCE = "TransNet V2 shots"


class Shots(PictureExtractor):
    """Shots by the transitions that TransNet V2 finds (Souček & Lokoč 2020)."""

    name = SHOTS
    version = 1
    block = "shots"
    columns = (
        Column(COUNT_NORM, "1", _UP, "log10(1 + shots)/3", _SOURCE),
        Column(LENGTH_NORM, "30 s", _UP, "mean shot length in s / 30", _SOURCE),
        Column(CUT_DENSITY, "cuts a frame", (0.0, 1.0), "(shots - 1)/frames", _SOURCE),
    )
    figures = (
        Column(SHOT_COUNT, "1", _UP, "shots between transitions", _SOURCE),
        Column(SHOT_MEAN_LENGTH, "s", _UP, "mean shot length", _SOURCE),
        Column(SHOT_LENGTH_STD, "s", _UP, "population deviation of shot lengths", _SOURCE),
        Column(FRAMES, "1", _UP, "frames that the shots are of", "decoded frames"),
    )
    libraries = (OPENCV, TORCH, TRANSNET)
    settings = (f"prefilter-{PREFILTER_VERSION}",)
    compares = ()

    def tap(self, step: int) -> Tap:
        """Every frame, as small as the network takes it."""
        scaled = f"[small]scale={WIDTH}:{HEIGHT}:flags=bicubic,format=rgb24[thumbnails]"
        output = Output("thumbnails", ("-f", "rawvideo", _THUMBNAILS))
        return Tap("small", (scaled,), (output,))

    def read(self, decoded: Decoded) -> Columns:
        """Counts and lengths of the shots."""
        probabilities = transition_probabilities(thumbnails(decoded.folder, decoded.frames))
        shots = shot_figures(probabilities, decoded.probe.fps)
        if shots.length_std_s is None or shots.frames is None:
            raise ValueError("measured shots always have a deviation and a number of frames")
        figures = {
            SHOT_COUNT: float(shots.shot_count),
            SHOT_MEAN_LENGTH: shots.mean_length_s,
            SHOT_LENGTH_STD: shots.length_std_s,
            FRAMES: float(shots.frames),
        }
        return Columns(figures, None)

    def columns_of(self, figures: Mapping[str, float], reason: str | None) -> Columns:
        """The three by formula; none where a reason stands for the figures."""
        if reason is not None:
            return Columns(figures, reason)
        return shot_columns(measured_shots(figures))


def measured_shots(figures: Mapping[str, float]) -> ShotFigures:
    """Stored figures as the numbers that they are."""
    return ShotFigures(
        shot_count=int(figures[SHOT_COUNT]),
        mean_length_s=figures[SHOT_MEAN_LENGTH],
        length_std_s=figures[SHOT_LENGTH_STD],
        frames=int(figures[FRAMES]),
    )


def thumbnails(folder: Path, frames: int) -> npt.NDArray[np.uint8]:
    """[frames, 27, 48, 3] RGB, 0..255, as `small_pictures` has them."""
    return small_pictures(folder / _THUMBNAILS, frames, (HEIGHT, WIDTH))


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
    if figures.shot_count < 1:
        return Columns({}, f"shot_count {figures.shot_count} means that shots are unavailable")
    if not math.isfinite(figures.mean_length_s):
        return Columns({}, f"the mean shot length is {figures.mean_length_s}")
    columns = {
        COUNT_NORM: math.log10(1 + figures.shot_count) / COUNT_DECADES,
        LENGTH_NORM: figures.mean_length_s / LENGTH_UNIT_S,
    }
    if not figures.frames:
        return Columns(columns, f"no {CUT_DENSITY}: the number of frames is unknown")
    columns[CUT_DENSITY] = (figures.shot_count - 1) / figures.frames
    return Columns(columns, None)
