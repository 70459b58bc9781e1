"""One small picture of a clip, for a page that a person looks at."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import Ffmpeg, input_arguments, last_error, run_ffmpeg

SIDE = 240
"""Columns or lines of the longer side."""
_SECONDS = 20.0
_MEMORY_BYTES = 2 << 30
_SHORTER = f"max(16,2*trunc({SIDE}/2*{{}}))"
"""Lines or columns of the other side, by the shape that a player shows."""
_SCALE = (
    f"scale=w='if(gte(dar,1),{SIDE},{_SHORTER.format('dar')})'"
    f":h='if(gte(dar,1),{_SHORTER.format('1/dar')},{SIDE})',setsar=1"
)


def thumbnail(ffmpeg: Ffmpeg, clip: Path, *, at_s: float = 0.0, stream: int | None = None) -> bytes:
    """A JPEG of one picture, some kB: the first at or after `at_s` seconds, else the first of all.

    stream: number of the stream in the file, as in `Probe.stream`. The same file and program give
    the same bytes.
    Raises ClipError where no picture comes of it, whoever is to blame.
    """
    said = "it holds no picture"
    for start in dict.fromkeys((at_s, 0.0)):
        seek = ["-ss", f"{start:.3f}"] if start > 0.0 and math.isfinite(start) else []
        arguments = [
            *("-threads", "1", *seek, *input_arguments(clip)),
            *("-map", "0:v:0" if stream is None else f"0:{stream}"),
            *("-frames:v", "1", "-vf", _SCALE, "-pix_fmt", "yuvj420p", "-threads", "1"),
            *("-c:v", "mjpeg", "-q:v", "6", "-flags", "+bitexact", "-f", "image2pipe", "pipe:1"),
        ]
        try:
            run = run_ffmpeg(ffmpeg, arguments, timeout_s=_SECONDS, memory_bytes=_MEMORY_BYTES)
        except subprocess.TimeoutExpired as error:
            raise ClipError(f"it takes more than {_SECONDS:.0f} s") from error
        except OSError as error:
            raise ClipError(f"ffmpeg could not be started: {error}") from error
        if run.returncode == 0 and run.stdout:
            return bytes(run.stdout)
        if run.returncode != 0:
            said = last_error(run.stderr)
    raise ClipError(said)
