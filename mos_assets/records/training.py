"""What trains, and what was predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np

from mos_assets.records.domain import ENCODER_VOCABULARY, MOS_MAX, MOS_MIN, FloatArray, IntArray

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """The rows that train and are judged: complete, finite, one fingerprint, sorted by clip_id."""

    clip_ids: tuple[str, ...]
    feature_order: tuple[str, ...]
    features: FloatArray
    """[n, F], raw units."""
    mos: FloatArray
    """[n], 1..5."""
    folds: IntArray
    """[n], 0..n_folds-1; -1 marks a row that never trains and is only tested."""
    groups: tuple[str, ...]
    """[n], content group of each row; a group never spans two folds."""
    mos_std: FloatArray
    """[n], NaN where unknown."""
    n_ratings: FloatArray
    """[n], NaN where unknown."""
    height: FloatArray
    """[n], picture lines, NaN where unknown; for slices of the report only."""
    codec: tuple[str | None, ...]
    """[n], for slices of the report only."""
    part: tuple[str | None, ...]
    """[n], for slices of the report only."""
    encoder_vocab: tuple[str, ...] = ENCODER_VOCABULARY
    """Slots of the one-hot that the head takes."""
    slots: IntArray | None = None
    """[n], active slot of each row; None: the first in every row."""
    mos_ci95: FloatArray | None = None
    """[n], half-width of the 95 % interval of each MOS, NaN where unknown; None: all unknown."""
    sessions: tuple[str | None, ...] = ()
    """[n], test that each rating is of, `a+b` where it is of two; (): nobody asked. For the report
    only."""

    @property
    def encoder(self) -> IntArray:
        """[n], active slot of each row."""
        return np.zeros(len(self.mos), dtype=np.int64) if self.slots is None else self.slots

    @property
    def corpora(self) -> tuple[str, ...]:
        """[n], corpus of each row: the head of its clip_id."""
        return tuple(clip_id.partition("/")[0] for clip_id in self.clip_ids)

    def take(self, rows: IntArray) -> Self:
        """The table of these rows, in this order."""

        def chosen(values: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(values[row] for row in rows)

        return replace(
            self,
            clip_ids=chosen(self.clip_ids),
            features=self.features[rows],
            mos=self.mos[rows],
            folds=self.folds[rows],
            groups=chosen(self.groups),
            mos_std=self.mos_std[rows],
            n_ratings=self.n_ratings[rows],
            height=self.height[rows],
            codec=chosen(self.codec),
            part=chosen(self.part),
            slots=None if self.slots is None else self.slots[rows],
            mos_ci95=None if self.mos_ci95 is None else self.mos_ci95[rows],
            sessions=chosen(self.sessions) if self.sessions else (),
        )


@dataclass(frozen=True, eq=False)
class FoldLines:
    """The line of each row's corpus, own = offset + slope * reference, as it was fitted to the rows
    outside each fold."""

    folds: tuple[int, ...]
    offset: FloatArray
    """[folds, n]"""
    slope: FloatArray
    """[folds, n]"""

    def onto_reference(self, fold: int, mos: FloatArray, rows: IntArray) -> FloatArray:
        """Ratings of these rows on the scale of the reference, 1..5, for a head that leaves out
        this fold."""
        at = self.folds.index(fold)
        mapped = (mos - self.offset[at, rows]) / self.slope[at, rows]
        held: FloatArray = np.clip(mapped, MOS_MIN, MOS_MAX)
        return held

    def onto_own(self, fold: int, mos: FloatArray, rows: IntArray) -> FloatArray:
        """MOS on that scale as the corpus of each of these rows would have rated, 1..5."""
        at = self.folds.index(fold)
        mapped = self.offset[at, rows] + self.slope[at, rows] * mos
        held: FloatArray = np.clip(mapped, MOS_MIN, MOS_MAX)
        return held


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of heads that never saw the row: of its fold's heads, or of the shipped head for
    rows that never train."""

    seeds: tuple[int, ...]
    predictions: FloatArray
    """[seeds, n], MOS 1..5, in the row order of the training table."""
    lines: FoldLines | None = None
    """By which they were put on the scale of each row's corpus; whoever is compared with them gets
    the same. None where corpora train as they are."""


@dataclass(frozen=True, eq=False)
class PastPredictions:
    """Out-of-fold predictions of an earlier candidate, with the labels and folds of its time."""

    candidate_id: str
    clip_ids: tuple[str, ...]
    """Sorted."""
    folds: IntArray
    """[n]; -1 marks a row that never trained."""
    mos: FloatArray
    """[n], the ratings that it was judged by."""
    predictions: FloatArray
    """[seeds, n]."""


@dataclass(frozen=True, slots=True)
class FeatureLoss:
    """What one head loses on the fold that it has not seen when features are shuffled there."""

    seed: int
    fold: int
    features: tuple[str, ...]
    """Shuffled together: one feature, or a family of features that say nearly the same."""
    plcc_lost: float | None
    """None where a correlation does not exist."""
