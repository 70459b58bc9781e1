"""Reading a container's header with libav, and the program that does so for others.

`python -m mos_assets.media.header` answers one line on its output for each line on its input
(`probe.py` speaks with it): libav reads files of strangers, and a file that makes it crash,
hang or fill the memory then ends that program and nothing else.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.media.blame import FULL, MACHINE
from mos_assets.media.ffmpeg import LIMITS
from mos_assets.media.joints import is_joined
from mos_assets.media.kinds import not_read
from mos_assets.media.packets import Counted, count_packets, shown_rate
from mos_assets.media.shown import check_picture, shown_size, shown_stream, turned_by
from mos_assets.media.whole import (
    require_read,
    require_whole,
    require_whole_y4m,
    y4m_header,
    y4m_size,
)

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from mos_assets.records import Probe

Figures = tuple[
    int,
    int,
    float,
    float | None,
    int | None,
    str | None,
    str,
    int | None,
    int,
    int,
    int,
    float,
]
"""The fields of a Probe in their order. The records load numpy, which this program can spare."""

READ_LIMIT_S = 20.0
"""Seconds that opening, and any one read, may wait for data."""
MAX_FPS = 1000.0
"""Frames a second beyond which a clip is refused; containers without a rate state their clock."""
_READ_BYTES_A_SECOND = 10_000_000
"""What the slowest disk gives."""
_FAR_OFF = 2.0
"""Ratio of the stated rate to that of the time stamps beyond which it is a clock, not a rate."""

_READ_BLOCK = 1 << 20


def reading_s(path: Path) -> float:
    """Seconds that reading a file of this size may take; 0 for one that cannot be looked at."""
    try:
        return path.stat().st_size / _READ_BYTES_A_SECOND
    except OSError:
        return 0.0


def read_header(path: Path) -> Probe:
    """What the stream that a player shows holds; no more is decoded than its header needs.

    Raises ClipError with the reason where there is no usable video stream, where it claims
    a picture size, shape or rate beyond the bounds, and where the file is damaged. Raises OSError
    where it cannot be read now.
    """
    from mos_assets.records import Probe

    return Probe(*_figures(path))


def _figures(path: Path) -> Figures:
    import av
    from av.error import ExitError, FFmpegError
    from av.stream import Discard

    if path.stat().st_size == 0:
        raise ClipError("the file is empty")
    header = y4m_header(path)
    if header is not None:
        # The library calls a size beyond its bounds by no name.
        check_picture(*y4m_size(header))
    try:
        with av.open(
            f"file:{path.absolute()}",
            options=dict(LIMITS),
            # A title in another encoding than UTF-8 says nothing of the pictures.
            metadata_errors="replace",
            timeout=READ_LIMIT_S,
        ) as container:
            stream = shown_stream(container)
            shown_size(container, stream)
            for other in container.streams:
                other.discard = Discard.none if other is stream else Discard.all
            require_whole(path, container, stream)
            if header is not None:
                require_whole_y4m(path, header, stream)
            counted = count_packets(
                container, stream, joined=lambda: is_joined(path, container, stream)
            )
            require_read(path, container, stream, counted.packets)
            # The demuxer does not tell of every one, least of those near the beginning.
            if container.format.name == "mpegts" and not is_joined(path, container, stream):
                raise ClipError("the file is damaged: packets of its video are missing")
            if counted.frames == 0:
                raise ClipError("there is no picture in its video stream")
            degrees = turned_by(path, stream, counted.first)
            return _figures_of(stream, counted, shown_size(container, stream, degrees))
    except ExitError as error:
        raise OSError(errno.EIO, f"reading it took longer than {READ_LIMIT_S:.0f} s") from error
    except FFmpegError as error:
        _raise_for_machine(path, error.errno)
        why = not_read(path) if error.errno == errno.EINVAL else None
        why = why or f"no video can be read from it ({error.strerror or error})"
        raise ClipError(why) from error


def _figures_of(stream: VideoStream, counted: Counted, size: tuple[int, int]) -> Figures:
    context = stream.codec_context
    width, height = size
    stated = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
    if not stated:
        raise ClipError("its video stream names no frame rate")
    span_s = counted.span_s(stream.time_base)
    fps = shown_rate(map(float, stated), counted, stream.time_base)
    if not 0 < fps <= MAX_FPS:
        raise ClipError(f"its video stream names a rate of {fps:g} frames a second")
    nominal = float(stated[0])
    if not 1 / _FAR_OFF <= nominal / fps <= _FAR_OFF:
        nominal = fps
    # Pictures that are all at one time last as long as their rate says.
    duration = span_s + 1 / fps if span_s else counted.frames / fps
    return (
        width,
        height,
        fps,
        duration,
        counted.frames,
        context.pix_fmt,
        context.codec.canonical_name,
        round(8 * counted.coded_bytes / duration),
        stream.index,
        counted.coded_bytes,
        counted.doubtful,
        nominal,
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


def main(limit_s: float) -> None:
    """Answer until the input ends; a path comes as the hexadecimal form of its bytes.

    An alarm ends the program after `limit_s` seconds over one file, and those that reading it
    takes, whether or not anybody is
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
        signal.setitimer(signal.ITIMER_REAL, limit_s + reading_s(path))
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
