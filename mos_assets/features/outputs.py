"""Reading what the ffmpeg command left in its folder: logs of libvmaf, raw pictures.

A stream that holds fewer pictures than were decoded is never read as if it held them all.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mos_assets.errors import DoubtfulClipError, MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

Picture = TypeVar("Picture")

GREY_VIDEO = ("-f", "yuv4mpegpipe", "-strict", "-1")
"""Arguments of an output that `grey_pictures` reads, before the name of its file."""
NO_FILE = ("-c:v", "wrapped_avframe", "-f", "null", "-")
"""Arguments of an output that is made for what a filter logs of it."""
COMPARISON_LOG = "libvmaf.json"
"""libvmaf's log of the comparison that extractors share."""
MOTION_LOG = "motion.json"
"""libvmaf's log of what moves from picture to picture, where not every one is compared."""


def libvmaf_log(path: Path, metrics: Mapping[str, str]) -> dict[str, list[float]]:
    """Name to the values of every frame, from a log of libvmaf; `metrics` gives its name there.

    Raises MachineError where the log was not written, or in part.
    """
    if not path.exists():
        # ffmpeg ends with 0 all the same where the log could not be opened or written.
        raise MachineError("libvmaf's log could not be written")
    try:
        rows = json.loads(path.read_text())["frames"]
        return {name: [row["metrics"][key] for row in rows] for name, key in metrics.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise MachineError(f"libvmaf's log was not written in full ({error!r})") from error


def small_pictures(path: Path, frames: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """[frames, *size, 3] RGB, 0..255, mapped from the file: copy before the folder goes.

    Raises DoubtfulClipError where their number is not that of the decoded frames.
    """
    import numpy as np

    shape = (*size, 3)
    found, rest = divmod(path.stat().st_size, math.prod(shape))
    if rest or found != frames:
        raise DoubtfulClipError(f"{found} thumbnails were made of {frames} decoded frames")
    return np.memmap(path, dtype=np.uint8, mode="r", shape=(frames, *shape))


_DEPTHS = {"mono": "<u1", "mono16": "<u2"}
"""What GREY_VIDEO calls pictures of 8 and of 16 bits."""


def grey_pictures(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Those of a GREY_VIDEO, [lines, columns], 0..255, one after the other; 0..65535 where it was
    made of `gray16le`.

    Raises ClipError where the stream ends inside a picture.
    """
    import numpy as np

    with path.open("rb") as file:
        fields = file.readline().decode("ascii", "replace").split()
        size = {field[0]: field[1:] for field in fields[1:]}
        if not fields or fields[0] != "YUV4MPEG2" or size.get("C") not in _DEPTHS:
            raise DoubtfulClipError("no grey pictures were made")
        width, height, depth = int(size["W"]), int(size["H"]), np.dtype(_DEPTHS[size["C"]])
        while file.readline():
            data = file.read(width * height * depth.itemsize)
            if len(data) != width * height * depth.itemsize:
                raise DoubtfulClipError("the grey pictures end too early")
            yield np.frombuffer(data, dtype=depth).reshape(height, width)


def in_pairs(
    pictures: Iterable[Picture], frames: int, step: int
) -> Iterator[tuple[Picture, bool, Picture | None]]:
    """Pictures of frames that were sampled in neighbouring pairs, a pair every `step` of `frames`:
    each with whether it is the first of its pair, and the one of the frame before it if there is
    one.

    Raises DoubtfulClipError where there are fewer than a clip of so many frames gives.
    """
    picked = [frame for frame in range(frames) if frame % step < 2]
    before: tuple[int, Picture] | None = None
    seen = 0
    for frame, picture in zip(picked, pictures, strict=False):
        seen += 1
        neighbour = before[1] if before is not None and before[0] == frame - 1 else None
        yield picture, frame % step == 0, neighbour
        before = (frame, picture)
    if seen != len(picked):
        raise DoubtfulClipError(f"{seen} frames were sampled where {len(picked)} were due")


def colour_pictures(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures of a stream of PPM, [lines, columns, 3] sRGB, 0..255, one after the other.

    Raises ClipError where the stream ends inside a picture.
    """
    import numpy as np

    with path.open("rb") as file:
        while magic := file.readline():
            size, depth = file.readline().split(), file.readline()
            if magic != b"P6\n" or len(size) != 2 or depth != b"255\n":
                raise DoubtfulClipError("no colour pictures were made")
            width, height = int(size[0]), int(size[1])
            data = file.read(width * height * 3)
            if len(data) != width * height * 3:
                raise DoubtfulClipError("the colour pictures end too early")
            yield np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)
