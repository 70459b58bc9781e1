"""The folders of KonViD-1k and KonViD-150k as their authors publish them (SPEC 2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mos_assets.corpora.declaration import (
    column_name,
    other_column_findings,
    rating_findings,
    torn_findings,
)
from mos_assets.corpora.labels import (
    PARTS,
    SAME_MOS,
    LabelColumns,
    LabelSource,
    ReadLabels,
    one_label_a_clip,
    ratings_of,
    read_labels,
    reject,
)
from mos_assets.corpora.names import join_key, safe_name, stem
from mos_assets.corpora.request import (
    KONVID_1K,
    KONVID_150K,
    ClipDir,
    CorpusRequest,
    LabelSet,
    is_folder,
)
from mos_assets.corpora.tables import (
    CLIP_ALIASES,
    COUNT_ALIASES,
    MOS_ALIASES,
    MOS_SCORE_FILE_ALIASES,
    STD_ALIASES,
    Table,
    read_table,
)
from mos_assets.corpora.votes import add_votes
from mos_assets.errors import CorpusError
from mos_assets.records import Finding, Label, LabelOrigin, RejectedRow

KONVID_1K_CEILING = 1_500
SAME_MOS_1K = 5e-5 + SAME_MOS
"""The two label files of KonViD-1k round differently; this close, they say the same.

5e-5 as it is written: the difference of two floats may be a little more."""
_LABELS_1K = ("konvid_1k_attributes.csv", "konvid_1k_mos.csv")
_METADATA_1K = ("KoNViD_1k_metadata", "metadata", ".")
_CLIPS_1K = ("KoNViD_1k_videos", "videos", ".")
LICENCE = "research data: no clip, label or feature may be passed on"


def label_files_1k(folder: Path) -> tuple[Path, ...]:
    """Label files of KonViD-1k: the two official ones, else every CSV beside them, sorted."""
    for name in _METADATA_1K:
        found = sorted(path for path in (folder / name).glob("*.csv") if path.is_file())
        official = [path for path in found if path.name.lower() in _LABELS_1K]
        if found:
            return tuple(official or found)
    return ()


def clip_dirs_1k(folder: Path) -> tuple[ClipDir, ...]:
    """Folders that may hold the clips of KonViD-1k and are there. Raises as `is_folder`."""
    return tuple(ClipDir(folder / name) for name in _CLIPS_1K if is_folder(folder / name))


def load_1k(request: CorpusRequest) -> LabelSet:
    """Labels of KonViD-1k. Raises CorpusError for a folder that does not hold them."""
    folder = request.folder
    files = label_files_1k(folder)
    if not files:
        raise CorpusError(
            f"{folder} holds no label file of {KONVID_1K}: KoNViD_1k_attributes.csv or "
            f"KoNViD_1k_mos.csv is looked for in {folder / _METADATA_1K[0]}, {folder / 'metadata'} "
            f"and {folder}."
        )
    tables = [read_table(path) for path in files]
    most = max(len(table.rows) for table in tables)
    if most > KONVID_1K_CEILING:
        raise CorpusError(_too_many(folder, most))
    labels: list[Label] = []
    rejected: list[RejectedRow] = []
    findings: tuple[Finding, ...] = ()
    for table in tables:
        source = LabelSource(KONVID_1K, _relative(table.path, folder), clip_name=_name_1k)
        columns = label_columns(table, MOS_ALIASES)
        read = read_labels(table, columns, source)
        findings += label_findings(table, columns, source, read)
        labels += read.labels
        rejected += read.rejected
    kept, lost = one_label_a_clip(KONVID_1K, labels, average=False, tolerance=SAME_MOS_1K)
    if len(kept) > KONVID_1K_CEILING:
        raise CorpusError(_too_many(folder, len(kept)))
    return LabelSet(
        name=KONVID_1K,
        version="2017",
        licence=LICENCE,
        origin=LabelOrigin.HUMAN,
        labels=tuple(kept),
        rejected=tuple(rejected + lost),
        label_files=tuple(_relative(path, folder) for path in files),
        rows_read={_relative(table.path, folder): len(table.rows) for table in tables},
        clip_dirs=clip_dirs_1k(folder),
        findings=findings,
    )


def label_files_150k(folder: Path) -> tuple[Path, ...]:
    """Score and vote files of KonViD-150k that are there."""
    names = [f"k150k{part}_{kind}.csv" for part in PARTS for kind in ("scores", "votes")]
    return tuple(folder / name for name in names if (folder / name).is_file())


def clip_dirs_150k(folder: Path) -> tuple[ClipDir, ...]:
    """Folders that may hold clips of KonViD-150k and are there, each part's own first.

    Raises as `is_folder`.
    """
    dirs = [ClipDir(folder / f"k150k{part}_extracted", part) for part in PARTS]
    dirs.append(ClipDir(folder / "clips"))
    return tuple(entry for entry in dirs if is_folder(entry.path))


def load_150k(request: CorpusRequest) -> LabelSet:
    """Labels of KonViD-150k's score files, parts a and b.

    Raises CorpusError for a folder that is not it.
    """
    folder = request.folder
    tables = {
        part: read_table(folder / f"k150k{part}_scores.csv")
        for part in PARTS
        if (folder / f"k150k{part}_scores.csv").is_file()
    }
    if not tables:
        looks = f" It looks like {KONVID_1K}: set MOS_CORPUS={KONVID_1K}."
        hint = looks if label_files_1k(folder) else ""
        raise CorpusError(
            f"{folder} holds no label file of {KONVID_150K}: manifest.csv, k150ka_scores.csv or "
            f"k150kb_scores.csv is looked for.{hint}"
        )
    require_floor(request, sum(len(table.rows) for table in tables.values()))
    by_part: dict[str, list[Label]] = {}
    rejected: list[RejectedRow] = []
    findings: tuple[Finding, ...] = ()
    for part, table in tables.items():
        source = LabelSource(KONVID_150K, table.path.name, part=part)
        columns = label_columns(table, MOS_SCORE_FILE_ALIASES)
        read = read_labels(table, columns, source)
        findings += label_findings(table, columns, source, read)
        kept, lost = one_label_a_clip(KONVID_150K, read.labels, average=False)
        rejected += read.rejected + lost
        votes = folder / f"k150k{part}_votes.csv"
        if votes.is_file():
            kept, lost = add_votes(KONVID_150K, kept, votes)
            rejected += lost
        by_part[part] = kept
    in_b = {stem(label.clip_name) for label in by_part.get("b", ())}
    labels = list(by_part.get("b", ()))
    for label in by_part.get("a", ()):
        if stem(label.clip_name) in in_b:
            # Part b is the authors' test set and has many more votes a clip.
            reason = "the clip is in part b too, whose label is used"
            rejected += reject(KONVID_150K, label, reason)
        else:
            labels.append(label)
    return LabelSet(
        name=KONVID_150K,
        version="2021",
        licence=LICENCE,
        origin=LabelOrigin.HUMAN,
        labels=tuple(sorted(labels, key=lambda label: label.clip_name)),
        rejected=tuple(rejected),
        label_files=tuple(path.name for path in label_files_150k(folder)),
        rows_read={table.path.name: len(table.rows) for table in tables.values()},
        clip_dirs=clip_dirs_150k(folder),
        clips_optional=True,
        findings=findings,
    )


def require_floor(request: CorpusRequest, rows: int) -> None:
    """Raise CorpusError for label files too short to be those of KonViD-150k."""
    if rows < request.min_rows_150k:
        raise CorpusError(
            f"{request.folder} holds {rows} label rows; {KONVID_150K} has at least "
            f"{request.min_rows_150k}. If this is KonViD-1k, put it into a folder {KONVID_1K} and "
            f"set MOS_CORPUS={KONVID_1K}; if files are missing, fetch them; for a subset, set "
            "MOS_KONVID_150K_FLOOR."
        )


def label_columns(table: Table, mos_aliases: Sequence[str]) -> LabelColumns:
    """Where a KonViD label file keeps what. Raises CorpusError for one without clip or MOS."""
    columns = table.columns
    return LabelColumns(
        clip=columns.require(CLIP_ALIASES, "clip name", table.path),
        mos=columns.require(mos_aliases, "MOS", table.path),
        std=columns.find(STD_ALIASES),
        n=columns.find(COUNT_ALIASES),
    )


def label_findings(
    table: Table,
    columns: LabelColumns,
    source: LabelSource,
    read: ReadLabels,
) -> tuple[Finding, ...]:
    """What contradicts the five-point scale of the KonViD corpora in one of their files."""
    column = column_name(table, columns.mos)
    return (
        *rating_findings([ratings_of(read, column, source)]),
        *other_column_findings(table, source.file, columns.mos),
        *torn_findings([table]),
    )


def _name_1k(cell: str) -> str:
    """`<id>.mp4` whichever of its names a label file uses, so that the clip's id never changes."""
    name = safe_name(cell)
    return f"{join_key(name)}.mp4"


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _too_many(folder: Path, rows: int) -> str:
    return (
        f"{folder} holds {rows} label rows; {KONVID_1K} has at most {KONVID_1K_CEILING}. This "
        "looks like KonViD-150k: put it into a folder "
        f"{KONVID_150K} and set MOS_CORPUS={KONVID_150K}."
    )
