"""Measuring clips: one decode a clip, every part that was asked for, a figure or a reason.

Nothing here stops a run because of one clip. A reason is kept as a property of the clip's bytes
only where another try may not say otherwise; what the machine did wrong is a `Setback`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError
from mos_assets.features.command import sampling_step
from mos_assets.features.decode import decode, on_machine, stride_of
from mos_assets.features.extractors.base import Columns, Decoded, picture_extractors
from mos_assets.features.fingerprint import fingerprint
from mos_assets.features.read import read
from mos_assets.features.reference import CountsDifferError, Pristine, open_reference
from mos_assets.features.resource_limits import clock_rate, require_comparable, time_limit_s
from mos_assets.features.task import ClipTask, content_key
from mos_assets.features.threads import one_core_each, single_threaded
from mos_assets.media.blame import require_room
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.media.scratch import scratch_folder, sweep_scratch
from mos_assets.objects.fetching import fetched
from mos_assets.records import Measurement, Setback
from mos_assets.settings import ReferencePolicy

NEEDS_SOURCE = "it is compared with a pristine source alone (MOS_REFERENCE=source)"
PAUSE_S = 0.5
"""Before a clip is tried again over which the machine failed: what others held may be free then."""

Outcome = Columns | ClipError | MachineError
Found = Measurement | Setback


def measure_clip(
    task: ClipTask, ffmpeg: Ffmpeg, *, limit_s: float | None = None
) -> tuple[Found, ...]:
    """One measurement a part, or a setback, in the order of part names; no clip raises anything.

    `limit_s` replaces the time limit that follows from the clip's length. Raises ToolError
    where ffmpeg or a library is missing or broken, and where the disk is full.
    """
    unknown = task.parts - picture_extractors().keys()
    if unknown:
        raise ValueError(f"unknown parts {sorted(unknown)}")
    prints = {part: fingerprint(part, task.comparison, ffmpeg) for part in sorted(task.parts)}
    found: dict[str, Outcome] = {}
    if task.parts:
        with single_threaded(task.parts):
            found = _measure(task, ffmpeg, limit_s or time_limit_s(task.probe))
    return tuple(_found(task, part, name, found[part]) for part, name in prints.items())


def measure_clips(
    tasks: Sequence[ClipTask],
    ffmpeg: Ffmpeg,
    *,
    workers: int,
    on_done: Callable[[ClipTask, tuple[Found, ...]], None] | None = None,
) -> tuple[tuple[Found, ...], ...]:
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


def _found(task: ClipTask, part: str, name: str, outcome: Outcome) -> Found:
    content = content_key(part, task.comparison.reference, task.sha256, task.reference_sha256)
    if isinstance(outcome, MachineError):
        return Setback(content, part, name, str(outcome))
    if isinstance(outcome, ClipError):
        return Measurement(content, part, name, figures={}, reason=str(outcome))
    return Measurement(content, part, name, outcome.figures, outcome.reason)


def _measure(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> dict[str, Outcome]:
    """As `_measure_here`, of a clip in a bucket once it is fetched."""
    remote = [file for file in (task.remote, task.remote_reference) if file is not None]
    if not remote:
        return _measure_here(task, ffmpeg, limit_s)
    try:
        with on_machine(), scratch_folder() as folder, fetched(remote, folder) as paths:
            at = dict(zip(remote, paths, strict=True))
            here = replace(
                task,
                path=task.path if task.remote is None else at[task.remote],
                reference_path=task.reference_path
                if task.remote_reference is None
                else at[task.remote_reference],
            )
            return _measure_here(here, ffmpeg, limit_s)
    except MachineError as error:
        return dict.fromkeys(task.parts, error)


def _measure_here(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> dict[str, Outcome]:
    """The check: figures or an error for every part, after a second try where one may mislead."""
    found = _try(task, ffmpeg, set(task.parts), limit_s)
    again = {part for part, outcome in found.items() if _may_pass(outcome)}
    if not again:
        return found
    if any(isinstance(found[part], MachineError) for part in again):
        time.sleep(PAUSE_S)
    second = _try(task, ffmpeg, again, limit_s)
    return found | {part: _believed(found[part], second[part]) for part in again}


def _may_pass(outcome: Outcome) -> bool:
    if isinstance(outcome, MachineError):
        return outcome.passing
    return isinstance(outcome, DoubtfulClipError)


def _believed(first: Outcome, second: Outcome) -> Outcome:
    """What two tries come to: a doubtful reason is one of the bytes where both give it."""
    if not isinstance(second, DoubtfulClipError) or str(first) == str(second):
        return second
    return MachineError(f"two tries ended differently: {first}; {second}")


def _try(task: ClipTask, ffmpeg: Ffmpeg, parts: set[str], limit_s: float) -> dict[str, Outcome]:
    """What one try gives for each of these parts; raises ToolError where nothing can be written."""
    known = picture_extractors()
    found: dict[str, Outcome] = {}
    if task.comparison.reference is not ReferencePolicy.SOURCE:
        alone = {part for part in parts if known[part].needs_source}
        found |= dict.fromkeys(alone, ClipError(NEEDS_SOURCE))
        parts = parts - alone
    compared = {part for part in parts if known[part].compares}
    try:
        if compared and task.comparison.reference is ReferencePolicy.SOURCE:
            with on_machine():
                pristine = open_reference(task, ffmpeg, limit_s)
            require_comparable(pristine.probe)
            found |= _decode_and_read(task, ffmpeg, parts, pristine, limit_s)
            if any(isinstance(found[part], CountsDifferError) for part in compared):
                again = pristine.by_time
                found |= _decode_and_read(task, ffmpeg, compared, again, limit_s)
            return found
        if compared:
            require_comparable(task.probe)
    except (ClipError, MachineError) as error:
        found |= dict.fromkeys(compared, error)
        # The reference may be what failed: the parts that do without it are tried alone.
        parts = parts - compared
    try:
        return found | (_decode_and_read(task, ffmpeg, parts, None, limit_s) if parts else {})
    except (ClipError, MachineError) as error:
        return found | dict.fromkeys(parts, error)


def _decode_and_read(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    pristine: Pristine | None,
    limit_s: float,
) -> dict[str, Outcome]:
    """One decode for these parts; raises ClipError or MachineError where it fails for all."""
    found: dict[str, Outcome] = {}
    with on_machine(), scratch_folder() as folder:
        try:
            frames = decode(task, ffmpeg, parts, pristine, folder, limit_s)
        except (ClipError, MachineError):
            # A full disk is not always told of: libvmaf's log and ffmpeg's own just stay empty.
            require_room(folder)
            raise
        step = sampling_step(clock_rate(task.probe))
        compared = stride_of(task, pristine)
        decoded = Decoded(folder, task.probe, frames, frames, compared, step, task.sha256)
        for part in sorted(parts):
            try:
                found[part] = read(picture_extractors()[part], decoded, pristine)
            except (ClipError, MachineError) as error:
                require_room(folder)
                found[part] = error
    return found
