"""Decoding a clip once: the one command, run within its bounds, and who is to blame where it fails.

Nothing is scored on half a clip: what was decoded is all of the clip, or an error says why. What
the machine does wrong is told apart from what the clip's bytes cannot give.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, MachineError
from mos_assets.features import interlaced
from mos_assets.features.command import Held, command
from mos_assets.features.decode_check import (
    first_error,
    require_complete,
    require_counted,
    require_steady,
)
from mos_assets.features.frame_logs import REFERENCE_TIMES, count_frames
from mos_assets.features.resource_limits import clock_rate, memory_limit_bytes
from mos_assets.features.stride import Stride, stride
from mos_assets.features.task import ClipTask
from mos_assets.io.hashing import hash_file
from mos_assets.media.blame import raise_for_machine, require_room
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.joints import mended
from mos_assets.processes.child import Ran, TimedOutError
from mos_assets.records import Probe

GONE = "the file is not there"
CHANGED = "it changed since raw_corpus read it"
UNREADABLE = "it cannot be read now"
OWN_SHARE = 0.9
"""Share of the time limit that a program has to have spent computing for the clip to be slow; where
it got less the machine was busy, or its disk did not answer."""
_AS_TAGGED: tuple[int | None, int | None] = (None, None)
CLIP_COPY, REFERENCE_COPY = "clip.ts", "reference.ts"


@dataclass(frozen=True, slots=True)
class Beside:
    """A pristine file that is decoded beside the clip."""

    path: Path
    probe: Probe
    held: Held | None
    """How frames are paired by time; None where by number."""
    matrices: tuple[int | None, int | None]
    """What clip and file are compared in where they are not tagged (`colour_tags.py`)."""


def decode(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: Set[str],
    pristine: Beside | None,
    folder: Path,
    limit_s: float,
) -> int:
    """Run the one command for these parts in `folder`; frames of the clip, which are all of it.

    Raises ClipError for what its bytes cannot give, and MachineError for what the machine did.
    """
    if not task.path.is_file():
        raise MachineError(GONE, passing=False)
    path, held, opened, matrices = None, None, [task.probe], _AS_TAGGED
    clip, beside = mended(task.path, folder / CLIP_COPY), None
    if pristine is not None:
        path, held, matrices = pristine.path, pristine.held, pristine.matrices
        beside = mended(path, folder / REFERENCE_COPY)
        opened.append(pristine.probe)
    streams = [require_counted(header) for header in opened]
    arguments = command(
        clip,
        beside,
        parts,
        task.comparison.reference,
        clock_rate(task.probe),
        (streams[0], streams[-1]),
        held,
        task.probe,
        stride_of(task, pristine),
        task.comparison.loopback,
        matrices,
    )
    ran = run(ffmpeg, arguments, folder, opened, limit_s)
    _require_unchanged(task, path)
    require_steady(ran, folder, sources=len(opened))
    blame(ran, opened, limit_s)
    frames = require_complete(ran, task.probe, folder)
    interlaced.require_progressive(folder, interlaced.CLIP_FIELDS, frames)
    if pristine is not None:
        shown = count_frames(folder, REFERENCE_TIMES)
        interlaced.require_progressive(folder, interlaced.REFERENCE_FIELDS, shown)
    return frames


def stride_of(task: ClipTask, pristine: Beside | None) -> Stride:
    """Which of the pairs are compared; their number is that of the file that leads.

    Raises MachineError for a row that an older version made.
    """
    leads = task.probe if pristine is None or pristine.held is None else pristine.probe
    require_counted(leads)
    return stride(task.comparison.sampling, leads.frames or 0)


def run(
    ffmpeg: Ffmpeg,
    arguments: list[str],
    folder: Path,
    opened: Sequence[Probe],
    limit_s: float,
) -> Ran:
    """What ffmpeg did in `folder` within the bounds that these clips have.

    Raises ClipError where computing took all of the time, else MachineError where it did not end.
    """
    memory = memory_limit_bytes(*opened)
    try:
        return run_ffmpeg(ffmpeg, arguments, timeout_s=limit_s, memory_bytes=memory, cwd=folder)
    except TimedOutError as error:
        if error.cpu_s is not None and error.cpu_s >= OWN_SHARE * limit_s:
            raise ClipError(
                f"it takes more than {limit_s:.0f} s ({error.cpu_s:.0f} s of computing)"
            ) from error
        raise MachineError(
            f"measuring took longer than {limit_s:.0f} s, most of it waiting for the machine",
            passing=False,
        ) from error
    except OSError as error:
        raise MachineError(f"ffmpeg could not be started ({error.strerror or error})") from error


def blame(ran: Ran, opened: Sequence[Probe], limit_s: float) -> None:
    """Raise MachineError where the machine is the reason for what ffmpeg said."""
    memory = memory_limit_bytes(*opened)
    raise_for_machine(ran, memory, limit_s, said=first_error(ran.stderr))


@contextmanager
def on_machine() -> Iterator[None]:
    """MachineError, or ToolError of a full disk, where this process runs out of something."""
    try:
        yield
    except (OSError, MemoryError) as error:
        why = getattr(error, "strerror", None) or "out of memory"
        where = Path(tempfile.gettempdir())
        if isinstance(error, OSError) and where.is_dir():
            require_room(where)
        raise MachineError(f"this process could not go on with it ({why})") from error


def _require_unchanged(task: ClipTask, pristine: Path | None) -> None:
    """What was measured is what the figures are kept under: the bytes that were hashed."""
    for path, sha256 in ((task.path, task.sha256), (pristine, task.reference_sha256)):
        try:
            same = path is None or hash_file(path) == sha256
        except OSError as error:
            raise MachineError(f"{UNREADABLE} ({error.strerror or error})") from error
        if not same:
            raise MachineError(f"{CHANGED}; materialize raw_corpus again", passing=False)
