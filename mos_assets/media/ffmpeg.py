"""Finding the ffmpeg program and calling it safely.

Clips come from strangers: only plain files may be opened, only by formats that hold
video themselves and by decoders that such files need, never through a shell, and a file name
can never become an option. Pictures, probing, time and memory are bounded.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mos_assets.errors import ToolError
from mos_assets.io.hashing import hash_text
from mos_assets.media.abilities import NEEDED, lacks
from mos_assets.processes.child import Ran, ResourceLimits, run_limited

CONTAINER_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpeg,mpegts,ogg,asf,y4m,yuv4mpegpipe,"
    "ivf,h264,hevc,obu,m4v,mxf,nut"
)
"""Demuxers that a clip may use: no playlist, no concat script, no session description."""
VIDEO_DECODERS = (
    "h264,hevc,vvc,av1,libdav1d,libaom-av1,vp6,vp6a,vp6f,vp8,vp9,libvpx,libvpx-vp9,theora,"
    "mpeg1video,mpeg2video,mpegvideo,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,h261,h263,h263i,h263p,flv,"
    "wmv1,wmv2,wmv3,vc1,mjpeg,dvvideo,prores,dnxhd,cfhd,ffv1,huffyuv,ffvhuff,utvideo,magicyuv,"
    "jpeg2000,libopenjpeg,png,qtrle,svq1,svq3,cinepak,v210,v410,r210,rawvideo"
)
"""Decoders that a clip may use: every other one, those of sound included, is never begun."""
MAX_SIDE = 16384
"""Lines or columns beyond which a clip is refused."""
MAX_PIXELS = 1 << 26
"""Pixels a picture beyond which a clip is refused; four times those of 4096 by 4096."""
PROBE_BYTES = 5_000_000
"""Read at most this far to learn what a file holds."""
PROBE_US = 5_000_000
"""Look at most at this much of the film to learn what a file holds."""
LIMITS = {
    "protocol_whitelist": "file",
    "format_whitelist": CONTAINER_FORMATS,
    "codec_whitelist": VIDEO_DECODERS,
    "probesize": str(PROBE_BYTES),
    "analyzeduration": str(PROBE_US),
    "max_pixels": str(MAX_PIXELS),
}
"""Options under which every clip is opened, by the program and by the library alike."""

REMEDY = (
    "Unset MOS_FFMPEG to use the build of imageio-ffmpeg 0.8 or newer, or point it to an ffmpeg "
    "7.1 or newer built with --enable-libvmaf --enable-libx264."
)


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """One ffmpeg program that has libvmaf."""

    path: str
    version: str
    """Its own word, such as `n9.0.2-17-g2a571b6068`, and a hash of all that `-version` says: the
    same release may be built with another x264 or libvmaf."""


def find_ffmpeg(configured: str | None = None) -> Ffmpeg:
    """The program of MOS_FFMPEG, else the one in the imageio-ffmpeg package.

    It is asked once in a process, while its file stays as it is. Raises ToolError when it is
    missing, does not run, or cannot do what measuring needs; that names what is needed, what
    was found, and its version.
    """
    path = configured or _bundled()
    found = shutil.which(path)
    try:
        state = Path(found or path).stat()
    except OSError as error:
        raise ToolError(f"ffmpeg does not run: {error}. {REMEDY}") from error
    return _asked(path, state.st_size, state.st_mtime_ns)


def _bundled() -> str:
    import imageio_ffmpeg

    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise ToolError(f"No ffmpeg was found: {error}. {REMEDY}") from error
    return program


@lru_cache(maxsize=8)
def _asked(path: str, size: int, mtime_ns: int) -> Ffmpeg:
    banner = _ask(path, "-version")
    match = re.match(r"ffmpeg version (\S+)", banner)
    if match is None:
        raise ToolError(f"{path} does not answer as ffmpeg does. {REMEDY}")
    try:
        missing = lacks(path)
    except OSError as error:
        raise ToolError(f"{path} could not be tried: {error}.") from error
    if missing:
        told = "; ".join(f"{lack.what} ({lack.said})" for lack in missing)
        raise ToolError(
            f"{path} (version {match[1]}) cannot do what measuring needs. Needed: {NEEDED}. "
            f"Missing: {told}. {REMEDY}"
        )
    build = hash_text(banner)[:8]
    return Ffmpeg(path=path, version=f"{match[1]}-{build}")


def known_names(ffmpeg: Ffmpeg, question: str) -> frozenset[str]:
    """The names that it lists for `-demuxers`, `-decoders` and the like."""
    lines = _ask(ffmpeg.path, question).splitlines()
    listed = [line.split()[1] for line in lines if re.match(r"^ [A-Z. ]{2,6} +[^=\s]", line)]
    return frozenset(name for names in listed for name in names.split(","))


def input_arguments(path: Path) -> list[str]:
    """Arguments that open one clip, and nothing else, as an input of ffmpeg."""
    limits = [word for name, value in LIMITS.items() for word in (f"-{name}", value)]
    return [*limits, "-i", f"file:{path.absolute()}"]


def run_ffmpeg(
    ffmpeg: Ffmpeg,
    arguments: Sequence[str],
    *,
    timeout_s: float | None = None,
    memory_bytes: int | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run ffmpeg quietly with these arguments; the caller judges the return code.

    `memory_bytes` bounds its address space where the system can (Linux). Raises TimedOutError
    after `timeout_s` seconds; the process is gone by then. Raises OSError where the machine
    cannot start a program.
    """
    command = [ffmpeg.path, "-nostdin", "-hide_banner", "-loglevel", "error", *arguments]
    return run_limited(command, ResourceLimits(timeout_s, memory_bytes), cwd=cwd)


def last_error(stderr: bytes) -> str:
    """The most telling line that ffmpeg left on its error stream, fit for one line of a table."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = ["".join(c if c.isprintable() else "?" for c in line) for line in lines if line]
    return lines[-1][:300] if lines else "no message"


def _ask(path: str, question: str) -> str:
    try:
        answer = subprocess.run(
            [path, "-hide_banner", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"ffmpeg does not run: {error}. {REMEDY}") from error
    return answer.stdout.decode("utf-8", "replace")
