"""Which pictures of a clip and of its pristine file meet, and which pairs of files are refused.

The rule, `on-screen` in the fingerprint. Where clip and reference have one rate (within a
thousandth) and equally many pictures, picture n meets picture n. Else each reference frame meets
the picture of the clip that is on the screen at its time:

    the last picture j of the clip with c_j <= r_i + slack

where r_i and c_j are time stamps in seconds after the first shown picture of each file, rounded
to the microsecond, and the slack is an eighth of the reference's frame interval. It stands for
the rounding of time bases (a millisecond in Matroska), far below the half interval by which
pictures of a 2/3 or 24-in-60 encode lie apart. Where the two rates are within a thousandth
(29.97 and 30) the pictures slide past each other and no instant is the right one: there the slack
is half an interval, and the nearest picture counts. The first picture counts as begun at the
first frame, and the last one stays.

motion2 is libvmaf's motion of the reference: under this rule it says nothing of the clip's rate.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.features import command
from mos_assets.records import Probe

RATE_TOLERANCE = 1e-3
"""Relative difference up to which two frame rates are one."""
SLACK = Fraction(1, 8)
"""Share of a reference's frame interval by which a picture may begin late."""
NEAREST = Fraction(1, 2)
"""The same where the rates are one and the numbers of pictures are not."""
DURATION_FRAMES = 2.0
"""Frame intervals, of the slower of the two, by which durations may differ."""
ROUNDING_PX = 2.0
"""Pixels by which a side may differ from the reference's shape: sizes are rounded to even ones."""

_DIMENSIONS = re.compile(r"^#dimensions 0: (\d+)x(\d+)$", re.MULTILINE)
_SAR = re.compile(r"^#sar 0: (\d+)/(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoded picture, turned as players turn it."""

    width: int
    height: int
    sample: Fraction
    """Width of a sample over its height; 1 where the file names none."""

    @property
    def aspect(self) -> Fraction:
        """Width over height as it is shown."""
        return Fraction(self.width, self.height) * self.sample

    def __str__(self) -> str:
        size = f"{self.width}x{self.height}"
        if self.sample != 1:
            size += f" with samples of {self.sample.numerator}:{self.sample.denominator}"
        return f"{size} ({float(self.aspect):.3f}:1)"


def read_shape(folder: Path, number: int) -> Shape:
    """What `command.first_pictures` wrote of an input; DoubtfulClipError where it did not."""
    path = folder / command.FIRST_PICTURE.format(number)
    text = path.read_text() if path.exists() else ""
    size, sample = _DIMENSIONS.search(text), _SAR.search(text)
    if size is None:
        raise DoubtfulClipError("no picture of it or of its reference could be decoded")
    ratio = Fraction(1)
    if sample is not None and int(sample[1]) and int(sample[2]):
        ratio = Fraction(int(sample[1]), int(sample[2]))
    return Shape(int(size[1]), int(size[2]), ratio)


def require_same_shape(clip: Shape, reference: Shape) -> None:
    """Raise ClipError where one is not the other scaled: what both show does not meet.

    Compared is the shape on the screen, so anamorphic and turned pictures are what they show. A
    side may differ by the rounding of a size to even numbers.
    """
    if not (_rounds_to(clip, reference.aspect) or _rounds_to(reference, clip.aspect)):
        raise ClipError(f"its pictures are {clip}, its reference's {reference}: another shape")


def held(clip: Probe, reference: Probe, pristine: Shape) -> command.Held | None:
    """How the two are laid along each other by time; None where by number."""
    return None if same_rate(clip, reference) else _held(SLACK, reference, pristine)


def held_nearest(reference: Probe, pristine: Shape) -> command.Held:
    """The same where the rates are one, and the numbers of pictures turned out not to be."""
    return _held(NEAREST, reference, pristine)


def same_rate(clip: Probe, reference: Probe) -> bool:
    """Whether both are stated to run at one rate."""
    return math.isclose(clip.fps, reference.fps, rel_tol=RATE_TOLERANCE)


def require_same_duration(
    clip: Probe, reference: Probe, frames: tuple[int, int], shown_s: tuple[float | None, ...]
) -> None:
    """Raise ClipError where clip and reference do not last as long as each other.

    `frames` and `shown_s` are of the clip and of the reference: what was decoded, and the seconds
    from its first to its last picture. The last picture of a clip of variable rate may stay longer
    than others: its stated duration counts too.
    """
    if None in shown_s:
        if frames[0] == frames[1] and same_rate(clip, reference):
            return
        raise ClipError(
            f"it has {frames[0]} frames, its reference {frames[1]}, and not all have time stamps"
        )
    intervals = [_interval(*each) for each in zip((clip, reference), frames, shown_s, strict=True)]
    lasts = [float(s or 0.0) + each for s, each in zip(shown_s, intervals, strict=True)]
    off = DURATION_FRAMES * max(intervals)
    if frames[0] == frames[1] and same_rate(clip, reference):
        off += 2 * RATE_TOLERANCE * lasts[1]
    ends = [
        {last, max(last, probe.duration_s or 0.0)}
        for last, probe in zip(lasts, (clip, reference), strict=True)
    ]
    if min(abs(one - other) for one in ends[0] for other in ends[1]) > off + 1e-9:
        raise ClipError(
            f"it lasts {lasts[0]:.3f} s ({frames[0]} frames), its reference {lasts[1]:.3f} s "
            f"({frames[1]} frames)"
        )


def _held(share: Fraction, reference: Probe, pristine: Shape) -> command.Held:
    return command.Held(share / command.exact_rate(reference.fps), pristine.width, pristine.height)


def _interval(probe: Probe, frames: int, shown_s: float | None) -> float:
    return shown_s / (frames - 1) if shown_s and frames > 1 else 1 / probe.fps


def _rounds_to(shape: Shape, aspect: Fraction) -> bool:
    """Whether a picture of this aspect, scaled to one side of `shape`, has nearly its other."""
    width = aspect / shape.sample * shape.height
    height = shape.width * shape.sample / aspect
    return min(abs(width - shape.width), abs(height - shape.height)) <= ROUNDING_PX
