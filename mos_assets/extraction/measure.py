"""Measuring clips: one decode a clip, every part that was asked for, a figure or a reason.

Nothing here stops a run because of one clip, and nothing is scored on half a clip: the
frames that were decoded, the pictures in the clip's own packets and libvmaf's count must agree.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mos_assets.errors import ClipError
from mos_assets.extraction import graph, outputs
from mos_assets.extraction.bounds import (
    clock_rate,
    memory_limit_bytes,
    require_comparable,
    time_limit_s,
)
from mos_assets.extraction.columns import (
    COMPARED,
    FIGURES_OF_PART,
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
from mos_assets.extraction.fingerprint import fingerprint
from mos_assets.extraction.nr import nr_figures
from mos_assets.extraction.saliency import saliency_means
from mos_assets.extraction.shots import shot_figures
from mos_assets.extraction.soundness import (
    CHANGED,
    GONE,
    TOO_LONG,
    UNREADABLE,
    require_counted,
    require_sound,
)
from mos_assets.extraction.threads import one_core_each, single_threaded
from mos_assets.extraction.transnet import transition_probabilities
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import hash_file, probe
from mos_assets.records import Measurement, Probe
from mos_assets.settings import ReferencePolicy

SCRATCH = "mos-clip-"
"""How the folders begin in which ffmpeg works; the number of their process follows."""
RATE_TOLERANCE = 1e-3
"""Relative difference at which two frame rates are no longer the same."""


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


def measure_clip(
    task: ClipTask, ffmpeg: Ffmpeg, *, limit_s: float | None = None
) -> tuple[Measurement, ...]:
    """One measurement a part, in the order of part names; nothing about a clip raises.

    `limit_s` replaces the time limit that follows from the clip's length. Raises ToolError
    where ffmpeg or a library is missing or broken.
    """
    unknown = task.parts - FIGURES_OF_PART.keys()
    if unknown:
        raise ValueError(f"unknown parts {sorted(unknown)}")
    prints = {part: fingerprint(part, task.policy, ffmpeg) for part in sorted(task.parts)}
    found: dict[str, Columns | str] = {}
    if task.parts:
        with single_threaded(task.parts):
            found = _measure(task, ffmpeg, limit_s or time_limit_s(task.probe))
    return tuple(_measurement(task, part, name, found[part]) for part, name in prints.items())


def measure_clips(
    tasks: Sequence[ClipTask],
    ffmpeg: Ffmpeg,
    *,
    workers: int,
    on_done: Callable[[ClipTask, tuple[Measurement, ...]], None] | None = None,
) -> tuple[tuple[Measurement, ...], ...]:
    """Measure clips in parallel; results come in the order of `tasks`.

    A worker and the ffmpeg it starts share one core. `on_done` runs in the calling thread for
    each clip as soon as it is measured. The results do not depend on `workers`.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    sweep_scratch()
    parts = frozenset[str]().union(*(task.parts for task in tasks))
    with (
        single_threaded(parts),
        ThreadPoolExecutor(workers, initializer=one_core_each()) as pool,
    ):
        futures = {pool.submit(measure_clip, task, ffmpeg): task for task in tasks}
        try:
            for future in as_completed(futures):
                result = future.result()
                if on_done is not None:
                    on_done(futures[future], result)
        except BaseException:
            # Clips in flight are finished, those that wait are not begun.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(future.result() for future in futures)


def sweep_scratch() -> None:
    """Remove the working folders of processes on this machine that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        owner = folder.name.removeprefix(SCRATCH).partition("-")[0]
        # Whatever a stranger has put under this name belongs to somebody else, and stays.
        with suppress(OSError):
            if owner.isdigit() and not _runs(int(owner)) and folder.lstat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def content_key(
    part: str, policy: ReferencePolicy, sha256: str, reference_sha256: str | None
) -> str:
    """What the figures of a part depend on: the clip's bytes, and its reference's where used."""
    if part in COMPARED and policy is ReferencePolicy.SOURCE and reference_sha256 is not None:
        return f"{sha256}+{reference_sha256}"
    return sha256


def _measurement(task: ClipTask, part: str, name: str, outcome: Columns | str) -> Measurement:
    content = content_key(part, task.policy, task.sha256, task.reference_sha256)
    if isinstance(outcome, str):
        return Measurement(content, part, name, figures={}, reason=outcome)
    return Measurement(content, part, name, outcome.figures, outcome.reason)


def _measure(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> dict[str, Columns | str]:
    """Figures or a reason for every part of the task."""
    found: dict[str, Columns | str] = {}
    parts = set(task.parts)
    reference: tuple[Path, Probe] | None = None
    compared = parts & COMPARED
    if compared:
        try:
            if task.policy is ReferencePolicy.SOURCE:
                reference = _usable_reference(task)
            require_comparable(task.probe if reference is None else reference[1])
        except ClipError as error:
            found |= dict.fromkeys(compared, str(error))
            parts -= compared
    if not parts:
        return found
    try:
        return found | _decode_and_score(task, ffmpeg, parts, reference, limit_s)
    except ClipError as error:
        if reference is None:
            return found | dict.fromkeys(parts, str(error))
        found |= dict.fromkeys(compared, str(error))
        parts -= compared
    # The reference may be what failed: the parts that do without it are tried alone.
    try:
        return found | (_decode_and_score(task, ffmpeg, parts, None, limit_s) if parts else {})
    except ClipError as error:
        return found | dict.fromkeys(parts, str(error))


def _decode_and_score(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    reference: tuple[Path, Probe] | None,
    limit_s: float,
) -> dict[str, Columns | str]:
    """One decode for these parts; raises ClipError where it fails for all of them."""
    found: dict[str, Columns | str] = {}
    with TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-") as name:
        folder = Path(name)
        decoded = _decode(task, ffmpeg, parts, reference, folder, limit_s)
        for part in sorted(parts):
            try:
                found[part] = _figures(part, task.probe, reference is not None, folder, decoded)
            except ClipError as error:
                found[part] = str(error)
    return found


def _usable_reference(task: ClipTask) -> tuple[Path, Probe]:
    if task.reference_path is None:
        raise ClipError("the labels name no reference for it")
    if not task.reference_path.is_file():
        raise ClipError(f"reference {task.reference_path.name}: {GONE}")
    try:
        pristine = probe(task.reference_path)
    except OSError as error:
        why = error.strerror or error
        raise ClipError(f"reference {task.reference_path.name}: {UNREADABLE} ({why})") from error
    except ClipError as error:
        raise ClipError(f"reference {task.reference_path.name}: {error}") from error
    if not math.isclose(pristine.fps, task.probe.fps, rel_tol=RATE_TOLERANCE):
        raise ClipError(
            f"it runs at {task.probe.fps:.3f} frames a second, its reference at {pristine.fps:.3f}"
        )
    return task.reference_path, pristine


def _decode(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    reference: tuple[Path, Probe] | None,
    folder: Path,
    limit_s: float,
) -> int:
    """Run the one command in `folder`; frames decoded. Raises ClipError for a bad clip."""
    if not task.path.is_file():
        raise ClipError(GONE)
    pristine, opened = None, [task.probe]
    if reference is not None:
        pristine, header = reference
        opened.append(header)
    streams = [require_counted(header) for header in opened]
    arguments = graph.command(
        task.path, pristine, parts, task.policy, clock_rate(task.probe), (streams[0], streams[-1])
    )
    memory = memory_limit_bytes(*opened)
    try:
        run = run_ffmpeg(ffmpeg, arguments, timeout_s=limit_s, memory_bytes=memory, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise ClipError(f"{TOO_LONG} {limit_s:.0f} s") from error
    _require_unchanged(task, pristine)
    return require_sound(run, task.probe, folder)


def _require_unchanged(task: ClipTask, reference: Path | None) -> None:
    """What was measured is what the figures are kept under: the bytes that were hashed."""
    for path, sha256 in ((task.path, task.sha256), (reference, task.reference_sha256)):
        try:
            same = path is None or hash_file(path) == sha256
        except OSError as error:
            raise ClipError(f"{UNREADABLE} ({error.strerror or error})") from error
        if not same:
            raise ClipError(f"{CHANGED}; materialize raw_corpus again")


def _figures(part: str, probed: Probe, with_reference: bool, folder: Path, decoded: int) -> Columns:
    if part in COMPARED and with_reference:
        frames = outputs.count_frames(folder, graph.REFERENCE_FRAMES)
        if frames != decoded:
            raise ClipError(f"it has {decoded} frames, its reference {frames}")
    if part == LIBVMAF:
        return outputs.libvmaf_means(folder, decoded)
    if part == SALIENCY:
        return Columns(saliency_means(outputs.grey_frames(folder)), None)
    if part == NR:
        return nr_figures(folder, probed, decoded)
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
