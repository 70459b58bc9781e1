"""From labels to corpus rows: attaching to each label its clip, where there is one.

A file whose size and mtime are known already is neither opened nor hashed. A clip that cannot
be used costs its own label and nothing else.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mos_assets.corpora.copies import all_but_one, with_joined_contents
from mos_assets.corpora.examine import Progress, examine_all
from mos_assets.corpora.files import (
    LINKED_FOLDER,
    FileState,
    Index,
    Unreadable,
    file_state,
    files_in,
    find_reference,
)
from mos_assets.corpora.finding_clips import Located, find_clips, overlooked
from mos_assets.corpora.labels import account, printable, reject
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.names import stem, video_suffix
from mos_assets.corpora.request import (
    UNUSABLE_CLIP,
    ClipDir,
    LabelSet,
    folder_errors,
)
from mos_assets.records import Corpus, IntArray, KnownClip, Label, RejectedRow, SeenFile
from mos_assets.records.corpus_columns import BATCH, LABEL_FIELDS, ClipColumns, FileColumns

NO_LABEL = "the clip has no label"
GONE = "it went away while it was looked for; run again when nobody moves clips"
TOO_LATE = "its modification time lies beyond the year 2262; touch it"
_LAST_NS = 2**63 - 1


def attach_clips(
    labels: LabelSet,
    layout: Layout,
    folder: Path,
    *,
    known: FileColumns,
    workers: int,
    progress: Progress,
) -> Corpus:
    """The corpus in `folder` as it is on disk now: every label with its clip, if there is one.

    The same bytes under several names are one row where their labels agree, and a conflict
    of which none is used where they do not. Labels without a clip are rows without a path;
    clips without a label are rejected rows without a line.
    """
    with folder_errors():
        indexes = [(entry, files_in(entry, folder)) for entry in labels.clip_dirs]
        labels, located, lost = find_clips(labels, indexes, folder, optional=layout.clips_optional)
        references, missing = _references(labels, folder)
        paths = sorted({at for at in (*located, *references.values()) if isinstance(at, str)})
        rejected = [*labels.rejected, *missing, *_unlabelled(labels, indexes, set(paths))]
        passed_over = tuple(overlooked(labels, indexes, folder))
        # Of what is listed here only what is looked for is kept: there may be 150,000 files.
        del indexes
    looked = _look(paths, labels.name, known, workers, progress)
    del paths
    kept: list[Label] = []
    told, file_of, reference_of = _as_columns(
        _attached(labels, layout, located, references, looked, rejected), kept
    )
    copies = looked.files.of_same_bytes(file_of)
    dropped, refused = all_but_one(labels.name, kept, copies, layout.test_part)
    rejected += refused
    told = with_joined_contents(told, copies)
    order = pc.sort_indices(told["clip_id"]).to_numpy()
    order = order[~np.isin(order, dropped)]
    return Corpus(
        name=labels.name,
        version=labels.version,
        licence=labels.licence,
        label_origin=labels.origin,
        encoder=labels.encoder,
        clips=ClipColumns(
            told.take(order),
            looked.files,
            corpus=labels.name,
            version=labels.version,
            origin=labels.origin,
            file_of=file_of[order],
            reference_of=reference_of[order],
        ),
        rejected=tuple(sorted(rejected, key=_rejected_order)),
        label_files=labels.label_files,
        clips_opened=looked.opened,
        findings=labels.findings,
        missing=lost.missing,
        respelt=lost.respelt,
        overlooked=passed_over,
        scale=labels.scale,
        namespace=labels.namespace,
        ratings=labels.ratings,
        sessions=labels.sessions,
        between=labels.between,
        differences=labels.differences,
        accounts=account(
            (kept[at] for at in order),
            labels.rows_read,
            labels.rejected,
        ),
        files=looked.files,
        settled=looked.settled,
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is in the files that labels mean."""

    files: FileColumns
    row_of: dict[str, int]
    """By path; one that could not be read has none."""
    flaws: dict[str, str]
    """Path → why the file cannot be used."""
    opened: int
    settled: bool

    def flaw(self, at: Located) -> str | None:
        """Why what a label means cannot be used; None where it can, or nothing is there."""
        if isinstance(at, Unreadable):
            return at.reason
        return None if at is None else self.flaws.get(at)

    def row(self, at: Located) -> int:
        """−1 where there is no file."""
        return self.row_of.get(at, -1) if isinstance(at, str) else -1


def _look(
    paths: Sequence[str], corpus: str, known: FileColumns, workers: int, progress: Progress
) -> _Looked:
    """What is in these files, sorted by path; those that are not known are opened."""
    flaws: dict[str, str] = {}
    sizes, times = np.full(len(paths), -1), np.full(len(paths), -1)
    with folder_errors():
        for place, path in enumerate(paths):
            state = file_state(path)
            if state is None or state.mtime_ns > _LAST_NS:
                flaws[path] = GONE if state is None else TOO_LATE
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
            flaws[at.path] = finding.reason
            continue
        found.append(SeenFile(Path(at.path), at.size, at.mtime_ns, *finding))
        rows[place], placed = placed, placed + 1
        if len(found) == BATCH:
            parts.append(FileColumns.of(found))
            found.clear()
    settled = not flaws
    used = np.unique(rows[rows >= 0])
    files = known.plus(*parts, FileColumns.of(found)).only(used)
    places = np.searchsorted(used, rows)
    row_of = {
        path: int(place) for path, place, row in zip(paths, places, rows, strict=True) if row >= 0
    }
    reasons = files.reasons()
    flaws |= {path: reasons[row] for path, row in row_of.items() if row in reasons}
    return _Looked(files, row_of, flaws, len(fresh), settled)


class _Attached(NamedTuple):
    """A label that is not refused, and what it stands for."""

    label: Label
    clip_id: str
    content: str
    """The content that it names, or its id."""
    file: int
    """Row of the files, −1 for none."""
    reference: int


def _attached(
    labels: LabelSet,
    layout: Layout,
    located: Iterable[Located],
    references: Mapping[str, str],
    looked: _Looked,
    rejected: list[RejectedRow],
) -> Iterator[_Attached]:
    """What becomes of each label; the rows of those that become nothing go to `rejected`."""
    for label, at in zip(labels.labels, located, strict=True):
        flaw = looked.flaw(at)
        if flaw is not None:
            rejected += reject(labels.name, label, f"{UNUSABLE_CLIP}: {flaw}")
            continue
        pristine = None if label.reference is None else references.get(label.reference)
        flaw = looked.flaw(pristine)
        if flaw is not None:
            reason = f"reference {label.reference!r} cannot be used: {flaw}"
            rejected.append(RejectedRow(labels.name, label.source, None, label.clip_name, reason))
            pristine = None
        clip_id = f"{labels.name}/{stem(label.clip_name)}"
        content = _content(layout, labels.name, label) or clip_id
        yield _Attached(label, clip_id, content, looked.row(at), looked.row(pristine))


def _as_columns(
    attached: Iterator[_Attached], kept: list[Label]
) -> tuple[pa.Table, IntArray, IntArray]:
    """What labels say (LABEL_FIELDS), and the rows of their files and references; the labels
    themselves go to `kept`."""
    parts = [pa.schema(LABEL_FIELDS).empty_table()]
    files, references = array("q"), array("q")
    while some := list(islice(attached, BATCH)):
        labels = [each.label for each in some]
        kept += labels
        files.extend(each.file for each in some)
        references.extend(each.reference for each in some)
        cells = {
            "clip_id": [each.clip_id for each in some],
            "content_group": [each.content for each in some],
        }
        columns = [
            pa.array(cells.get(name) or list(map(attrgetter(name), labels)), kind)
            for name, kind in LABEL_FIELDS
        ]
        parts.append(pa.table(columns, schema=parts[0].schema))
    return (
        pa.concat_tables(parts),
        np.array(files, np.int64),
        np.array(references, np.int64),
    )


def _content(layout: Layout, corpus: str, label: Label) -> str | None:
    """The content that a label names, or that its clip shares with one of another corpus."""
    return f"{corpus}/{label.group}" if label.group else layout.content_key(label.clip_name)


def _references(labels: LabelSet, folder: Path) -> tuple[dict[str, str], list[RejectedRow]]:
    """Pristine files by the name that labels give them, and labels whose file is no good."""
    found: dict[str, str] = {}
    rejected: list[RejectedRow] = []
    for label in labels.labels:
        if label.reference is None or label.reference in found:
            continue
        at = find_reference(label.reference, labels.reference_dirs, folder)
        if isinstance(at, str):
            found[label.reference] = at
            continue
        reason = f"reference {label.reference!r} is not there"
        if at is not None:
            reason = f"reference {label.reference!r} cannot be used: {at.reason}"
        rejected.append(RejectedRow(labels.name, label.source, None, label.clip_name, reason))
    return found, rejected


def _unlabelled(
    labels: LabelSet, indexes: Iterable[tuple[ClipDir, Index]], used: set[str]
) -> Iterator[RejectedRow]:
    """Files that no label brings in, each with the reason; other files than videos do not count."""
    part_of = {label.clip_name: label.part for label in labels.labels}
    rejected = {row.clip_name for row in labels.rejected}
    for entry, index in indexes:
        for name, path in index.files.items():
            reason = NO_LABEL
            if isinstance(path, Unreadable):
                if not video_suffix(name) and path.reason != LINKED_FOLDER:
                    continue
                if name in part_of:
                    continue  # The label of this name is rejected for the same reason.
                reason = f"{NO_LABEL}; {path.reason}" if video_suffix(name) else path.reason
            elif path in used or not video_suffix(name):
                continue
            elif name in part_of:
                mine = part_of[name]
                reason = "another file is used for the label of this name"
                if entry.part is not None and entry.part != mine:
                    reason = f"the label of this name is of part {mine}, and the folder is not"
            elif name in rejected:
                continue
            yield RejectedRow(labels.name, entry.path.name, None, printable(name), reason)


def _rejected_order(row: RejectedRow) -> tuple[str, int, str, str]:
    return row.source, row.line or 0, row.clip_name or "", row.reason
