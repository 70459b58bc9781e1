"""What ffmpeg says of the frames that it decoded: how many, when, whether filters began anew."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

CLIP_FRAMES = "clip_frames.txt"
"""One line a decoded frame of the clip: its own timestamp and time base, and its new one."""
CLIP_TIMES = "clip_times.txt"
"""The same under the source policy; a frame that its container gives no time has the guessed one of
libav, which is how AVI keeps time."""
REFERENCE_TIMES = "reference_times.txt"
"""One line a decoded frame of the reference, likewise."""

_STAMP = re.compile(r"-?\d+")
_NO_STAMP = 1 << 62
"""Timestamps this large stand for none."""
_NUMBER = 2
"""Column of a frame's own number in a frame log."""


def count_frames(folder: Path, name: str) -> int:
    """Lines of a frame log; a log that was never opened counts none."""
    path = folder / name
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)


def shown_s(folder: Path, name: str) -> float | None:
    """Seconds from the first to the last frame of a log, by the clip's own timestamps.

    None where a frame has no timestamp, as in raw streams, or where the clock runs back, as in
    files that were joined.
    """
    path = folder / name
    first: Fraction | None = None
    last: Fraction | None = None
    with path.open() as file:
        for line in file:
            stamp, base, *_ = line.split()
            if not _STAMP.fullmatch(stamp) or abs(int(stamp)) >= _NO_STAMP:
                return None
            numerator, _, denominator = base.partition("/")
            if int(denominator) == 0:
                return None
            now = int(stamp) * Fraction(int(numerator), int(denominator))
            if last is not None and now <= last:
                return None
            last = now
            first = last if first is None else first
    return None if first is None or last is None else float(last - first)


def was_rebuilt(folder: Path, name: str) -> bool:
    """Whether the filters began anew on the way, as they do where pictures change size or format.

    Frames are numbered as they come, and numbered from 0 again by filters that begin anew.
    """
    last = -1
    path = folder / name
    if not path.exists():
        return False
    with path.open() as file:
        for line in file:
            number = line.split()[_NUMBER]
            if int(number) <= last:
                return True
            last = int(number)
    return False
