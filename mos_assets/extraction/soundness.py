"""Whether all of a clip was decoded: what ffmpeg said, and what the container had promised.

Nothing is scored on half a clip. Every reason is the same each time the clip is looked at, so
it names no address and no number that depends on which thread was faster.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.extraction import graph, outputs
from mos_assets.extraction.bounds import MOST_FRAMES
from mos_assets.media.child import Ran
from mos_assets.media.ffmpeg import last_error
from mos_assets.records import Probe

STATED_RATE_TOLERANCE = 0.05
"""Relative difference at which timestamps overrule the frame rate that a container states."""
DURATION_TOLERANCE = 0.1
"""Share of a stated duration that may be missing where the container counts no frames."""

GONE = "the file is not there"
CHANGED = "it changed since raw_corpus read it"
UNREADABLE = "it cannot be read now"
_ENDED_EARLY = b"File ended prematurely"
_NOISE = re.compile(rb"not on whitelist|Last message repeated")
_DEMUXER = re.compile(rb"\[(in#\d+/)?(matroska,webm|mov,mp4[\w,]*|mpegts|mpeg|ogg|asf|flv|nut) @ ")
_CLOCK_RESTARTED = re.compile(rb"[Nn]on[- ]monoton")
"""Frames are numbered as they come, so their clock restarts only where the graph was rebuilt."""


def require_steady(run: Ran, folder: Path, sources: int) -> None:
    """Raise ClipError for pictures that are too many or change on the way, which ffmpeg may not
    survive; `folder` is where the command of `graph` ran, on `sources` files."""
    decoded = outputs.count_frames(folder, graph.CLIP_FRAMES)
    if decoded > MOST_FRAMES:
        raise ClipError(f"it has more than {MOST_FRAMES} frames, which are refused")
    if _CLOCK_RESTARTED.search(run.stderr):
        whose = "its" if sources == 1 else "its or its reference's"
        raise ClipError(f"{whose} pictures change size or format on the way")


def require_sound(run: Ran, probed: Probe, folder: Path) -> int:
    """Frames that were decoded, where that is all of them.

    `folder` is where the command of `graph` ran; that the machine did not fail was made sure of
    (`media/blame.py`). Raises ClipError with the reason for a bad clip, and
    DoubtfulClipError where ffmpeg saw no fault and the frames are too few all the same.
    """
    decoded = outputs.count_frames(folder, graph.CLIP_FRAMES)
    said = first_error(run.stderr)
    if run.returncode != 0:
        raise ClipError(f"ffmpeg stopped after {decoded} frames: {said}")
    if _ENDED_EARLY in run.stderr:
        raise ClipError(f"the file is cut off: it ends after {decoded} frames")
    complaint = _complaint(run.stderr) if probed.frames is None else None
    if complaint is not None:
        raise ClipError(f"the container is damaged: {complaint}")
    if decoded == 0:
        raise DoubtfulClipError(f"no frame could be decoded: {said}")
    try:
        _check_count(probed, decoded, outputs.shown_s(folder, graph.CLIP_FRAMES))
    except ClipError as error:
        raise DoubtfulClipError(str(error)) from None
    return decoded


def first_error(stderr: bytes) -> str:
    """The first line that ffmpeg left: the cause, where the last is only its consequence.

    What is said of decoders that are not on the list is left out: those of sound never are.
    Addresses in memory are taken out: the same clip has the same reason every time.
    """
    lines = [line for line in stderr.split(b"\n") if line.strip() and not _NOISE.search(line)]
    return re.sub(r" @ 0x[0-9a-f]+", "", last_error(lines[0] if lines else stderr))


def true_rate(stated: float, decoded: int, shown_s: float | None) -> float:
    """Frames a second by timestamps where they contradict the stated rate, else the stated one."""
    if shown_s is None or shown_s <= 0 or decoded < 2:
        return stated
    measured = (decoded - 1) / shown_s
    return stated if math.isclose(measured, stated, rel_tol=STATED_RATE_TOLERANCE) else measured


def _complaint(stderr: bytes) -> str | None:
    """What the demuxer of a container that counts no frames found wrong: it may skip some."""
    found = next((line for line in stderr.split(b"\n") if _DEMUXER.match(line)), None)
    return None if found is None else first_error(found)


def _check_count(probed: Probe, decoded: int, shown_s: float | None) -> None:
    """Hold the decoded frames against the container; an edit list may hide some of its frames."""
    by_time = None if probed.duration_s is None else probed.duration_s * probed.fps
    if probed.frames is not None:
        expected = probed.frames
        if by_time is not None:
            expected = min(expected, math.floor(by_time + 1e-6))
        if not expected <= decoded <= probed.frames:
            raise ClipError(f"{decoded} frames were decoded of the {probed.frames} it should hold")
        return
    if probed.duration_s is None:
        return
    span = (decoded - 1) / probed.fps if shown_s is None else shown_s
    if span < probed.duration_s * (1 - DURATION_TOLERANCE) - 2 / probed.fps:
        raise ClipError(
            f"its {decoded} frames show {span:.2f} s of {probed.duration_s:.2f} s it should last"
        )
