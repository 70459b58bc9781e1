"""What is asked of this room and what it hands out beyond `records.Corpus`, as plain data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.errors import CorpusError
from mos_assets.records import (
    ENCODER_VOCABULARY,
    MOS_MAX,
    MOS_MIN,
    SEED,
    UNREPEATED,
    Finding,
    LabelOrigin,
    RatingsSummary,
    RejectedRow,
    SessionFacts,
    SessionNoise,
    ShotFigures,
)
from mos_assets.records.label_columns import Labels
from mos_assets.settings import KONVID_150K_FLOOR

SYNTHETIC_ROWS = 600
UNUSABLE_CLIP = "the clip cannot be used"
"""How the reason of a rated row begins whose clip is there and no good."""
CORPUS_TOML = "corpus.toml"
FEATURES_FOLDER = "features"
SHOTS_FOLDER = "shots"
DOWNLOADS_FOLDER = "clips"
"""Where the clips of a manifest are downloaded to."""
FEATURE_SUFFIXES = (".csv", ".jsonl", ".parquet")
SHOT_SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class CorpusRequest:
    """Which corpus to load, and from where."""

    name: str
    root: Path
    """MOS_CORPUS_ROOT: the folder that holds one folder a corpus."""
    ffmpeg: str | None = None
    """Configured ffmpeg; only rendering the demo needs it. None means the bundled build."""
    seed: int = SEED
    """Of the synthetic corpus."""
    synthetic_rows: int = SYNTHETIC_ROWS
    min_rows_150k: int = KONVID_150K_FLOOR
    manifest: str = ""
    """Of KonViD-150k, relative to its folder; empty: manifest.csv, where it is there."""

    @property
    def folder(self) -> Path:
        return corpus_folder(self.name, self.root)


@dataclass(frozen=True, slots=True)
class NormalisedShots:
    """The three shot columns as another tool has computed them already."""

    shot_count_norm: float
    shot_mean_len_norm: float
    shot_cut_density: float


@dataclass(frozen=True, slots=True)
class ExternalShots:
    """One clip's row of external shot metadata; without either kind of figures: unavailable."""

    clip_name: str
    """As written in the table, with or without suffix."""
    figures: ShotFigures | None
    normalised: NormalisedShots | None
    source: str
    """File, relative to the corpus folder."""
    line: int


@dataclass(frozen=True, slots=True)
class ShotTable:
    """All external shot metadata of a corpus, files in the order of their names."""

    rows: tuple[ExternalShots, ...]
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True)
class ClipDir:
    """A folder that clips of one part, or of any part (None), are looked for in."""

    path: Path
    part: str | None = None
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class WatchedFiles:
    """What a sensor watches for one corpus; all absolute, sorted, and there now."""

    label_paths: tuple[Path, ...]
    """Label files, vote files, manifest and corpus.toml."""
    clip_dirs: tuple[ClipDir, ...]
    """Folders of clips, and of pristine references."""
    shot_paths: tuple[Path, ...]
    feature_paths: tuple[Path, ...]
    beside_tables: tuple[Path, ...] = ()
    """Files in the folders of both that are no tables, or not yet: one that is being copied."""
    declaration_paths: tuple[Path, ...] = ()
    """What is declared of feature tables."""
    made_here: bool = False
    """What the first run renders is not a change that a second one has to follow."""


@dataclass(frozen=True, slots=True)
class LabelSet:
    """What the label files of a corpus say, before any clip has been looked at."""

    name: str
    version: str
    licence: str
    origin: LabelOrigin
    labels: Labels
    """At most one a clip."""
    rejected: tuple[RejectedRow, ...]
    label_files: tuple[str, ...]
    rows_read: Mapping[str, int]
    """Rows of each file that holds labels."""
    clip_dirs: tuple[ClipDir, ...] = field(default=())
    reference_dirs: tuple[Path, ...] = field(default=())
    urls: Mapping[str, str] | None = None
    """Clip name → where to download it, '' where the manifest does not say; None: no manifest."""
    encoder: str = ENCODER_VOCABULARY[0]
    """Slot of the encoder's one-hot that its clips belong to."""
    notes: tuple[str, ...] = field(default=())
    """Lines for whoever watches the run."""
    findings: tuple[Finding, ...] = field(default=())
    """What is, or may be, wrong with the labels."""
    scale: tuple[float, float] = (MOS_MIN, MOS_MAX)
    """Native ratings of the worst and of the best clip possible."""
    ratings: RatingsSummary | None = None
    """What the votes of the corpus say beyond a MOS a clip."""
    sessions: tuple[SessionFacts, ...] = field(default=())
    between: SessionNoise = field(default=UNREPEATED)
    differences: bool = False
    """These three as in `Corpus`."""
    namespace: str | None = None
    """Of its groups; None where it declares none."""


def corpus_folder(name: str, root: Path) -> Path:
    """`<root>/<name>`, absolute. Raises CorpusError for a name that could lead elsewhere."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise CorpusError(
            f"{name!r} is not a corpus name (MOS_CORPUS): use letters, digits, '.', '_' and '-' "
            "only."
        )
    return root.absolute() / name


@contextmanager
def folder_errors() -> Iterator[None]:
    """Turn a folder that cannot be listed, or a file in it, into a CorpusError naming it."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        place = os.fsdecode(error.filename)
        raise CorpusError(
            f"{place} cannot be read: {error.strerror or error}. Make it readable for this user, "
            "or move it away."
        ) from error


def is_folder(path: Path) -> bool:
    """Whether a folder is there that need not be.

    Raises CorpusError where something else is, such as a link to a disk that is not mounted: that
    is not the same as nothing.
    """
    if path.is_dir():
        return True
    if os.path.lexists(path):
        raise CorpusError(
            f"{path} is no folder, or a link to one that is not there. Is its disk mounted? "
            "Otherwise move it away."
        )
    return False


def external_files(name: str, root: Path, folder: str, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Tables in one sub-folder of a corpus, sorted by name; none where the folder is missing.

    Raises CorpusError where it is no folder, such as a link to a disk that is not there.
    """
    return split_files(name, root, folder, suffixes)[0]


def split_files(
    name: str, root: Path, folder: str, suffixes: Sequence[str]
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """(tables, other files) in that folder, sorted by name. Raises as `external_files`."""
    tables: list[Path] = []
    others: list[Path] = []
    with folder_errors():
        parent = corpus_folder(name, root) / folder
        for path in sorted(parent.iterdir()) if is_folder(parent) else ():
            if path.is_file():
                is_table = path.suffix.lower() in suffixes and not path.name.startswith(".")
                (tables if is_table else others).append(path)
    return tuple(tables), tuple(others)
