"""Reading what the ffmpeg command left in its folder: counts, libvmaf's log, raw pictures."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError
from mos_assets.features.columns import LIBVMAF_COLUMNS, MOTION, ONE_FRAME, Columns
from mos_assets.features.fingerprint import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH
from mos_assets.features.graph import (
    BANDING_LOG,
    COLOUR_FRAMES,
    GREY_FRAMES,
    LIBVMAF_LOG,
    THUMBNAILS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

_STAMP = re.compile(r"-?\d+")
_NO_STAMP = 1 << 62
"""Timestamps this large stand for none."""
_NUMBER = 2
"""Column of a frame's own number in a frame log."""
_CAMBI = "cambi"
_METRICS = {name: f"integer_{name}" for name in LIBVMAF_COLUMNS}


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


def libvmaf_values(folder: Path, frames: int) -> dict[str, list[float]]:
    """The six of every frame, in the order of frames, from libvmaf's log.

    Raises ClipError where the log does not hold exactly `frames` finite frames, and MachineError
    where it was not written, or in part.
    """
    values = _per_frame(folder / LIBVMAF_LOG, _METRICS)
    for name, column in values.items():
        if len(column) != frames:
            raise DoubtfulClipError(
                f"libvmaf scored {len(column)} frames where {frames} were decoded"
            )
        odd = next((value for value in column if not math.isfinite(value)), None)
        if odd is not None:
            raise ClipError(f"libvmaf gave {name} = {odd}")
    return values


def libvmaf_means(folder: Path, frames: int) -> Columns:
    """The six means over all frames; raises ClipError as `libvmaf_values` does.

    One frame has no motion: the 0 that libvmaf gives it is no measurement.
    """
    values = libvmaf_values(folder, frames)
    means = {name: math.fsum(column) / frames for name, column in values.items()}
    if frames > 1:
        return Columns(means, None)
    del means[MOTION]
    return Columns(means, f"no {MOTION}: {ONE_FRAME}")


def banding_values(folder: Path) -> list[float]:
    """Banding of every sampled frame; raises MachineError where the log was not written."""
    return _per_frame(folder / BANDING_LOG, {_CAMBI: _CAMBI})[_CAMBI]


def _per_frame(path: Path, metrics: Mapping[str, str]) -> dict[str, list[float]]:
    if not path.exists():
        # ffmpeg ends with 0 all the same where the log could not be opened or written.
        raise MachineError("libvmaf's log could not be written")
    try:
        rows = json.loads(path.read_text())["frames"]
        return {name: [row["metrics"][key] for row in rows] for name, key in metrics.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise MachineError(f"libvmaf's log was not written in full ({error!r})") from error


def thumbnails(folder: Path, frames: int) -> npt.NDArray[np.uint8]:
    """[frames, 27, 48, 3] RGB, 0..255, mapped from the file: copy before the folder goes.

    Raises ClipError where their number is not that of the decoded frames.
    """
    import numpy as np

    path = folder / THUMBNAILS
    shape = (THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, 3)
    found, rest = divmod(path.stat().st_size, math.prod(shape))
    if rest or found != frames:
        raise DoubtfulClipError(f"{found} thumbnails were made of {frames} decoded frames")
    return np.memmap(path, dtype=np.uint8, mode="r", shape=(frames, *shape))


def grey_frames(folder: Path, name: str = GREY_FRAMES) -> Iterator[npt.NDArray[np.uint8]]:
    """The grey pictures of one output, [lines, columns], 0..255, one after the other.

    Raises ClipError where the stream ends inside a picture.
    """
    import numpy as np

    with (folder / name).open("rb") as file:
        fields = file.readline().decode("ascii", "replace").split()
        size = {field[0]: field[1:] for field in fields[1:]}
        if not fields or fields[0] != "YUV4MPEG2" or not size.get("C", "").startswith("mono"):
            raise DoubtfulClipError("no grey pictures were made")
        width, height = int(size["W"]), int(size["H"])
        while file.readline():
            data = file.read(width * height)
            if len(data) != width * height:
                raise DoubtfulClipError("the grey pictures end too early")
            yield np.frombuffer(data, dtype=np.uint8).reshape(height, width)


def colour_frames(folder: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """The sampled colour pictures, [lines, columns, 3] sRGB, 0..255, one after the other.

    Raises ClipError where the stream ends inside a picture.
    """
    import numpy as np

    with (folder / COLOUR_FRAMES).open("rb") as file:
        while magic := file.readline():
            size, depth = file.readline().split(), file.readline()
            if magic != b"P6\n" or len(size) != 2 or depth != b"255\n":
                raise DoubtfulClipError("no colour pictures were made")
            width, height = int(size[0]), int(size[1])
            data = file.read(width * height * 3)
            if len(data) != width * height * 3:
                raise DoubtfulClipError("the colour pictures end too early")
            yield np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)
