"""Which file each label means, which labels have none, and which files nobody looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mos_assets.corpora.files import LINKED_FOLDER, Index, Unreadable, locate
from mos_assets.corpora.labels import printable, reject
from mos_assets.corpora.matching import (
    IS_SUMMARY,
    alike,
    invisible_findings,
    is_summary,
    match_spellings,
    twin_findings,
)
from mos_assets.corpora.names import no_clip, stem, video_suffix
from mos_assets.corpora.request import (
    CORPUS_TOML,
    FEATURES_FOLDER,
    SHOTS_FOLDER,
    ClipDir,
    LabelSet,
)
from mos_assets.corpora.spelling import folded, shown_name
from mos_assets.records import RejectedRow, Unmatched
from mos_assets.records.label_columns import Labels

Indexes = Sequence[tuple[ClipDir, Index]]
Located = str | Unreadable | None
"""The path of a clip, what is wrong with it, or that there is none."""
NO_LABEL = "the clip has no label"
_SHOWN = 3


class Lost(NamedTuple):
    """What is to be said of labels whose file does not bear their name."""

    missing: tuple[Unmatched, ...]
    respelt: tuple[Unmatched, ...]


def find_clips(
    labels: LabelSet, indexes: Indexes, folder: Path, *, optional: bool
) -> tuple[LabelSet, list[Located], Lost]:
    """The labels that stay, where the clip of each is, and what was found out about the rest.

    optional: whether labels without a clip are normal, so that they are not named.

    A label with the folders of another machine in its name stays where one file here is meant
    beyond doubt, under that file's name. Rows that sum up the others are rejected.
    """
    every = labels.labels
    located: list[Located] = [None] * len(every)
    if indexes:
        asked = zip(every.column("clip_name"), every.column("part"), strict=True)
        located = [locate(*each, indexes) for each in asked]
    lost = [at for at, found in enumerate(located) if found is None]
    respelt = _respell(every, located, lost, indexes)
    rejected: list[RejectedRow] = []
    going: list[int] = []
    missing: list[int] = []
    for at, label in zip(lost, every.take(lost), strict=True):
        if located[at] is not None:
            continue
        if label.foreign or is_summary(label):
            rejected += reject(labels.name, label, label.foreign or IS_SUMMARY)
            going.append(at)
        else:
            missing.append(at)
    odd = invisible_findings(every.take(lost))
    twins = twin_findings(every) if missing and not optional else ()
    renamed = {
        at: label._replace(clip_name=respelt[at][0], foreign=None)
        for at, label in zip(respelt, every.take(list(respelt)), strict=True)
        if label.foreign
    }
    gone = set(going)
    labels = replace(
        labels,
        labels=every.replaced(renamed).without(going),
        rejected=(*labels.rejected, *rejected),
        findings=(*labels.findings, *odd, *twins),
    )
    named = bool(indexes) and not optional
    return (
        labels,
        [found for at, found in enumerate(located) if at not in gone] if gone else located,
        Lost(
            tuple(_missing(every.take(missing), indexes)) if named else (),
            tuple(note for _, note in respelt.values()),
        ),
    )


def _respell(
    labels: Labels, located: list[Located], lost: Sequence[int], indexes: Indexes
) -> dict[int, tuple[str, Unmatched]]:
    """Fill in what is located under another spelling; position → the file's name, and a note."""
    notes: dict[int, tuple[str, Unmatched]] = {}
    if not lost:
        return notes
    # A pristine file may lie among the clips, and is none.
    pristine = set(labels.known("reference"))
    sought = labels.take(lost)
    name_of = dict(zip(lost, sought.column("clip_name"), strict=True))
    part_of = dict(zip(lost, sought.column("part"), strict=True))
    used = {found for found in located if isinstance(found, str)}
    for entry, index in indexes:
        mine = {
            name: at
            for at, name in name_of.items()
            if located[at] is None and entry.part in (None, part_of[at])
        }
        files = [name for name in index.files if video_suffix(name)]
        free = [n for n in files if index.files[n] not in used and n not in pristine]
        if not mine or not free:
            continue
        names = partial(labels.column, "clip_name")
        for name, found in match_spellings(names, files, mine, free).items():
            at = mine[name]
            located[at] = index.files[found.file]
            reason = f"{shown_name(found.file)} is taken for it; they differ in {found.differs}"
            label = labels[at]
            place = f"{label.source}:{label.line}"
            notes[at] = (found.file, Unmatched(place, shown_name(name), reason, found.differs))
    return notes


def _missing(labels: Labels, indexes: Indexes) -> Iterator[Unmatched]:
    """Each label without a clip, and what lies there in its place."""
    if not labels:
        return
    near: dict[str, tuple[str, str]] = {}
    for _, index in indexes:
        for name, why in _no_clips(index):
            near.setdefault(folded(stem(name)), (printable(name), why))
            # `a.yuv` may stand for `a`, and a label `a.yuv` was taken for `a.yuv.mp4`.
            near.setdefault(folded(name.rpartition(".")[0]), (printable(name), why))
    clips = [name for _, index in indexes for name in index.files if video_suffix(name)]
    like = alike(labels.column("clip_name"), clips)
    folders = ", ".join(entry.path.name for entry, _ in indexes)
    for label in labels:
        name, found = shown_name(label.clip_name), near.get(folded(stem(label.clip_name)))
        if found is not None:
            file, reason = found
            kind = _kind(reason)
            # What has another suffix was taken for a name without one.
            name = file if name == f"{file}.mp4" else name
            if name != file:
                reason = f"{file}: {reason}"
        else:
            others = like[label.clip_name]
            kind = reason = f"no file of this name in {folders}"
            if others:
                shown = ", ".join(map(shown_name, others[:_SHOWN]))
                kind = "which of its like is meant is not certain"
                reason += f"; {kind} ({shown})"
        yield Unmatched(f"{label.source}:{label.line}", name, reason, kind)


def _kind(reason: str) -> str:
    """What a reason says before it comes to one file."""
    return re.split(r"[;:(]", reason)[0]


def _no_clips(index: Index) -> Iterator[tuple[str, str]]:
    """What nobody looks at in a folder, and why."""
    yield from index.passed_over.items()
    for name, path in index.files.items():
        if not video_suffix(name) and isinstance(path, str):
            yield name, no_clip(name)


def unlabelled(labels: LabelSet, indexes: Indexes, used: set[str]) -> Iterator[RejectedRow]:
    """Files that no label brings in, each with the reason; other files than videos do not count."""
    every = labels.labels
    left = {
        name
        for _, index in indexes
        for name, path in index.files.items()
        if isinstance(path, Unreadable) or path not in used
    }
    parts = zip(every.column("clip_name"), every.column("part"), strict=True)
    part_of = {name: part for name, part in parts if name in left}
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


def overlooked(labels: LabelSet, indexes: Indexes, folder: Path) -> Iterator[Unmatched]:
    """Files and folders among the clips that are not looked at.

    Label files and tables, which may lie there too, are looked at elsewhere.
    """
    known = {folder / name for name in (*labels.label_files, CORPUS_TOML)}
    for entry, index in indexes:
        whole = entry.path == folder
        for name, why in _no_clips(index):
            if whole and (name.split("/")[0] in (FEATURES_FOLDER, SHOTS_FOLDER) or name[0] == "."):
                continue
            if entry.path / name in known:
                continue
            yield Unmatched(entry.path.name, printable(name), why, _kind(why))
