"""Reading a container's header with libav, and the program that does so for others.

`python -m mos_assets.media.header` answers one line on its output for each line on its input
(`probe.py` speaks with it): libav reads files of strangers, and a file that makes it crash,
hang or fill the memory then ends that program and nothing else.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.media.blame import FULL, MACHINE
from mos_assets.media.ffmpeg import LIMITS, MAX_PIXELS, MAX_SIDE, VIDEO_DECODERS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from mos_assets.records import Probe

Figures = tuple[int, int, float, float | None, int | None, str | None, str, int | None]
"""The fields of a Probe in their order. The records load numpy, which this program can spare."""

READ_LIMIT_S = 20.0
"""Seconds that opening, and any one read, may wait for data."""
MAX_ASPECT = 64
"""Ratio of the longer side to the shorter beyond which a clip is refused."""
MAX_FPS = 1000.0
"""Frames a second beyond which a clip is refused; containers without a rate state their clock."""

_READ_BLOCK = 1 << 20
_Y4M_MAGIC = b"YUV4MPEG2 "
_Y4M_HEADER_BYTES = 256
_Y4M_FRAME = b"FRAME\n"
_TS_PACKETS = (188, 192, 204)
"""Bytes a packet of an MPEG transport stream: plain, with a clock, with error correction."""


def read_header(path: Path) -> Probe:
    """What the container says of its first video stream; no more is decoded than that needs.

    Raises ClipError with the reason where there is no usable video stream, or where it claims
    a picture size, shape or rate beyond the bounds.
    """
    from mos_assets.records import Probe

    return Probe(*_figures(path))


def _figures(path: Path) -> Figures:
    import av
    from av.error import FFmpegError

    if path.stat().st_size == 0:
        raise ClipError("the file is empty")
    header = _y4m_header(path)
    try:
        with av.open(
            f"file:{path.absolute()}",
            options=dict(LIMITS),
            # A title in another encoding than UTF-8 says nothing of the pictures.
            metadata_errors="replace",
            timeout=READ_LIMIT_S,
        ) as container:
            if not container.streams.video:
                raise ClipError("there is no video stream in it")
            stream = container.streams.video[0]
            found = _figures_of(stream, container)
            size = path.stat().st_size
            if container.format.name == "mpegts" and all(size % n for n in _TS_PACKETS):
                raise ClipError("the file is cut off: it ends inside a packet")
            if header is not None:
                _check_y4m_size(path, header, found)
            return found
    except FFmpegError as error:
        _raise_for_machine(path, error.errno)
        raise ClipError(f"no video can be read from it ({error.strerror or error})") from error


def _figures_of(stream: VideoStream, container: InputContainer) -> Figures:
    import av

    # The library has no decoder at all for some streams; its types do not say so.
    context: av.VideoCodecContext | None = stream.codec_context
    if context is None:
        raise ClipError("its video is in a format that no decoder here knows")
    if context.name not in VIDEO_DECODERS.split(","):
        raise ClipError(f"its video is in a format that is not decoded here, {context.name}")
    if stream.disposition & av.stream.Disposition.attached_pic:
        raise ClipError("there is a cover picture in it where the video should be")
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    if not rate:
        raise ClipError("its video stream names no frame rate")
    if not 0 < rate <= MAX_FPS:
        raise ClipError(f"its video stream names a rate of {float(rate):g} frames a second")
    _check_picture(context.width, context.height)
    if stream.duration is not None and stream.time_base is not None:
        duration: float | None = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration = container.duration / av.time_base
    else:
        duration = None
    return (
        context.width,
        context.height,
        float(rate),
        duration,
        stream.frames or None,
        context.pix_fmt,
        context.codec.canonical_name,
        stream.bit_rate or container.bit_rate or None,
    )


def _raise_for_machine(path: Path, number: int | None) -> None:
    """Raise OSError, or MemoryError, where libav failed for a cause outside the file's bytes.

    It says "Input/output error" of broken data too: then the file can be read as a whole.
    """
    if number == errno.ENOMEM:
        raise MemoryError
    if number in MACHINE | FULL or number in (errno.EACCES, errno.ENOENT, errno.EPERM):
        raise OSError(number, os.strerror(number))
    if number == errno.EIO:
        with path.open("rb", buffering=0) as file:
            while file.read(_READ_BLOCK):
                pass


def _check_picture(width: int, height: int) -> None:
    if not width or not height:
        raise ClipError("its video stream names no picture size")
    shape = f"its pictures claim {width} by {height}"
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ClipError(f"{shape}; more than {MAX_SIDE} on a side or {MAX_PIXELS} are refused")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ClipError(f"{shape}; more than {MAX_ASPECT} to 1 is refused")


def _y4m_header(path: Path) -> bytes | None:
    """The first line of a YUV4MPEG2 file, or None for every other file.

    Raises ClipError for a picture size beyond the bounds, which the library calls by no name.
    """
    with path.open("rb") as file:
        line = file.readline(_Y4M_HEADER_BYTES)
    if not line.startswith(_Y4M_MAGIC):
        return None
    size = {key: re.search(rb" %b(\d{1,9})\b" % key, line) for key in (b"W", b"H")}
    width, height = (int(found[1]) if found else 0 for found in size.values())
    _check_picture(width, height)
    return line


def _check_y4m_size(path: Path, header: bytes, found: Figures) -> None:
    """Its frames have one size each and no count: a rest that is no frame is a file cut off."""
    import av

    width, height, *_ = found
    pix_fmt = found[5]
    if pix_fmt is None:
        return
    planes = av.VideoFormat(pix_fmt, width, height).components
    samples = sum(plane.width * plane.height * -(-plane.bits // 8) for plane in planes)
    rest = (path.stat().st_size - len(header)) % (len(_Y4M_FRAME) + samples)
    if rest:
        raise ClipError("the file is cut off: it ends inside a frame")


def main(limit_s: float) -> None:
    """Answer until the input ends; a path comes as the hexadecimal form of its bytes.

    An alarm ends the program after `limit_s` seconds over one file, whether or not anybody is
    still waiting for the answer.
    """
    import av  # noqa: F401 - loaded before the first question, whose time is limited

    if hasattr(os, "sched_setaffinity"):
        # It outlives the worker that started it, and must not keep to that worker's core.
        with suppress(OSError):
            os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))

    def say(answer: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    say({})
    for line in sys.stdin:
        path = Path(os.fsdecode(bytes.fromhex(line)))
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            say({"probe": _figures(path)})
        except ClipError as error:
            say({"reason": str(error)})
        except OSError as error:
            say({"errno": error.errno, "strerror": error.strerror})
        except MemoryError:
            say({"memory": True})
        signal.setitimer(signal.ITIMER_REAL, 0.0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
