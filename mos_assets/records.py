"""The data classes that cross the doors between rooms, and the constants of the domain.

Nothing here computes: rooms build these, hand them over, and never pass dictionaries,
open database handles or file objects instead. Those of which a corpus has 150,000 are named
tuples, which are made in a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOS_MIN = 1.0
"""Lowest opinion score, ITU-T P.910 absolute category rating."""
MOS_MAX = 5.0
"""Highest opinion score, ITU-T P.910 absolute category rating."""
SEED = 20260508
"""The seed of everything that draws random numbers."""
ENCODER_VOCABULARY: tuple[str, ...] = ("ugc-mixed",)
"""Encoder slots in the order of the one-hot input; slots are only ever appended."""
ENCODER_VOCABULARY_VERSION = 4


class LabelOrigin(StrEnum):
    """Who gave the ratings: people, or a program that stands in for them."""

    HUMAN = "human"
    SIMULATED = "simulated"


class Status(StrEnum):
    """Where a head stands; only a head that met the whole gate on human labels is accepted."""

    ACCEPTED = "Accepted"
    PROPOSED = "Proposed"


class GateKind(StrEnum):
    """Which gate judged: the real one (human labels) or the surrogate (simulated labels)."""

    REAL = "real"
    SURROGATE = "surrogate"


class Label(NamedTuple):
    """One rated clip as its owner published it, mapped to 1..5."""

    clip_name: str
    """File name of the clip, with suffix."""
    mos: float
    mos_std: float | None
    """Standard deviation of the individual ratings in MOS units; None where unknown."""
    n_ratings: int | None
    part: str | None
    """`a` or `b` of KonViD-150k, else None."""
    group: str | None
    """Rows of one group share content and stay in one fold; None: the clip is its own group."""
    reference: str | None
    """File name of the pristine source, where the labels name one."""
    source: str
    """Label file, relative to the corpus folder."""
    line: int
    """1-based line in that file."""
    others: tuple[tuple[str, int], ...] = ()
    """(file, line) of further rows that this label stands for: repeated ratings, or a second
    file that says the same."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What became of the rows of one label file."""

    source: str
    """Relative to the corpus folder."""
    rows: int
    """Rows that it holds, damaged ones included, blank lines not."""
    used: int
    """Rows that stand behind a clip of the corpus; the others are rejected rows."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A label row that did not become a corpus row, or a clip that could not be used, and why."""

    corpus: str
    source: str
    line: int | None
    clip_name: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a container says of its first video stream."""

    width: int
    height: int
    fps: float
    """Average frame rate, else the nominal one, in frames a second."""
    duration_s: float | None
    frames: int | None
    """Frames the container claims to hold; decoding may find fewer."""
    pix_fmt: str | None
    codec: str
    """Decoder name, such as `h264`."""
    bit_rate: int | None
    """Bits a second of the video stream."""


class Clip(NamedTuple):
    """One row of `raw_corpus`: a label and, where it is on disk, the clip it rates."""

    clip_id: str
    """`<corpus>/<clip name without suffix>`, stable within the corpus."""
    corpus: str
    corpus_version: str
    part: str | None
    clip_name: str
    path: Path | None
    """Absolute path, or None where only the label exists."""
    sha256: str | None
    size_bytes: int | None
    mtime_ns: int | None
    probe: Probe | None
    mos: float
    mos_std: float | None
    n_ratings: int | None
    label_origin: LabelOrigin
    content_group: str
    """Unit that folds keep together: the content's name, or the clip's own id."""
    reference_path: Path | None
    reference_sha256: str | None


class KnownClip(NamedTuple):
    """What an earlier run found in a file whose size and mtime are still the same."""

    sha256: str
    probe: Probe | None
    reason: str | None = None
    """Why the file cannot be used as a clip; then there is no probe."""


class SeenFile(NamedTuple):
    """What a look into one clip file found, so that an unchanged file is never opened again."""

    path: Path
    size_bytes: int
    mtime_ns: int
    sha256: str
    probe: Probe | None
    reason: str | None
    """Why it cannot be used; None where there is a probe."""


class DownloadState(StrEnum):
    """How the last try to download a clip ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Download:
    """What became of one clip of a manifest."""

    corpus: str
    clip_name: str
    url: str
    """As the manifest says; '' where it does not."""
    state: DownloadState
    permanent: bool
    """Failed in a way that another try would not mend."""
    reason: str | None
    """Why it failed; None where it is done."""
    attempts: int
    """Tries of every run together."""
    size_bytes: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus as it is on disk now."""

    name: str
    version: str
    licence: str
    label_origin: LabelOrigin
    clips: tuple[Clip, ...]
    """Sorted by clip_id."""
    rejected: tuple[RejectedRow, ...]
    label_files: tuple[str, ...]
    clips_opened: int
    """Clips that had to be probed and hashed because they were new or changed."""
    files: tuple[SeenFile, ...] = ()
    """Every clip file that was looked at, now or in an earlier run, usable or not."""
    accounts: tuple[LabelFile, ...] = ()
    """One of each label file."""
    encoder: str = ENCODER_VOCABULARY[0]
    """Slot of the encoder's one-hot that its clips belong to."""
    warnings: tuple[str, ...] = ()
    """What may be wrong with label files that could be read."""
    settled: bool = True
    """False where a file could not be read this time: the next look may find it otherwise."""


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
    """Columns that are no feature, since they hold something other than numbers, or nothing."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one extractor found in one clip: figures by column name, or why there are none."""

    content: str
    """sha256 of the clip's bytes; joined by `+` with that of its reference where one was used."""
    part: str
    """`libvmaf`, `nr`, `saliency` or `shots`."""
    fingerprint: str
    """Extractor, version and settings; figures of different fingerprints are not comparable."""
    figures: Mapping[str, float]
    """Finite numbers; empty where `reason` is set."""
    reason: str | None


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

    @property
    def encoder(self) -> IntArray:
        """[n], active slot of each row."""
        return np.zeros(len(self.mos), dtype=np.int64) if self.slots is None else self.slots


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of heads that never saw the row: of its fold's heads, or of the shipped head for
    rows that never train."""

    seeds: tuple[int, ...]
    predictions: FloatArray
    """[seeds, n], MOS 1..5, in the row order of the training table."""


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


@dataclass(frozen=True, slots=True)
class FoldScore:
    """Figures of one seed on one fold."""

    seed: int
    fold: int
    n_train: int
    n_val: int
    plcc: float
    srocc: float
    rmse: float


@dataclass(frozen=True, slots=True)
class SeedScore:
    """Means over folds of one seed."""

    seed: int
    mean_plcc: float
    mean_srocc: float
    mean_rmse: float


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
    """Columns of the table that are no feature, since they hold something other than numbers."""
