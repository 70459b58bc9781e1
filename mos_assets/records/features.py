"""What was measured on clips, and tables of figures laid along them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self, TypeVar

from mos_assets.records.declared import Declaration
from mos_assets.records.domain import FloatArray, IntArray

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """An external table of numbers, one row a clip."""

    name: str
    columns: tuple[str, ...]
    clip_names: tuple[str, ...]
    """As written in the table, with or without suffix."""
    values: FloatArray
    """[rows, columns]; NaN marks an empty cell."""
    left_out: tuple[str, ...] = ()
    """Columns that are no feature, since they hold something other than numbers, or nothing, or
    are the labels."""
    labels: tuple[str, ...] = ()
    """Of those, the columns that are called as the corpus calls its own columns of labels."""
    declaration: Declaration | None = None
    """How its owner says that it was measured; its columns bear the names of that."""


@dataclass(frozen=True, eq=False)
class JoinedTable:
    """An external table laid along the clips of its corpus."""

    name: str
    columns: tuple[str, ...]
    values: FloatArray
    """[clips, columns], in the order of the clips; NaN where the table has no figure."""
    unmatched: tuple[str, ...]
    """Clip names of the table that no clip of the corpus answers to."""
    left_out: tuple[str, ...] = ()
    """Columns of the table that are no feature."""
    labels: tuple[str, ...] = ()
    """Of those, the columns that are called as the corpus calls its own columns of labels."""
    declaration: Declaration | None = None
    """How its owner says that it was measured; its columns bear the names of that."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one extractor found in one clip: figures by column name, and why some are missing."""

    content: str
    """sha256 of the clip's bytes; joined by `+` with that of its reference where one was used."""
    part: str
    """Name of the extractor, as `libvmaf`."""
    fingerprint: str
    """Extractor, version and settings; figures of different fingerprints are not comparable."""
    figures: Mapping[str, float]
    """Finite numbers; all of the part's where `reason` is None, else those that can be had."""
    reason: str | None
    """Why figures are missing."""


@dataclass(frozen=True, slots=True)
class Setback:
    """Why measuring a part came to nothing for a cause that does not lie in the clip's bytes.

    Never stored as a measurement: the same bytes may have figures at the next try.
    """

    content: str
    """As in `Measurement`."""
    part: str
    fingerprint: str
    reason: str

    @property
    def figures(self) -> Mapping[str, float]:
        """None, as of a measurement with a reason."""
        return {}


@dataclass(frozen=True, slots=True)
class NotedSetback:
    """How often measuring a part of a clip met with a setback, run by run, and the last one."""

    clip_id: str
    setback: Setback
    attempts: int
    """Runs in which it did; none of them was followed by a measurement."""
    given_up: bool
    """No further run tries, until somebody asks for it."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ShotFigures:
    """Shot statistics of one clip."""

    shot_count: int
    mean_length_s: float
    length_std_s: float | None
    frames: int | None
    """Frames of the clip, where known; the cut density needs it."""


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One row of `shot_metadata`; figures are None together with a reason."""

    clip_id: str
    corpus: str
    shot_count: int | None
    mean_length_s: float | None
    length_std_s: float | None
    shot_count_norm: float | None
    shot_mean_len_norm: float | None
    shot_cut_density: float | None
    source: str
    """`measured`, or the external file."""
    fingerprint: str
    reason: str | None


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """The chosen feature columns of every clip, with what is missing and why."""

    clip_ids: tuple[str, ...]
    corpora: tuple[str, ...]
    """[n], corpus of each row."""
    feature_order: tuple[str, ...]
    values: FloatArray
    """[n, F]; NaN marks a feature that could not be had."""
    fingerprints: tuple[str, ...]
    """[n], where the row's figures come from; rows that differ here are not comparable."""
    reasons: tuple[str | None, ...]
    """[n], why a row is incomplete; None where it is complete."""

    def take(self, rows: IntArray) -> Self:
        """These rows, in this order."""

        def chosen(values: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(values[row] for row in rows)

        return replace(
            self,
            clip_ids=chosen(self.clip_ids),
            corpora=chosen(self.corpora),
            values=self.values[rows],
            fingerprints=chosen(self.fingerprints),
            reasons=chosen(self.reasons),
        )
