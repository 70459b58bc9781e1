"""How far the difference of two ratings of one content may lie from the predicted difference.

A head errs alike on encodes of one content, so a difference is known better than either score.
Scores are |difference of the errors| of pairs of clips of one content, of heads that never saw the
content; the half-width is conformal as in `conformal`, each content counting as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mos_assets.evaluation.conformal import COVERAGE, LEAST_CONTENTS, conformal_half_width
from mos_assets.evaluation.metrics import rounded
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    SEED,
    FloatArray,
    IntArray,
    OutOfFold,
    Reported,
    TrainingTable,
)

BAND_EDGES = (0.0, 0.25, 0.5, 1.0, 2.0, MOS_MAX - MOS_MIN)
"""Of predicted differences, MOS."""
_MOST_CLIPS = 64
"""Of one content; of more a seeded draw is paired."""
_MOST_PAIRS = 200_000
"""Over all contents; where there are more, fewer clips of each are paired."""

Mask = np.typing.NDArray[np.bool_]


class PairBand(Reported):
    """Pairs whose predicted difference is from `low` to below `high`, whichever way round."""

    low: float
    high: float
    n_pairs: int
    """Mean over seeds, rounded."""
    order_held: float
    """Share that people rated in the predicted order, mean over contents."""


class PairedInterval(Reported):
    """Predicted difference plus and minus `half_width`: of two clips of one content."""

    level: float
    half_width: float | None
    """MOS units, over pairs of every difference; None where nothing can be promised."""
    n_pairs: int
    n_contents: int
    """With two clips or more."""
    coverage: float | None
    """Share of held-out differences inside, mean over contents, each calibrated on the other
    folds; None where a fold cannot be checked."""
    error_sd: float | None
    """Standard deviation of errors around their mean in a content, each content counting once."""
    bands: tuple[PairBand, ...]
    """By the predicted difference; those of too few contents are left out, and all without a
    half-width."""
    reason: str | None
    """Why there is no half-width."""


def paired_interval(table: TrainingTable, oof: OutOfFold) -> PairedInterval:
    """The interval of a difference, and how often it held on folds that did not calibrate it.

    The widest of the seeds' half-widths is kept, for any of them could be the one that ships.
    """
    inside = table.folds >= 0
    contents = np.unique(table.groups, return_inverse=True)[1].astype(np.int64)[inside]
    predicted, mos = oof.predictions[:, inside], table.mos[inside]
    first, second = _pairs(contents)
    pairs = _Pairs(
        foreseen=predicted[:, first] - predicted[:, second],
        rated=mos[first] - mos[second],
        contents=contents[first],
        folds=table.folds[inside][first],
    )
    n_contents = len(np.unique(pairs.contents))
    reason = None
    if not np.isfinite(predicted).all():
        reason = "a prediction is missing or not finite"
    elif n_contents < LEAST_CONTENTS:
        reason = (
            f"{n_contents} contents have two clips or more, and {LEAST_CONTENTS} are the least "
            f"that can promise {100 * COVERAGE:.0f} %"
        )
    half = None if reason else pairs.half_width(np.ones(len(first), dtype=np.bool_))
    return PairedInterval(
        level=COVERAGE,
        half_width=rounded(half),
        n_pairs=len(first),
        n_contents=n_contents,
        coverage=None if half is None else rounded(pairs.coverage()),
        error_sd=None if half is None else rounded(_error_sd(mos - predicted, contents)),
        bands=() if half is None else tuple(_bands(pairs)),
        reason=reason,
    )


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of clips of one content."""

    foreseen: FloatArray
    """[seeds, pairs], difference of the predictions."""
    rated: FloatArray
    """[pairs]."""
    contents: IntArray
    """[pairs]."""
    folds: IntArray
    """[pairs]."""

    def half_width(self, chosen: Mask) -> float | None:
        """The widest of the seeds', over these [pairs]; None with too few contents."""
        widths = [
            conformal_half_width(np.abs(self.rated - row)[chosen], self.contents[chosen])
            for row in self.foreseen
        ]
        found = [width for width in widths if width is not None]
        return max(found) if found and len(found) == len(widths) else None

    def coverage(self) -> float | None:
        """Share inside the interval that the other folds give."""
        inside = np.zeros(self.foreseen.shape, dtype=np.bool_)
        for fold in np.unique(self.folds):
            held = self.folds == fold
            width = self.half_width(~held)
            if width is None:
                return None
            inside[:, held] = np.abs(self.rated - self.foreseen)[:, held] <= width
        return self.over_contents(inside, np.ones_like(inside))

    def over_contents(self, hits: Mask, chosen: Mask) -> float:
        """Mean over contents of the share of hits among the chosen of each, [seeds, pairs]."""
        _, content = np.unique(self.contents, return_inverse=True)
        counted = np.bincount(content, chosen.sum(axis=0))
        share = np.bincount(content, (hits & chosen).sum(axis=0))[counted > 0]
        return float(np.mean(share / counted[counted > 0]))


def _bands(pairs: _Pairs) -> Iterator[PairBand]:
    distance = np.abs(pairs.foreseen)
    same = np.sign(pairs.foreseen) == np.sign(pairs.rated)
    for low, high in pairwise(BAND_EDGES):
        chosen = (distance >= low) & ((distance < high) | (high == BAND_EDGES[-1]))
        if len(np.unique(pairs.contents[chosen.any(axis=0)])) >= LEAST_CONTENTS:
            yield PairBand(
                low=low,
                high=high,
                n_pairs=round(float(chosen.sum() / len(chosen))),
                order_held=round(pairs.over_contents(same, chosen), 6),
            )


def _error_sd(errors: FloatArray, contents: IntArray) -> float:
    """Of errors [seeds, clips], of the seed where it is largest."""
    _, content, sizes = np.unique(contents, return_inverse=True, return_counts=True)
    several = sizes > 1
    found = []
    for row in errors:
        centred = row - (np.bincount(content, row) / sizes)[content]
        variance = np.bincount(content, centred**2)[several] / (sizes[several] - 1)
        found.append(float(np.sqrt(np.mean(variance))))
    return max(found)


def _pairs(contents: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of the first and of the second clip of each pair within a content."""
    rng = np.random.default_rng(SEED)
    _, sizes = np.unique(contents, return_counts=True)
    most = _MOST_CLIPS
    while most > 2 and np.sum(np.minimum(sizes, most) * (np.minimum(sizes, most) - 1)) > (
        2 * _MOST_PAIRS
    ):
        most //= 2
    order = np.argsort(contents, kind="stable")
    firsts, seconds = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for rows in np.split(order, np.cumsum(sizes)[:-1]):
        if len(rows) < 2:
            continue
        chosen = rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
        one, other = np.triu_indices(len(chosen), k=1)
        firsts.append(chosen[one])
        seconds.append(chosen[other])
    return np.concatenate(firsts), np.concatenate(seconds)
