"""Comparing encodes and explaining a score: clips are measured and scored as `score` does it."""

from __future__ import annotations

import filecmp
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mos_assets.comparing.bd_rate import BdRate, bd_rate, curve
from mos_assets.comparing.difference import Difference, difference
from mos_assets.comparing.explanation import Explanation, explain, timeline
from mos_assets.errors import ClipError, ComparisonError, MachineError
from mos_assets.features import (
    BLOCKS,
    ClipTask,
    by_second,
    picture_figures,
    require_same_content,
)
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.score import ScoringOptions, score_clips
from mos_assets.predictor import ClipPrediction, Predictor
from mos_assets.predictor.clips import clip_task, look_at, plan_for
from mos_assets.records import FloatArray
from mos_assets.release.session import open_head, run_head
from mos_assets.scoring.output import Unscored
from mos_assets.scoring.references import References
from mos_assets.settings import Comparison, ReferencePolicy

LONG_S = 5.0
"""Seconds from which on a clip has a timeline."""
_BY_PICTURE = "canonical-6"
_ROWS = 4096
"""That a head answers at once; its memory grows with them."""


def compare_encodes(
    first: Path,
    second: Path,
    reference: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    log: Log,
) -> Difference:
    """Score two encodes of one source, and hold the second against the first.

    Raises ComparisonError where one cannot be scored or they show something else than each other,
    and what `score_clips` raises.
    """
    if first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False):
        raise ComparisonError(
            f"{first} and {second} hold the same bytes and differ in nothing. Name two encodes."
        )
    scored = _scored((first, second), reference, predictor, options, log)
    if scored[0].reference is None:
        _require_one_content(first, second, options.ffmpeg)
    return difference(scored[0], scored[1], predictor.require_manifest())


def compare_ladders(
    first: tuple[str, Sequence[Path]],
    second: tuple[str, Sequence[Path]],
    reference: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    log: Log,
) -> BdRate:
    """Score two sets of encodes of one source, each with its name, and compare what they need.

    Raises ComparisonError where an encode cannot be scored or shows something else, or the sets
    make no two curves that can be compared; and what `score_clips` raises.
    """
    (name, clips), (other, others) = first, second
    scored = _scored((*clips, *others), reference, predictor, options, log)
    if scored and scored[0].reference is None:
        for clip in (*clips, *others)[1:]:
            _require_one_content((*clips, *others)[0], clip, options.ffmpeg)
    curves = curve(name, scored[: len(clips)]), curve(other, scored[len(clips) :])
    return bd_rate(curves[0], curves[1], predictor.require_manifest())


def explain_clip(
    clip: Path,
    reference: References | None,
    predictor: Predictor,
    model_folder: Path,
    options: ScoringOptions,
    log: Log,
    *,
    seconds: bool = True,
) -> Explanation:
    """Score a clip, and say what pushed the score.

    model_folder: that of the predictor's head. seconds: whether a clip of `LONG_S` or more gets a
    timeline, which costs another decode. Raises ComparisonError where the clip cannot be
    scored, and what `score_clips` raises.
    """
    (scored,) = _scored((clip,), reference, predictor, options, log)
    head = open_head(model_folder, predictor.head_id)
    slots = head.release.manifest.encoder_vocab
    encoder = "" if scored.measured is None else scored.measured.encoder
    slot = slots.index(encoder) if encoder in slots else 0

    def answer(features: FloatArray) -> FloatArray:
        found = []
        for rows in np.split(features, range(_ROWS, len(features), _ROWS)):
            onehot: FloatArray = np.zeros((len(rows), len(slots)), np.float32)
            onehot[:, slot] = 1.0
            found.append(run_head(head.session, rows.astype(np.float32), onehot))
        return np.concatenate(found).astype(np.float64)

    found = explain(scored, head.release.manifest, answer)
    if not seconds:
        return found
    figures = _seconds(
        clip, None if scored.reference is None else Path(scored.reference), predictor, options
    )
    if isinstance(figures, str):
        log.warning(f"no timeline: {figures}")
        return found
    if not figures:
        return found
    return replace(found, timeline=timeline(scored, head.release.manifest, figures, answer))


def _seconds(
    clip: Path, reference: Path | None, predictor: Predictor, options: ScoringOptions
) -> Sequence[Mapping[str, float]] | str:
    """What can be had of each second of a long clip; none of a short one; or why none of any."""
    plan = plan_for(predictor)
    known = look_at(clip)
    duration_s = known.probe.duration_s
    if duration_s is None or duration_s < LONG_S:
        return ()
    if set(BLOCKS[_BY_PICTURE].column_names).isdisjoint(plan.feature_order):
        return (
            f"{plan.head_id} takes no features of {_BY_PICTURE}, the only ones that are known "
            "picture by picture"
        )
    task = clip_task(known, None if reference is None else look_at(reference, "reference"), plan)
    try:
        figures = picture_figures(task, find_ffmpeg(options.ffmpeg or None))
        return by_second(figures, duration_s)
    except (ClipError, MachineError) as error:
        return str(error)


def _scored(
    clips: Sequence[Path],
    reference: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    log: Log,
) -> tuple[ClipPrediction, ...]:
    """The score of every clip; ComparisonError says why one has none."""
    found = []
    for outcome in score_clips(clips, reference, predictor, options, log):
        if isinstance(outcome, Unscored):
            raise ComparisonError(outcome.reason)
        found.append(outcome)
    return tuple(found)


def _require_one_content(first: Path, second: Path, ffmpeg: str) -> None:
    """Raise ComparisonError where the second shows something else than the first."""
    one, other = look_at(first), look_at(second)
    task = ClipTask(
        clip_id=second.name,
        path=second.absolute(),
        sha256=other.sha256,
        probe=other.probe,
        parts=frozenset(),
        comparison=Comparison(ReferencePolicy.SOURCE),
        reference_path=first.absolute(),
        reference_sha256=one.sha256,
    )
    try:
        require_same_content(task, find_ffmpeg(ffmpeg or None))
    except ClipError as error:
        raise ComparisonError(
            f"{second} and {first} are no encodes of one source: {error}, where the reference is "
            "the other of the two. Name encodes of one source."
        ) from error
