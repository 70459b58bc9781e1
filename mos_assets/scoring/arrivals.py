"""What lies in the folder of clips that come in, and which of it has a score already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mos_assets.errors import CorpusError
from mos_assets.scoring.finding import find_clips
from mos_assets.scoring.output import plain
from mos_assets.scoring.references import FolderReferences
from mos_assets.settings import PathSettings
from mos_assets.settings.environment import variable

SCORES_FILE = "clip_scores.parquet"
"""In the store: the table of scores, for whoever does not open the database."""
FOLDER, REFERENCES = variable("incoming"), variable("incoming_references")


@dataclass(frozen=True, slots=True)
class Lying:
    """A clip that lies in the folder."""

    path: Path
    clip: str
    """Its path from the folder, as text."""
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Told:
    """What the file of scores says of a clip."""

    size_bytes: int
    mtime_ns: int
    candidate_id: str | None
    again: bool


def references_of(paths: PathSettings) -> FolderReferences | None:
    """The pristine files of the clips that come in; None where none are configured.

    Raises CorpusError where their folder is not there, holds no video, or is that of the clips.
    """
    folder = paths.references_folder
    if folder is None or paths.incoming_folder is None:
        return None
    return FolderReferences(folder, [paths.incoming_folder], REFERENCES)


def lying_in(folder: Path, references: FolderReferences | None) -> tuple[Lying, ...]:
    """The clips in the folder, at any depth, in order; see `find_clips`.

    Raises CorpusError where it, or a folder in it, is not there or cannot be read: that is no
    empty folder.
    """
    if not folder.is_dir():
        raise CorpusError(
            f"{FOLDER}={folder}: there is no such folder. Make or mount it, or unset {FOLDER}."
        )
    given = find_clips([folder], frozenset() if references is None else references.files)
    for _, why in given.unusable:
        raise CorpusError(f"{FOLDER}: {why}. Let this user read it, or move it away.")
    found = []
    for path in given.clips:
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # gone since
        name = plain(path.relative_to(folder).as_posix())
        found.append(Lying(path, name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return tuple(found)


def told_scores(store: Path) -> dict[str, Told]:
    """What the file of scores says, by clip; nothing where it is not there or is damaged, since
    the next run writes it anew."""
    columns = ["clip", *Told.__slots__]
    try:
        rows = pq.read_table(store / SCORES_FILE, columns=columns).to_pylist()
    except (FileNotFoundError, pa.ArrowException):
        return {}
    return {row.pop("clip"): Told(**row) for row in rows}
