"""Whether a decode gave all of a clip: what ffmpeg said, and what the container had promised.

Nothing is scored on half a clip. Every reason is the same each time the clip is looked at, so
it names no address and no number that depends on which thread was faster.
"""

from __future__ import annotations

import re
from pathlib import Path

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError
from mos_assets.features import frame_logs
from mos_assets.features.resource_limits import MOST_FRAMES
from mos_assets.media.ffmpeg import last_error
from mos_assets.processes.child import Ran
from mos_assets.records import Probe

UNCOUNTED = "its packets have not been counted"
"""A row that an older version stored."""
_ENDED_EARLY = b"File ended prematurely"
_NOISE = re.compile(rb"not on whitelist|Last message repeated")
_DEMUXER = re.compile(
    rb"\[(in#\d+/)?(matroska,webm|mpegts|mpeg|ogg|asf|flv|nut) @ "
    rb"|\[in#\d+ @ 0x[0-9a-f]+\] CRC mismatch"
)


def require_steady(run: Ran, folder: Path, sources: int) -> None:
    """Raise ClipError for pictures that are too many or change on the way, which ffmpeg may not
    survive; `folder` is where the command ran, on `sources` files."""
    if frame_logs.count_frames(folder, frame_logs.CLIP_FRAMES) > MOST_FRAMES:
        raise ClipError(f"it has more than {MOST_FRAMES} frames, which are refused")
    if frame_logs.was_rebuilt(folder, frame_logs.CLIP_FRAMES):
        whose = "its" if sources == 1 else "its or its reference's"
        raise ClipError(f"{whose} pictures change size or format on the way")


def require_complete(run: Ran, probed: Probe, folder: Path) -> int:
    """Frames that were decoded, where that is all of them.

    `folder` is where the command ran; that the machine did not fail was made sure of
    (`media/blame.py`). Raises ClipError with the reason for a bad clip, and
    DoubtfulClipError where ffmpeg saw no fault and the frames are too few all the same.
    """
    decoded = frame_logs.count_frames(folder, frame_logs.CLIP_FRAMES)
    said = first_error(run.stderr)
    if run.returncode != 0:
        # A signal that meets it while it opens a file looks as if the file were broken.
        kind = ClipError if decoded else DoubtfulClipError
        raise kind(f"ffmpeg stopped after {decoded} frames: {said}")
    if _ENDED_EARLY in run.stderr:
        raise ClipError(f"the file is cut off: it ends after {decoded} frames")
    complaint = _complaint(run.stderr)
    if complaint is not None:
        raise ClipError(f"the container is damaged: {complaint}")
    if decoded == 0:
        raise DoubtfulClipError(f"no frame could be decoded: {said}")
    _check_count(probed, decoded)
    return decoded


def require_counted(probed: Probe) -> int:
    """The number of the measured stream; MachineError for a row that an older version made."""
    if probed.stream is None or probed.frames is None or probed.doubtful is None:
        raise MachineError(f"{UNCOUNTED}; materialize raw_corpus again", passing=False)
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
        raise DoubtfulClipError(
            f"{decoded} frames were decoded of the {probed.frames} it should hold"
        )
