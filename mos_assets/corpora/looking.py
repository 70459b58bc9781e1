"""What is in the files that labels mean: known already, or opened now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.corpora.examine import Progress, examine_all
from mos_assets.corpora.files import FileState, file_state
from mos_assets.corpora.request import folder_errors
from mos_assets.records import IntArray, KnownClip, SeenFile
from mos_assets.records.corpus_columns import NO_FILES, FileColumns
from mos_assets.records.rows import BATCH

GONE = "it went away while it was looked for; run again when nobody moves clips"
TOO_LATE = "its modification time lies beyond the year 2262; touch it"
_LAST_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Looked:
    """What is in the files that labels mean."""

    files: FileColumns
    row: IntArray
    """[paths], of `files`; −1 where the file could not be read."""
    flaws: dict[int, str]
    """Place of a path → why the file cannot be used."""
    opened: int
    settled: bool
    as_known: bool
    """Whether they are the known files, all of them and no others."""


def look_into(
    paths: Sequence[str], corpus: str, known: FileColumns, workers: int, progress: Progress
) -> Looked:
    """What is in these files, sorted by path; those that are not known are opened.

    Raises CorpusError for a folder that cannot be looked into.
    """
    flaws: dict[int, str] = {}
    sizes, times = np.full(len(paths), -1), np.full(len(paths), -1)
    with folder_errors():
        for place, path in enumerate(paths):
            state = file_state(path)
            if state is None or state.mtime_ns > _LAST_NS:
                flaws[place] = GONE if state is None else TOO_LATE
                continue
            sizes[place], times[place] = state.size, state.mtime_ns
    rows = known.rows_of(paths, sizes, times)
    fresh: list[int] = np.flatnonzero((rows < 0) & (sizes >= 0)).tolist()
    states = [FileState(paths[at], int(sizes[at]), int(times[at])) for at in fresh]
    parts: list[FileColumns] = []
    found: list[SeenFile] = []
    placed = len(known)
    examined = examine_all(states, corpus, workers, progress)
    for place, (at, finding) in zip(fresh, examined, strict=True):
        if not isinstance(finding, KnownClip):
            flaws[place] = finding.reason
            continue
        found.append(SeenFile(Path(at.path), at.size, at.mtime_ns, *finding))
        rows[place], placed = placed, placed + 1
        if len(found) == BATCH:
            parts.append(FileColumns.of(found))
            found.clear()
    settled = not flaws
    used = np.unique(rows[rows >= 0])
    files = known.plus(*parts, FileColumns.of(found)).only(used)
    rows = np.where(rows < 0, -1, np.searchsorted(used, rows))
    reasons = files.reasons()
    for place in np.flatnonzero(np.isin(rows, list(reasons))).tolist():
        flaws[place] = reasons[int(rows[place])]
    return Looked(files, rows, flaws, len(fresh), settled, files is known is not NO_FILES)
