"""How far a rating may lie from a prediction: split conformal intervals from unseen clips.

Scores are |rating - prediction| of heads that never saw the clip. The half-width is the smallest
one that holds 90 % of them, each content counting as one and one more content counting as missed
(Lei et al. 2018; with several clips a content, the hierarchical conformal prediction of Lee,
Barber & Willett 2023). A clip of a new content like those of the corpus then lies within, with a
probability of 90 % at least, over contents and not for each of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mos_assets.evaluation.metrics import rounded
from mos_assets.evaluation.slices import LEAST_CLIPS, MOS_EDGES
from mos_assets.records import FloatArray, IntArray, OutOfFold, Reported, TrainingTable

COVERAGE = 0.90
"""Share of ratings that an interval shall hold."""
LEAST_CONTENTS = 9
"""Fewer contents cannot promise it: one more content is already more than a tenth of them."""


class FoldCoverage(Reported):
    """A held-out fold, against the interval that the other folds gave."""

    fold: int
    n: int
    half_width: float
    coverage: float
    """Share of the fold's ratings inside, mean over seeds."""


class BandCoverage(Reported):
    """The clips that are predicted within one MOS, against the interval of the other folds."""

    low: float
    high: float
    n: int
    """Clips, means over seeds, rounded."""
    coverage: float


class PredictionInterval(Reported):
    """Prediction plus and minus `half_width`, cut to 1..5."""

    level: float
    half_width: float | None
    """MOS units; None where nothing can be promised."""
    n: int
    n_contents: int
    coverage: float | None
    """Share of held-out ratings inside, over every fold; None where a fold cannot be checked."""
    folds: tuple[FoldCoverage, ...]
    bands: tuple[BandCoverage, ...]
    reason: str | None
    """Why there is no half-width."""


def prediction_interval(table: TrainingTable, oof: OutOfFold) -> PredictionInterval:
    """The interval, and how often it held: calibrated on all other folds, counted on the held one.

    The widest of the seeds' half-widths is kept, for any of them could be the one that ships.
    """
    inside = table.folds >= 0
    scores = np.abs(oof.predictions[:, inside] - table.mos[inside])
    folds = table.folds[inside]
    groups = np.unique(table.groups, return_inverse=True)[1].astype(np.int64)[inside]
    half, reason = _half_width(scores, groups)
    held = [] if half is None else _held_out(oof.predictions[:, inside], scores, folds, groups)
    complete = held and len(held) == len(np.unique(folds))
    within = np.concatenate([hit for *_, hit in held], axis=1) if complete else None
    predicted = np.concatenate([p for _, _, p, _ in held], axis=1) if complete else None
    return PredictionInterval(
        level=COVERAGE,
        half_width=rounded(half),
        n=int(np.count_nonzero(inside)),
        n_contents=len(np.unique(groups)),
        coverage=None if within is None else rounded(float(within.mean())),
        folds=tuple(
            FoldCoverage(
                fold=fold,
                n=hit.shape[1],
                half_width=round(width, 6),
                coverage=round(float(hit.mean()), 6),
            )
            for fold, width, _, hit in held
        ),
        bands=() if within is None or predicted is None else _bands(predicted, within),
        reason=reason,
    )


def conformal_half_width(scores: FloatArray, groups: IntArray) -> float | None:
    """Smallest half-width that holds `COVERAGE` of scores [n]; None with too few contents.

    groups: [n], the content of each clip as a number.
    """
    _, content, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    n_contents = len(sizes)
    if n_contents < LEAST_CONTENTS:
        return None
    weights = 1.0 / ((n_contents + 1) * sizes[content])
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    # Sums of equal weights may fall short of the level by their last bit.
    at = int(np.searchsorted(reached, COVERAGE - 1e-9))
    return float(scores[order][at]) if at < len(scores) else None


def _half_width(scores: FloatArray, groups: IntArray) -> tuple[float | None, str | None]:
    if scores.size == 0 or not np.isfinite(scores).all():
        return None, "a prediction is missing or not finite"
    widths = [conformal_half_width(row, groups) for row in scores]
    if any(width is None for width in widths):
        return None, (
            f"{len(np.unique(groups))} contents cannot promise 90 %, {LEAST_CONTENTS} are the least"
        )
    return max(width for width in widths if width is not None), None


def _held_out(
    predicted: FloatArray,
    scores: FloatArray,
    folds: np.typing.NDArray[np.int64],
    groups: IntArray,
) -> list[tuple[int, float, FloatArray, np.typing.NDArray[np.bool_]]]:
    found = []
    for fold in np.unique(folds).tolist():
        held = folds == fold
        width, _ = _half_width(scores[:, ~held], groups[~held])
        if width is not None:
            found.append((fold, width, predicted[:, held], scores[:, held] <= width))
    return found


def _bands(predicted: FloatArray, within: np.typing.NDArray[np.bool_]) -> tuple[BandCoverage, ...]:
    which = np.clip(np.digitize(predicted, MOS_EDGES[1:-1]), 0, len(MOS_EDGES) - 2)
    bands = []
    for band, (low, high) in enumerate(pairwise(MOS_EDGES)):
        n = np.count_nonzero(which == band) / len(predicted)
        if n >= LEAST_CLIPS:
            coverage = round(float(within[which == band].mean()), 6)
            bands.append(BandCoverage(low=low, high=high, n=round(n), coverage=coverage))
    return tuple(bands)
