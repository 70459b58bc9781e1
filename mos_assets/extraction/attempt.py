"""One try at measuring a clip: one decode, and for every part figures, or an error that says why.

Nothing is scored on half a clip: the frames that were decoded, the pictures in the clip's own
packets and libvmaf's count must agree. What the machine does wrong is told apart from what the
clip's bytes cannot give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError
from mos_assets.extraction import graph, outputs, reference
from mos_assets.extraction.bounds import clock_rate, memory_limit_bytes, require_comparable
from mos_assets.extraction.columns import (
    COMPARED,
    FRAMES,
    LIBVMAF,
    NR,
    SALIENCY,
    SHOT_COUNT,
    SHOT_LENGTH_STD,
    SHOT_MEAN_LENGTH,
    SHOTS,
    Columns,
)
from mos_assets.extraction.fingerprint import ReferencePolicy
from mos_assets.extraction.nr import nr_figures
from mos_assets.extraction.saliency import saliency_means
from mos_assets.extraction.scratch import scratch_folder
from mos_assets.extraction.shots import shot_figures
from mos_assets.extraction.soundness import (
    CHANGED,
    GONE,
    UNREADABLE,
    first_error,
    require_counted,
    require_sound,
    require_steady,
)
from mos_assets.extraction.transnet import transition_probabilities
from mos_assets.io.hashing import hash_file
from mos_assets.media.blame import raise_for_machine, require_room
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.processes.child import Ran, TimedOutError
from mos_assets.records import Probe

OWN_SHARE = 0.5
"""Share of the time limit that a program has to have spent computing for the clip to be slow; where
it got less the machine was busy, or its disk did not answer."""
_TORCH_WORDS = "can't allocate memory"
_OPENCV_NO_MEMORY = -4

Outcome = Columns | ClipError | MachineError


@dataclass(frozen=True, slots=True)
class ClipTask:
    """What to measure in one clip."""

    clip_id: str
    path: Path
    sha256: str
    probe: Probe
    parts: frozenset[str]
    """Names of `blocks.PARTS`."""
    reference_path: Path | None
    """Pristine file; used under the source policy only."""
    reference_sha256: str | None
    policy: ReferencePolicy


@dataclass(frozen=True, slots=True)
class _Pristine:
    path: Path
    probe: Probe
    held: graph.Held | None
    """How frames are paired by time; None where by number."""
    shape: reference.Shape


def attempt(task: ClipTask, ffmpeg: Ffmpeg, parts: set[str], limit_s: float) -> dict[str, Outcome]:
    """What one try gives for each of these parts; raises ToolError where nothing can be written."""
    found: dict[str, Outcome] = {}
    compared = parts & COMPARED
    pristine: _Pristine | None = None
    if compared and task.policy is not ReferencePolicy.SOURCE:
        try:
            require_comparable(task.probe)
        except ClipError as error:
            found |= dict.fromkeys(compared, error)
            parts = parts - compared
    elif compared:
        try:
            pristine = _usable_reference(task, ffmpeg, limit_s)
            require_comparable(pristine.probe)
            found |= _decode_and_score(task, ffmpeg, parts, pristine, limit_s)
            if _numbers_differ(found, compared):
                again = _by_time(pristine)
                found |= _decode_and_score(task, ffmpeg, compared, again, limit_s)
            return found
        except (ClipError, MachineError) as error:
            found |= dict.fromkeys(compared, error)
        parts = parts - compared
        # The reference may be what failed: the parts that do without it are tried alone.
    try:
        return found | (_decode_and_score(task, ffmpeg, parts, None, limit_s) if parts else {})
    except (ClipError, MachineError) as error:
        return found | dict.fromkeys(parts, error)


class _CountsDifferError(ClipError):
    """Clip and reference of one rate last equally long and have unequal numbers of pictures."""


def _numbers_differ(found: dict[str, Outcome], compared: set[str]) -> bool:
    return any(isinstance(found[part], _CountsDifferError) for part in compared)


def _by_time(pristine: _Pristine) -> _Pristine:
    held = reference.held_nearest(pristine.probe, pristine.shape)
    return _Pristine(pristine.path, pristine.probe, held, pristine.shape)


def _usable_reference(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> _Pristine:
    """The pristine file, where the clip can be compared with it."""
    path = task.reference_path
    if path is None:
        raise ClipError("the labels name no reference for it")
    if not path.is_file():
        raise MachineError(f"reference {path.name}: {GONE}", passing=False)
    try:
        header = probe(path)
    except OSError as error:
        why = error.strerror or error
        raise MachineError(f"reference {path.name}: {UNREADABLE} ({why})") from error
    except ClipError as error:
        raise ClipError(f"reference {path.name}: {error}") from error
    if not task.path.is_file():
        raise MachineError(GONE, passing=False)
    with scratch_folder() as folder:
        probes = (task.probe, header)
        files = (task.path, require_counted(task.probe)), (path, require_counted(header))
        run = _run(ffmpeg, graph.first_pictures(*files), folder, probes, limit_s)
        _blame(run, probes, limit_s)
        clip, shape = (reference.read_shape(folder, number) for number in range(len(files)))
    reference.require_same_shape(clip, shape)
    return _Pristine(path, header, reference.held(task.probe, header, shape), shape)


def _decode_and_score(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    pristine: _Pristine | None,
    limit_s: float,
) -> dict[str, Outcome]:
    """One decode for these parts; raises ClipError or MachineError where it fails for all."""
    found: dict[str, Outcome] = {}
    with scratch_folder() as folder:
        try:
            decoded = _decode(task, ffmpeg, parts, pristine, folder, limit_s)
        except (ClipError, MachineError):
            # A full disk is not always told of: libvmaf's log and ffmpeg's own just stay empty.
            require_room(folder)
            raise
        for part in sorted(parts):
            try:
                found[part] = _figures_on_machine(part, task.probe, pristine, folder, decoded)
            except (ClipError, MachineError) as error:
                require_room(folder)
                found[part] = error
    return found


def _decode(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    pristine: _Pristine | None,
    folder: Path,
    limit_s: float,
) -> int:
    """Run the one command in `folder`; frames decoded."""
    if not task.path.is_file():
        raise MachineError(GONE, passing=False)
    path, held, opened = None, None, [task.probe]
    if pristine is not None:
        path, held = pristine.path, pristine.held
        opened.append(pristine.probe)
    streams = [require_counted(header) for header in opened]
    rate = clock_rate(task.probe)
    arguments = graph.command(
        task.path, path, parts, task.policy, rate, (streams[0], streams[-1]), held
    )
    run = _run(ffmpeg, arguments, folder, opened, limit_s)
    _require_unchanged(task, path)
    require_steady(run, folder, sources=len(opened))
    _blame(run, opened, limit_s)
    return require_sound(run, task.probe, folder)


def _run(
    ffmpeg: Ffmpeg,
    arguments: list[str],
    folder: Path,
    opened: Sequence[Probe],
    limit_s: float,
) -> Ran:
    memory = memory_limit_bytes(*opened)
    try:
        return run_ffmpeg(ffmpeg, arguments, timeout_s=limit_s, memory_bytes=memory, cwd=folder)
    except TimedOutError as error:
        if error.cpu_s is not None and error.cpu_s >= OWN_SHARE * limit_s:
            raise ClipError(f"it takes more than {limit_s:.0f} s of computing") from error
        raise MachineError(
            f"measuring took longer than {limit_s:.0f} s, most of it waiting for the machine",
            passing=False,
        ) from error
    except OSError as error:
        raise MachineError(f"ffmpeg could not be started ({error.strerror or error})") from error


def _blame(run: Ran, opened: Sequence[Probe], limit_s: float) -> None:
    memory = memory_limit_bytes(*opened)
    raise_for_machine(run, memory, limit_s, said=first_error(run.stderr))


def _require_unchanged(task: ClipTask, pristine: Path | None) -> None:
    """What was measured is what the figures are kept under: the bytes that were hashed."""
    for path, sha256 in ((task.path, task.sha256), (pristine, task.reference_sha256)):
        try:
            same = path is None or hash_file(path) == sha256
        except OSError as error:
            raise MachineError(f"{UNREADABLE} ({error.strerror or error})") from error
        if not same:
            raise MachineError(f"{CHANGED}; materialize raw_corpus again", passing=False)


def _figures_on_machine(
    part: str, probed: Probe, pristine: _Pristine | None, folder: Path, decoded: int
) -> Columns:
    """As `_figures`; raises MachineError where this process runs out of something."""
    try:
        return _figures(part, probed, pristine, folder, decoded)
    except MemoryError as error:
        raise MachineError("out of memory while its pictures were looked at") from error
    except OSError as error:
        require_room(folder)
        raise MachineError(f"its pictures could not be looked at ({error.strerror})") from error
    except Exception as error:
        # Torch and OpenCV have no type of their own for it.
        if getattr(error, "code", None) == _OPENCV_NO_MEMORY or _TORCH_WORDS in str(error):
            raise MachineError("out of memory while its pictures were looked at") from error
        raise


def _figures(
    part: str, probed: Probe, pristine: _Pristine | None, folder: Path, decoded: int
) -> Columns:
    if part in COMPARED and pristine is not None:
        compared = _require_paired(probed, pristine, folder, decoded)
    else:
        compared = decoded
    if part == LIBVMAF:
        return outputs.libvmaf_means(folder, compared)
    if part == SALIENCY:
        return Columns(saliency_means(outputs.grey_frames(folder)), None)
    if part == NR:
        return nr_figures(folder, probed, decoded, compared)
    if part != SHOTS:
        raise ValueError(f"{part!r} is not a part of a measurement")
    probabilities = transition_probabilities(outputs.thumbnails(folder, decoded))
    shots = shot_figures(probabilities, probed.fps)
    if shots.length_std_s is None or shots.frames is None:
        raise ValueError("measured shots always have a deviation and a number of frames")
    figures = {
        SHOT_COUNT: float(shots.shot_count),
        SHOT_MEAN_LENGTH: shots.mean_length_s,
        SHOT_LENGTH_STD: shots.length_std_s,
        FRAMES: float(shots.frames),
    }
    return Columns(figures, None)


def _require_paired(probed: Probe, pristine: _Pristine, folder: Path, decoded: int) -> int:
    """Pairs of pictures that were compared, where clip and reference last equally long."""
    frames = outputs.count_frames(folder, graph.REFERENCE_TIMES)
    if frames == 0:
        raise DoubtfulClipError("no frame of its reference was decoded")
    shown = tuple(
        outputs.shown_s(folder, name) for name in (graph.CLIP_TIMES, graph.REFERENCE_TIMES)
    )
    reference.require_same_duration(probed, pristine.probe, (decoded, frames), shown)
    if pristine.held is None and frames != decoded:
        raise _CountsDifferError(f"it has {decoded} frames, its reference {frames}")
    return frames
