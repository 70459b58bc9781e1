"""Labels, clips and files of a corpus.

Those of which a corpus has 150,000 are named tuples, which are made in a third of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mos_assets.records.domain import ENCODER_VOCABULARY, MOS_MAX, MOS_MIN, LabelOrigin
from mos_assets.records.ratings import UNREPEATED, RatingsSummary, SessionFacts, SessionNoise

if TYPE_CHECKING:
    from mos_assets.records.corpus_columns import ClipColumns, FileColumns


class Label(NamedTuple):
    """One rated clip as its owner published it, mapped to 1..5."""

    clip_name: str
    """File name of the clip, with suffix."""
    mos: float
    mos_std: float | None
    """Standard deviation of the individual ratings in MOS units; None where unknown."""
    n_ratings: int | None
    part: str | None
    """Of the corpus, as its authors divide it: `a` or `b` of KonViD-150k; else None."""
    group: str | None
    """Rows of one group share content and stay in one fold; None: the clip is its own group."""
    reference: str | None
    """File name of the pristine source, where the labels name one."""
    source: str
    """Label file, relative to the corpus folder."""
    line: int
    """1-based line in that file."""
    others: Sequence[tuple[str, int]] = ()
    """(file, line) of further rows that this label stands for: repeated ratings, votes, or a second
    file that says the same."""
    foreign: str | None = None
    """Why its name, with the folders of another machine in it, names no file here; None: it may."""
    session: str | None = None
    """The test that it comes from, where the corpus names tests; `a+b` where ratings of two are one
    label."""
    mos_ci95: float | None = None
    """Half-width of the 95 % interval of the MOS, MOS units; None where it is unknown, or follows
    from deviation and number."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What became of the rows of one label file."""

    source: str
    """Relative to the corpus folder."""
    rows: int
    """Rows that it holds, damaged ones included, blank lines not."""
    used: int
    """Rows that stand behind a clip of the corpus with all that they say; the others are rejected
    rows."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A label row that did not become a corpus row, or a clip that could not be used, and why."""

    corpus: str
    source: str
    line: int | None
    clip_name: str | None
    reason: str


class Severity(StrEnum):
    """What follows from a finding."""

    BLOCKS = "blocks"
    """It cannot be right: nothing trains on these labels."""
    WARNS = "warns"
    """It may be right: report and card say it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Labels of a corpus that contradict what is declared of them, or look as if they did."""

    severity: Severity
    what: str
    """What was found, with figures."""
    place: str
    """The file and column, or file and lines, that it is about."""
    remedy: str
    """What to do, or to make sure of."""
    examples: str = ""
    """Clips, lines or groups that show it; not for a card, which names no clip."""

    @property
    def sentence(self) -> str:
        return f"{self.place}: {self.what}. {self.remedy}."

    @property
    def with_examples(self) -> str:
        """For the owner of the corpus."""
        shown = f": {self.examples}" if self.examples else ""
        return f"{self.place}: {self.what}{shown}. {self.remedy}."


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A file in a clip folder that is not looked at, or a label whose clip is not there under its
    name, and why."""

    source: str
    """The folder, or the label file with its line."""
    name: str
    reason: str
    kind: str = ""
    """What its reason has in common with others that name other files; empty: all of it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file holds of the video stream that a player shows."""

    width: int
    """Columns of a picture as it is shown: cropped and turned, samples counted as coded."""
    height: int
    fps: float
    """Frames a second as stated; by the pictures' time stamps where they contradict it."""
    duration_s: float | None
    """Seconds that the pictures are shown, the last one for 1/fps."""
    frames: int | None
    """Pictures that are shown, counted from the coded packets."""
    pix_fmt: str | None
    codec: str
    """Decoder name, such as `h264`."""
    bit_rate: int | None
    """Coded bits of the pictures a second."""
    stream: int | None
    """Number of the stream in the file, counted over streams of every kind."""
    coded_bytes: int | None
    """Bytes of the packets of these pictures, with the headers that a container puts into them."""
    doubtful: int | None
    """Packets of which only a decoder can tell whether a picture comes of them."""
    nominal_fps: float | None
    """The stated rate, by which pictures are numbered and sampled while they are measured."""


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
    session: str | None = None
    """As `Label.session`."""
    mos_ci95: float | None = None
    """As `Label.mos_ci95`."""


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
    clips: ClipColumns
    """Sorted by clip_id."""
    rejected: tuple[RejectedRow, ...]
    label_files: tuple[str, ...]
    clips_opened: int
    """Clips that had to be probed and hashed because they were new or changed."""
    files: FileColumns
    """Every clip file that was looked at, now or in an earlier run, usable or not."""
    accounts: tuple[LabelFile, ...] = ()
    """One of each label file."""
    encoder: str = ENCODER_VOCABULARY[0]
    """Slot of the encoder's one-hot that its clips belong to."""
    findings: tuple[Finding, ...] = ()
    """What is, or may be, wrong with labels that could be read."""
    missing: tuple[Unmatched, ...] = ()
    """Labels without a clip, where clips were looked for."""
    respelt: tuple[Unmatched, ...] = ()
    """Labels whose file has another spelling of their name, and in what the two differ."""
    overlooked: tuple[Unmatched, ...] = ()
    """Files among the clips that are not looked at."""
    scale: tuple[float, float] = (MOS_MIN, MOS_MAX)
    """Native ratings of the worst and of the best clip possible."""
    ratings: RatingsSummary | None = None
    """What its votes say beyond a MOS a clip; None where it has label files only."""
    sessions: tuple[SessionFacts, ...] = ()
    """Its tests, where votes or label files tell them apart; votes are of one at least."""
    between: SessionNoise = UNREPEATED
    """What lies between them."""
    differences: bool = False
    """Whether the column of its ratings is called as differences from a reference are (DMOS)."""
    namespace: str | None = None
    """Corpora of one namespace mean the same content by the same group; None: not declared."""
    settled: bool = True
    """False where a file could not be read this time: the next look may find it otherwise."""
    files_as_known: bool = False
    """Whether `files` are those that were known before, all of them and no others."""
