"""Whether all of a clip was decoded: what ffmpeg said, and what the container had promised.

Nothing is scored on half a clip. Every reason is the same each time the clip is looked at, so
it names no address and no number that depends on which thread was faster.
"""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

from mos_assets.errors import ClipError, ToolError
from mos_assets.extraction import graph, outputs
from mos_assets.extraction.bounds import MOST_FRAMES
from mos_assets.media.ffmpeg import last_error
from mos_assets.records import Probe

GONE = "the file is not there"
TOO_LONG = "measuring took longer than"
CHANGED = "it changed since raw_corpus read it"
UNREADABLE = "it cannot be read now"
UNCOUNTED = "its packets have not been counted"
"""A row that an older version stored."""
_ENDED_BY = "ffmpeg was ended by"
_KILLED = (f"{_ENDED_BY} SIGKILL", f"{_ENDED_BY} SIGTERM")
"""From outside: the machine ran out of memory, or is shutting down."""

_ENDED_EARLY = b"File ended prematurely"
_DISK_FULL = b"No space left on device"
_NOISE = re.compile(rb"not on whitelist|Last message repeated")
_DEMUXER = re.compile(
    rb"\[(in#\d+/)?(matroska,webm|mpegts|mpeg|ogg|asf|flv|nut) @ "
    rb"|\[in#\d+ @ 0x[0-9a-f]+\] CRC mismatch"
)


def is_transient(reason: str) -> bool:
    """Whether a reason may be gone at the next try: a missing file, a time limit, a kill."""
    passing = (GONE, TOO_LONG, CHANGED, UNREADABLE, UNCOUNTED, *_KILLED)
    return any(words in reason for words in passing)


def require_sound(run: subprocess.CompletedProcess[bytes], probed: Probe, folder: Path) -> int:
    """Frames that were decoded, where that is all of them.

    `folder` is where the command of `graph` ran. Raises ClipError with the
    reason for a bad clip, and ToolError where the disk was full.
    """
    if _DISK_FULL in run.stderr:
        raise ToolError(f"There is no space left in {folder.parent}; free some and run again.")
    decoded = outputs.count_frames(folder, graph.CLIP_FRAMES)
    if decoded > MOST_FRAMES:
        raise ClipError(f"it has more than {MOST_FRAMES} frames, which are refused")
    for name, whose in ((graph.CLIP_FRAMES, "its"), (graph.REFERENCE_FRAMES, "its reference's")):
        if outputs.was_rebuilt(folder, name):
            raise ClipError(f"{whose} pictures change size or format on the way")
    said = first_error(run.stderr)
    if run.returncode < 0:
        name = signal.Signals(-run.returncode).name
        raise ClipError(f"{_ENDED_BY} {name} after {decoded} frames: {said}")
    if run.returncode != 0:
        raise ClipError(f"ffmpeg stopped after {decoded} frames: {said}")
    if _ENDED_EARLY in run.stderr:
        raise ClipError(f"the file is cut off: it ends after {decoded} frames")
    complaint = _complaint(run.stderr)
    if complaint is not None:
        raise ClipError(f"the container is damaged: {complaint}")
    if decoded == 0:
        raise ClipError(f"no frame could be decoded: {said}")
    _check_count(probed, decoded)
    return decoded


def require_counted(probed: Probe) -> int:
    """The number of the measured stream. Raises ClipError for a row that an older version made."""
    if probed.stream is None or probed.frames is None or probed.doubtful is None:
        raise ClipError(f"{UNCOUNTED}; materialize raw_corpus again")
    return probed.stream


def first_error(stderr: bytes) -> str:
    """The first line that ffmpeg left: the cause, where the last is only its consequence.

    What is said of decoders that are not on the list is left out: those of sound never are.
    Addresses in memory are taken out: the same clip has the same reason every time.
    """
    lines = [line for line in stderr.split(b"\n") if line.strip() and not _NOISE.search(line)]
    return re.sub(r" @ 0x[0-9a-f]+", "", last_error(lines[0] if lines else stderr))


def _complaint(stderr: bytes) -> str | None:
    """What the demuxer of a container that lists no frames found wrong: it may skip some."""
    found = next((line for line in stderr.split(b"\n") if _DEMUXER.match(line)), None)
    return None if found is None else first_error(found)


def _check_count(probed: Probe, decoded: int) -> None:
    """Hold the decoded frames against the pictures counted in the clip's own packets."""
    if probed.frames is None or probed.doubtful is None:
        raise ValueError("only clips whose packets were counted are decoded")
    if abs(decoded - probed.frames) > probed.doubtful:
        raise ClipError(f"{decoded} frames were decoded of the {probed.frames} it should hold")
