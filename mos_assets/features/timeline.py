"""The figures of a comparison picture by picture, for a look at where in a clip they move.

Nothing of it is kept, and no head is trained on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mos_assets.errors import ClipError
from mos_assets.features.command import sampling_step
from mos_assets.features.decode import decode, on_machine
from mos_assets.features.extractors.base import Decoded
from mos_assets.features.extractors.libvmaf import Libvmaf, six_values
from mos_assets.features.reference import (
    CountsDifferError,
    Pristine,
    compared_pairs,
    open_reference,
)
from mos_assets.features.resource_limits import clock_rate, require_comparable, time_limit_s
from mos_assets.features.stride import EVERY
from mos_assets.features.task import ClipTask
from mos_assets.features.threads import single_threaded
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.media.scratch import scratch_folder
from mos_assets.settings import ReferencePolicy, Sampling

_PARTS = frozenset({Libvmaf.name})


def picture_figures(task: ClipTask, ffmpeg: Ffmpeg) -> Mapping[str, Sequence[float]]:
    """libvmaf's six of every pair, in order, whatever the task's sampling; costs one decode.

    Raises ClipError where clip and reference cannot be compared, and MachineError where the
    machine failed.
    """
    every = replace(task.comparison, sampling=Sampling.EVERY)
    task = replace(task, comparison=every)
    limit_s = time_limit_s(task.probe)
    with single_threaded(_PARTS):
        if task.comparison.reference is not ReferencePolicy.SOURCE:
            require_comparable(task.probe)
            return _figures(task, ffmpeg, None, limit_s)
        with on_machine():
            pristine = open_reference(task, ffmpeg, limit_s)
        require_comparable(pristine.probe)
        try:
            return _figures(task, ffmpeg, pristine, limit_s)
        except CountsDifferError:
            return _figures(task, ffmpeg, pristine.by_time, limit_s)


def by_second(
    figures: Mapping[str, Sequence[float]], duration_s: float
) -> tuple[Mapping[str, float], ...]:
    """Means of the pairs of each second, as if pairs lay evenly in time; the last may be shorter,
    and joins the one before where it is less than half a second."""
    n = min(len(column) for column in figures.values())
    windows = max(1, round(duration_s))
    if n < windows:
        raise ClipError(f"it has {n} pictures in {duration_s:.0f} s, too few for a timeline")
    at = [min(int(index * duration_s / n), windows - 1) for index in range(n)]
    found = []
    for window in range(windows):
        rows = [index for index in range(n) if at[index] == window]
        if rows:
            found.append(
                {name: sum(column[i] for i in rows) / len(rows) for name, column in figures.items()}
            )
    return tuple(found)


def _figures(
    task: ClipTask, ffmpeg: Ffmpeg, pristine: Pristine | None, limit_s: float
) -> Mapping[str, Sequence[float]]:
    with on_machine(), scratch_folder() as folder:
        frames = decode(task, ffmpeg, _PARTS, pristine, folder, limit_s)
        pairs = frames
        if pristine is not None:
            pairs = compared_pairs(task.probe, pristine, folder, frames)
        step = sampling_step(clock_rate(task.probe))
        return six_values(Decoded(folder, task.probe, frames, pairs, EVERY, step))
