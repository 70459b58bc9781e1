"""Comparing encodes and explaining a score: clips are measured and scored as `score` does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mos_assets.comparing.bd_rate import BdRate, bd_rate, curve
from mos_assets.comparing.difference import Difference, difference
from mos_assets.comparing.explanation import Explanation, explain
from mos_assets.errors import ClipError, ComparisonError
from mos_assets.features import ClipTask, require_same_content
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.score import ScoringOptions, score_clips
from mos_assets.predictor import ClipPrediction, Predictor
from mos_assets.predictor.clips import look_at
from mos_assets.records import FloatArray
from mos_assets.release.session import open_head, run_head
from mos_assets.scoring.output import Unscored
from mos_assets.scoring.references import References
from mos_assets.settings import ReferencePolicy

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
    if first.exists() and second.exists() and first.samefile(second):
        raise ComparisonError(f"{first} and {second} are one file; name two encodes.")
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
) -> Explanation:
    """Score a clip, and say what pushed the score.

    model_folder: that of the predictor's head. Raises ComparisonError where the clip cannot be
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

    return explain(scored, head.release.manifest, answer)


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
        policy=ReferencePolicy.SOURCE,
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
