"""Measuring clips: one decode a clip, every part that was asked for, a figure or a reason.

Nothing here stops a run because of one clip, and nothing is scored on half a clip: the
frames that were decoded, the container's own count and libvmaf's count must agree.
"""

from __future__ import annotations

import math
import re
import signal
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mos_assets.errors import ClipError, ToolError
from mos_assets.extraction import graph, outputs
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
)
from mos_assets.extraction.fingerprint import ReferencePolicy, fingerprint
from mos_assets.extraction.nr import nr_figures
from mos_assets.extraction.saliency import saliency_means
from mos_assets.extraction.shots import shot_figures
from mos_assets.extraction.threads import single_threaded
from mos_assets.extraction.transnet import transition_probabilities
from mos_assets.media.ffmpeg import Ffmpeg, last_error, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.records import Measurement, Probe

START_LIMIT_S = 60.0
"""Seconds that any clip may take, however short."""
FRAME_LIMIT_S = 0.6
"""Seconds a frame of 960 by 540 may take; about twenty times what it costs on one slow core."""
FRAME_LIMIT_PIXELS = 960 * 540
LONGEST_LIMIT_S = 3 * 3600.0
"""Seconds after which any clip is given up, whatever length its header claims."""
MEMORY_BYTES = 4 << 30
"""Address space that measuring a clip may take, however small its pictures; three times the use."""
MEMORY_BYTES_A_PIXEL = 800
"""Address space beyond that for every pixel of a picture; about twice the use."""
UNKNOWN_LENGTH_S = 600.0
"""Length that a clip is taken to have where its container names none."""
RATE_TOLERANCE = 1e-3
"""Relative difference at which two frame rates are no longer the same."""
STATED_RATE_TOLERANCE = 0.05
"""Relative difference at which timestamps overrule the frame rate that a container states."""
DURATION_TOLERANCE = 0.1
"""Share of a stated duration that may be missing where the container counts no frames."""

_GONE = "the file is not there"
_TOO_LONG = "measuring took longer than"
_ENDED_EARLY = "File ended prematurely"
_DISK_FULL = b"No space left on device"
_ENDED_BY = "ffmpeg was ended by"
_KILLED = (f"{_ENDED_BY} SIGKILL", f"{_ENDED_BY} SIGTERM")
"""From outside: the machine ran out of memory, or is shutting down."""
_NOISE = re.compile(rb"not on whitelist|Last message repeated")
_DEMUXER = re.compile(rb"\[(in#\d+/)?(matroska,webm|mov,mp4[\w,]*|mpegts|mpeg|ogg|asf|flv|nut) @ ")


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


def is_transient(reason: str) -> bool:
    """Whether a reason may be gone at the next try: a missing file, a time limit, a kill."""
    return any(words in reason for words in (_GONE, _TOO_LONG, *_KILLED))


def time_limit_s(probed: Probe) -> float:
    """Seconds after which a clip is given up, from its stated length and size."""
    frames = probed.frames or max(0.0, probed.duration_s or UNKNOWN_LENGTH_S) * probed.fps
    size = max(1.0, probed.width * probed.height / FRAME_LIMIT_PIXELS)
    return min(LONGEST_LIMIT_S, START_LIMIT_S + frames * FRAME_LIMIT_S * size)


def memory_limit_bytes(*pictures: Probe) -> int:
    """Address space for the program that decodes these clips together."""
    pixels = sum(probed.width * probed.height for probed in pictures)
    return MEMORY_BYTES + MEMORY_BYTES_A_PIXEL * pixels


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
    found: dict[str, dict[str, float] | str] = {}
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

    `on_done` runs in the calling thread for each clip as soon as it is measured. The results do
    not depend on `workers`.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    parts = frozenset[str]().union(*(task.parts for task in tasks))
    with single_threaded(parts), ThreadPoolExecutor(workers) as pool:
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


def content_key(
    part: str, policy: ReferencePolicy, sha256: str, reference_sha256: str | None
) -> str:
    """What the figures of a part depend on: the clip's bytes, and its reference's where used."""
    if part in COMPARED and policy is ReferencePolicy.SOURCE and reference_sha256 is not None:
        return f"{sha256}+{reference_sha256}"
    return sha256


def _measurement(
    task: ClipTask, part: str, name: str, outcome: dict[str, float] | str
) -> Measurement:
    content = content_key(part, task.policy, task.sha256, task.reference_sha256)
    if isinstance(outcome, str):
        return Measurement(content, part, name, figures={}, reason=outcome)
    return Measurement(content, part, name, figures=outcome, reason=None)


def _measure(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> dict[str, dict[str, float] | str]:
    """Figures or a reason for every part of the task."""
    found: dict[str, dict[str, float] | str] = {}
    parts = set(task.parts)
    reference: Path | None = None
    compared = parts & COMPARED
    if compared and task.policy is ReferencePolicy.SOURCE:
        try:
            reference = _usable_reference(task)
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
    task: ClipTask, ffmpeg: Ffmpeg, parts: set[str], reference: Path | None, limit_s: float
) -> dict[str, dict[str, float] | str]:
    """One decode for these parts; raises ClipError where it fails for all of them."""
    found: dict[str, dict[str, float] | str] = {}
    with TemporaryDirectory(prefix="mos-clip-") as name:
        folder = Path(name)
        decoded = _decode(task, ffmpeg, parts, reference, folder, limit_s)
        for part in sorted(parts):
            try:
                found[part] = _figures(part, task.probe, reference, folder, decoded)
            except ClipError as error:
                found[part] = str(error)
    return found


def _usable_reference(task: ClipTask) -> Path:
    if task.reference_path is None:
        raise ClipError("the labels name no reference for it")
    if not task.reference_path.is_file():
        raise ClipError(f"reference {task.reference_path.name}: {_GONE}")
    try:
        pristine = probe(task.reference_path)
    except ClipError as error:
        raise ClipError(f"reference {task.reference_path.name}: {error}") from error
    if not math.isclose(pristine.fps, task.probe.fps, rel_tol=RATE_TOLERANCE):
        raise ClipError(
            f"it runs at {task.probe.fps:.3f} frames a second, its reference at {pristine.fps:.3f}"
        )
    return task.reference_path


def _decode(
    task: ClipTask,
    ffmpeg: Ffmpeg,
    parts: set[str],
    reference: Path | None,
    folder: Path,
    limit_s: float,
) -> int:
    """Run the one command in `folder`; frames decoded. Raises ClipError for a bad clip."""
    if not task.path.is_file():
        raise ClipError(_GONE)
    arguments = graph.command(task.path, reference, parts, task.policy, task.probe.fps)
    opened = [task.probe] if reference is None else [task.probe, probe(reference)]
    memory = memory_limit_bytes(*opened)
    try:
        run = run_ffmpeg(ffmpeg, arguments, timeout_s=limit_s, memory_bytes=memory, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise ClipError(f"{_TOO_LONG} {limit_s:.0f} s") from error
    if _DISK_FULL in run.stderr:
        raise ToolError(f"There is no space left in {folder.parent}; free some and run again.")
    decoded = outputs.count_frames(folder, graph.CLIP_FRAMES)
    said = first_error(run.stderr)
    if run.returncode < 0:
        name = signal.Signals(-run.returncode).name
        raise ClipError(f"{_ENDED_BY} {name} after {decoded} frames: {said}")
    if run.returncode != 0:
        raise ClipError(f"ffmpeg stopped after {decoded} frames: {said}")
    if _ENDED_EARLY.encode() in run.stderr:
        raise ClipError(f"the file is cut off: it ends after {decoded} frames")
    complaint = _complaint(run.stderr) if task.probe.frames is None else None
    if complaint is not None:
        raise ClipError(f"the container is damaged: {complaint}")
    if decoded == 0:
        raise ClipError(f"no frame could be decoded: {said}")
    shown = outputs.shown_s(folder, graph.CLIP_FRAMES)
    _check_count(task.probe, decoded, shown)
    return decoded


def first_error(stderr: bytes) -> str:
    """The first line that ffmpeg left: the cause, where the last is only its consequence.

    What is said of decoders that are not on the list is left out: those of sound never are.
    Addresses in memory are taken out: the same clip has the same reason every time.
    """
    lines = [line for line in stderr.split(b"\n") if line.strip() and not _NOISE.search(line)]
    return re.sub(r" @ 0x[0-9a-f]+", "", last_error(lines[0] if lines else stderr))


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


def _true_rate(stated: float, decoded: int, shown_s: float | None) -> float:
    """Frames a second by timestamps where they contradict the stated rate, else the stated one."""
    if shown_s is None or shown_s <= 0 or decoded < 2:
        return stated
    measured = (decoded - 1) / shown_s
    return stated if math.isclose(measured, stated, rel_tol=STATED_RATE_TOLERANCE) else measured


def _figures(
    part: str, probed: Probe, reference: Path | None, folder: Path, decoded: int
) -> dict[str, float]:
    if part in COMPARED and reference is not None:
        frames = outputs.count_frames(folder, graph.REFERENCE_FRAMES)
        if frames != decoded:
            raise ClipError(f"it has {decoded} frames, its reference {frames}")
    if part == LIBVMAF:
        return outputs.libvmaf_means(folder, decoded)
    if part == SALIENCY:
        return saliency_means(outputs.grey_frames(folder))
    shown = outputs.shown_s(folder, graph.CLIP_FRAMES)
    fps = _true_rate(probed.fps, decoded, shown)
    if part == NR:
        return nr_figures(folder, probed, decoded, fps)
    if part != SHOTS:
        raise ValueError(f"{part!r} is not a part of a measurement")
    probabilities = transition_probabilities(outputs.thumbnails(folder, decoded))
    shots = shot_figures(probabilities, fps)
    if shots.length_std_s is None or shots.frames is None:
        raise ValueError("measured shots always have a deviation and a number of frames")
    return {
        SHOT_COUNT: float(shots.shot_count),
        SHOT_MEAN_LENGTH: shots.mean_length_s,
        SHOT_LENGTH_STD: shots.length_std_s,
        FRAMES: float(shots.frames),
    }
