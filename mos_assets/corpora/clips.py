"""From labels to corpus rows: attaching to each label its clip, where there is one.

A file whose size and mtime are known already is neither opened nor hashed. A clip that cannot
be used costs its own label and nothing else.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mos_assets.corpora.copies import all_but_one, with_joined_contents
from mos_assets.corpora.examine import Progress
from mos_assets.corpora.files import (
    Unreadable,
    files_in,
    find_reference,
)
from mos_assets.corpora.finding_clips import Located, find_clips, overlooked, unlabelled
from mos_assets.corpora.labels import account, reject
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.looking import Looked, look_into
from mos_assets.corpora.names import stem
from mos_assets.corpora.request import (
    UNUSABLE_CLIP,
    LabelSet,
    folder_errors,
)
from mos_assets.processes.memory import give_back
from mos_assets.records import Corpus, IntArray, RejectedRow
from mos_assets.records.corpus_columns import (
    LABEL_FIELDS,
    ClipColumns,
    FileColumns,
)
from mos_assets.records.label_columns import Labels
from mos_assets.records.rows import BATCH


def attach_clips(
    labels: LabelSet,
    layout: Layout,
    folder: Path,
    *,
    known: Callable[[], FileColumns],
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
        used = {at for at in (*located, *references.values()) if isinstance(at, str)}
        rejected = [*labels.rejected, *missing, *unlabelled(labels, indexes, used)]
        passed_over = tuple(overlooked(labels, indexes, folder))
        # Of what is listed here only what is looked for is kept: there may be 150,000 files.
        del indexes
    paths = sorted(used)
    del used
    sought = _sought(paths, located, references)
    del located
    give_back()
    looked = look_into(paths, labels.name, known(), workers, progress)
    del paths
    kept, told, file_of, reference_of = _as_columns(
        labels.labels, _attached(labels, layout, sought, looked, rejected)
    )
    del sought
    give_back()
    copies = looked.files.of_same_bytes(file_of)
    dropped, refused = all_but_one(labels.name, kept, copies, layout.test_part)
    rejected += refused
    accounts = account(kept.without(dropped), labels.rows_read, labels.rejected)
    del kept
    told = with_joined_contents(told, copies)
    order = pc.sort_indices(told["clip_id"]).to_numpy()
    order = order[~np.isin(order, dropped)]
    if not np.array_equal(order, np.arange(len(told))):
        told = told.take(order)
    return Corpus(
        name=labels.name,
        version=labels.version,
        licence=labels.licence,
        label_origin=labels.origin,
        encoder=labels.encoder,
        clips=ClipColumns(
            told,
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
        accounts=accounts,
        files=looked.files,
        settled=looked.settled,
        files_as_known=looked.as_known,
    )


class _Sought(NamedTuple):
    """Which files labels mean, by the place of a path among all of them, sorted."""

    place: IntArray
    """[labels], of its clip; −1 where there is none."""
    unreadable: Mapping[int, str]
    """Row of a label whose clip must not be opened → why."""
    references: Mapping[str, int]
    """Place of a pristine file, by the name that labels give it."""


def _sought(
    paths: Sequence[str], located: Sequence[Located], references: Mapping[str, str]
) -> _Sought:
    place_of = {path: place for place, path in enumerate(paths)}
    return _Sought(
        np.array([place_of[at] if isinstance(at, str) else -1 for at in located], np.int64),
        {row: at.reason for row, at in enumerate(located) if isinstance(at, Unreadable)},
        {name: place_of[path] for name, path in references.items()},
    )


class _Attached(NamedTuple):
    """A label that is not refused, and what it stands for."""

    row: int
    """Of the labels."""
    clip_id: str
    content: str
    """The content that it names, or its id."""
    file: int
    """Row of the files, −1 for none."""
    reference: int


def _attached(
    labels: LabelSet,
    layout: Layout,
    sought: _Sought,
    looked: Looked,
    rejected: list[RejectedRow],
) -> Iterator[_Attached]:
    """What becomes of each label; the rows of those that become nothing go to `rejected`."""
    every = labels.labels
    places = sought.place.tolist()
    flaws = {
        row: flaw
        for row, at in enumerate(places)
        if (flaw := looked.flaws.get(at) if at >= 0 else sought.unreadable.get(row)) is not None
    }
    for label, flaw in zip(every.take(list(flaws)), flaws.values(), strict=True):
        rejected += reject(labels.name, label, f"{UNUSABLE_CLIP}: {flaw}")
    told = (every.column(name) for name in ("clip_name", "group", "reference", "source"))
    for row, (name, group, reference, source, at) in enumerate(zip(*told, places, strict=True)):
        if row in flaws:
            continue
        pristine = -1 if reference is None else sought.references.get(reference, -1)
        flaw = looked.flaws.get(pristine)
        if flaw is not None:
            reason = f"reference {reference!r} cannot be used: {flaw}"
            rejected.append(RejectedRow(labels.name, source, None, name, reason))
            pristine = -1
        clip_id = f"{labels.name}/{stem(name)}"
        # The content that a label names, or that its clip shares with one of another corpus.
        content = f"{labels.name}/{group}" if group else layout.content_key(name) or clip_id
        yield _Attached(
            row,
            clip_id,
            content,
            int(looked.row[at]) if at >= 0 else -1,
            int(looked.row[pristine]) if pristine >= 0 else -1,
        )


def _as_columns(
    labels: Labels, attached: Iterator[_Attached]
) -> tuple[Labels, pa.Table, IntArray, IntArray]:
    """Labels that were attached, what they say (LABEL_FIELDS), and the rows of their files and
    references."""
    names = ("clip_id", "content_group")
    parts = [pa.table([[], []], schema=pa.schema([(name, pa.string()) for name in names]))]
    rows, files, references = array("q"), array("q"), array("q")
    while some := list(islice(attached, BATCH)):
        rows.extend(each.row for each in some)
        files.extend(each.file for each in some)
        references.extend(each.reference for each in some)
        cells = [[each.clip_id for each in some], [each.content for each in some]]
        parts.append(pa.table(cells, schema=parts[0].schema))
    kept = labels.take(rows)
    own = dict(zip(names, pa.concat_tables(parts).columns, strict=True))
    told = kept.fields([name for name, _ in LABEL_FIELDS if name not in own])
    told = pa.table(
        [own[name] if name in own else told[name] for name, _ in LABEL_FIELDS],
        schema=pa.schema(LABEL_FIELDS),
    )
    return kept, told, np.array(files, np.int64), np.array(references, np.int64)


def _references(labels: LabelSet, folder: Path) -> tuple[dict[str, str], list[RejectedRow]]:
    """Pristine files by the name that labels give them, and labels whose file is no good."""
    found: dict[str, str] = {}
    rejected: list[RejectedRow] = []
    named = [at for at, name in enumerate(labels.labels.column("reference")) if name is not None]
    for label in labels.labels.take(named):
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


def _rejected_order(row: RejectedRow) -> tuple[str, int, str, str]:
    return row.source, row.line or 0, row.clip_name or "", row.reason
