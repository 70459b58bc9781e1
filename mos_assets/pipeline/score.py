"""Scoring clips: look at each, measure what is not kept, predict; a clip that fails stops none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from mos_assets.errors import (
    ClipError,
    FeatureError,
    MachineError,
    MosAssetsError,
    StoreError,
    ToolError,
)
from mos_assets.features import (
    ClipTask,
    Found,
    content_key,
    fingerprint,
    measure_clips,
    require_same_content,
)
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg
from mos_assets.pipeline.progress import Log
from mos_assets.predictor import Predictor
from mos_assets.predictor.clips import (
    NO_REFERENCE,
    KnownFile,
    clip_task,
    look_at,
    not_a_pair,
    plan_for,
    score_by_rule,
    score_measured,
)
from mos_assets.predictor.measurable import MeasuringPlan
from mos_assets.records import Measurement
from mos_assets.scoring.kept import KeptMeasurements
from mos_assets.scoring.output import Outcome, Unscored
from mos_assets.scoring.progress import Remaining
from mos_assets.scoring.references import References

Looked = KnownFile | MosAssetsError
_Key = tuple[str, str, str]
_MANY = 20
"""From so many clips on it is told that they are looked at."""


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """How clips are scored."""

    workers: int
    ffmpeg: str = ""
    """The program; empty: the bundled build."""
    kept: KeptMeasurements | None = None
    """Where measurements are kept; None keeps none."""
    calm_s: float = 10.0
    """Seconds between two lines on how far it is."""


@dataclass(slots=True)
class _Pair:
    """A clip and its reference, as far as they are known."""

    clip: Path
    reference: Path | None = None
    known: KnownFile | None = None
    task: ClipTask | None = None
    error: str | None = None
    again: bool = False
    """Whether the error may be gone another time, though the clip is the same."""


@dataclass(slots=True)
class _Measured:
    """What is known of all clips."""

    found: dict[_Key, Found] = field(default_factory=dict)
    """By content, part and fingerprint."""
    refused: dict[tuple[str, str | None], str] = field(default_factory=dict)
    """Pairs of files that do not belong together, by the hashes of both."""

    def of(self, task: ClipTask, prints: Mapping[str, str]) -> tuple[Found, ...] | None:
        """All parts of one clip in order of name; None where one is not measured."""
        rows = [self.found.get(key) for key in _keys(task, prints)]
        return None if None in rows else tuple(row for row in rows if row is not None)


def score_clips(
    clips: Sequence[Path],
    references: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    log: Log,
) -> tuple[Outcome, ...]:
    """A score, or why there is none, for each clip, in this order.

    Where the predictor has no head the codec rule answers. Raises FeatureError where the head
    needs columns that cannot be measured, ToolError without an ffmpeg, and StoreError where
    measurements cannot be kept.
    """
    if predictor.manifest is None:
        return tuple(_by_rule(predictor, clip, each) for clip, each in _look(clips, options, log))
    plan = plan_for(predictor)
    pairs = _pairs(clips, references if plan.needs_reference else None, plan)
    _look_at_pairs(pairs, plan, options, log)
    measured, prints = _Measured(), {}
    tasks = [pair.task for pair in pairs if pair.task is not None]
    if plan.parts and tasks:
        ffmpeg = find_ffmpeg(options.ffmpeg or None)
        prints = {part: fingerprint(part, plan.comparison, ffmpeg) for part in sorted(plan.parts)}
        _measure(tasks, prints, measured, ffmpeg, options, log)
    return tuple(_outcome(predictor, plan, pair, measured, prints) for pair in pairs)


def _pairs(
    clips: Sequence[Path], references: References | None, plan: MeasuringPlan
) -> list[_Pair]:
    pairs = [_Pair(clip) for clip in clips]
    for pair in pairs:
        if not plan.needs_reference:
            continue
        try:
            if references is None:
                raise FeatureError(f"{pair.clip}: {plan.head_id} {NO_REFERENCE}.")
            pair.reference = references.of(pair.clip)
        except MosAssetsError as error:
            pair.error, pair.again = str(error), True
    return pairs


def _look_at_pairs(
    pairs: Sequence[_Pair], plan: MeasuringPlan, options: ScoringOptions, log: Log
) -> None:
    """Fill in what is known of both files and what is to be measured, or why that cannot be."""
    wanted = [pair for pair in pairs if pair.error is None]
    named = dict.fromkeys(pair.reference for pair in wanted if pair.reference is not None)
    beside = dict(_look(list(named), options, log, "reference"))
    sound = []
    for pair in wanted:
        reference = None if pair.reference is None else beside[pair.reference]
        if isinstance(reference, MosAssetsError):
            pair.error, pair.again = f"{pair.clip}: {reference}", _passes(reference)
        else:
            sound.append(pair)
    for pair, (_, known) in zip(
        sound, _look([pair.clip for pair in sound], options, log), strict=True
    ):
        if isinstance(known, MosAssetsError):
            pair.error, pair.again = str(known), _passes(known)
            continue
        reference = None if pair.reference is None else beside[pair.reference]
        pair.known = known
        pair.task = clip_task(known, reference if isinstance(reference, KnownFile) else None, plan)


def _look(
    paths: Sequence[Path], options: ScoringOptions, log: Log, what: str = ""
) -> list[tuple[Path, Looked]]:
    """Each file with what is known of it, or the error that says why nothing is."""

    def one(path: Path) -> Looked:
        try:
            return look_at(path, what)
        except ToolError:
            raise
        except MosAssetsError as error:
            return error

    if len(paths) >= _MANY:
        log.info(f"looking at {len(paths)} {what or 'clip'}s")
    with ThreadPoolExecutor(options.workers) as pool:
        return list(zip(paths, pool.map(one, paths), strict=True))


def _measure(
    tasks: Sequence[ClipTask],
    prints: Mapping[str, str],
    measured: _Measured,
    ffmpeg: Ffmpeg,
    options: ScoringOptions,
    log: Log,
) -> None:
    """Measure what is not kept, the same bytes once; keep each clip as soon as it is there."""
    kept = options.kept
    todo: list[ClipTask] = []
    planned: set[_Key] = set()
    for task in tasks:
        keys = [
            key for key in _keys(task, prints) if key not in planned and key not in measured.found
        ]
        known = {key: kept.find(*key) for key in keys} if kept is not None else {}
        measured.found.update({key: row for key, row in known.items() if row is not None})
        missing = [key for key in keys if known.get(key) is None]
        planned.update(missing)
        if missing:
            todo.append(replace(task, parts=frozenset(part for _, part, _ in missing)))
    todo = _of_one_content(todo, measured, ffmpeg, options, log)
    if not todo:
        return
    remaining = Remaining(
        log.info,
        {str(task.path): _work(task) for task in todo},
        done_before=len(tasks) - len(todo),
        calm_s=options.calm_s,
    )
    keeps = kept is not None

    def note(task: ClipTask, found: tuple[Found, ...]) -> None:
        nonlocal keeps
        measured.found.update({(row.content, row.part, row.fingerprint): row for row in found})
        if kept is not None and keeps:
            try:
                kept.keep(row for row in found if isinstance(row, Measurement))
            except StoreError as error:
                # The score is worth more than what the next call saves.
                log.warning(f"measurements are no longer kept: {error}")
                keeps = False
        remaining.add(str(task.path), failed=any(row.reason is not None for row in found))

    # The longest first: no worker is left alone with one at the end.
    order = sorted(todo, key=_work, reverse=True)
    measure_clips(order, ffmpeg, workers=options.workers, on_done=note)
    if kept is not None:
        kept.prune(time.time())


def _of_one_content(
    tasks: Sequence[ClipTask],
    measured: _Measured,
    ffmpeg: Ffmpeg,
    options: ScoringOptions,
    log: Log,
) -> list[ClipTask]:
    """Those that show what their reference shows; the others are noted as refused."""

    def flaw(task: ClipTask) -> str | None:
        try:
            require_same_content(task, ffmpeg)
        except ClipError as error:
            return str(error)
        return None

    if len(tasks) >= _MANY and any(task.reference_path is not None for task in tasks):
        log.info(f"holding {len(tasks)} clips against their references")
    with ThreadPoolExecutor(options.workers) as pool:
        flaws = list(pool.map(flaw, tasks))
    for task, why in zip(tasks, flaws, strict=True):
        if why is not None:
            measured.refused[task.sha256, task.reference_sha256] = why
    return [task for task, why in zip(tasks, flaws, strict=True) if why is None]


def _work(task: ClipTask) -> float:
    """What measuring costs, in pixels; a clip whose length nobody states counts as one picture."""
    probe = task.probe
    return float(probe.width * probe.height * max(1, probe.frames or 1))


def _keys(task: ClipTask, prints: Mapping[str, str]) -> Iterable[_Key]:
    policy = task.comparison.reference
    for part, name in prints.items():
        yield content_key(part, policy, task.sha256, task.reference_sha256), part, name


def _outcome(
    predictor: Predictor,
    plan: MeasuringPlan,
    pair: _Pair,
    measured: _Measured,
    prints: Mapping[str, str],
) -> Outcome:
    reference = None if pair.reference is None else str(pair.reference)
    if pair.error is not None or pair.known is None or pair.task is None:
        return Unscored(str(pair.clip), str(pair.error), reference, pair.again)
    why = measured.refused.get((pair.task.sha256, pair.task.reference_sha256))
    if why is not None:
        return Unscored(str(pair.clip), not_a_pair(pair.clip, pair.reference, why), reference)
    found = measured.of(pair.task, prints)
    if found is None:
        raise RuntimeError(f"{pair.clip} was planned and not measured")
    try:
        return score_measured(predictor, plan, pair.known, pair.reference, found)
    except MosAssetsError as error:
        return Unscored(str(pair.clip), str(error), reference, _passes(error))


def _passes(error: MosAssetsError) -> bool:
    """Whether another try may go better: it was the machine that failed."""
    return isinstance(error, MachineError)


def _by_rule(predictor: Predictor, clip: Path, looked: Looked) -> Outcome:
    try:
        if isinstance(looked, MosAssetsError):
            raise looked
        return score_by_rule(predictor, looked)
    except MosAssetsError as error:
        return Unscored(str(clip), str(error))


def opened_cache(
    folder: Path | None, default: Callable[[], Path], log: Log
) -> KeptMeasurements | None:
    """Where measurements are kept: in the folder that was named, else in the default one.

    Raises StoreError where the named folder cannot be used. Where the default one cannot, none are
    kept, and the log is told.
    """
    try:
        kept = KeptMeasurements(default() if folder is None else folder)
        kept.open()
    except StoreError as error:
        if folder is not None:
            raise
        log.warning(f"measurements are not kept: {error}")
        return None
    return kept
