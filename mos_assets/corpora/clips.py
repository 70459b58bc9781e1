"""From labels to corpus rows: attaching to each label its clip, where there is one.

A file whose size and mtime are known already is neither opened nor hashed. A clip that cannot
be used costs its own label and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path

from mos_assets.corpora.examine import Finding, Progress, examine_all
from mos_assets.corpora.files import (
    LINKED_FOLDER,
    FileState,
    Index,
    Unreadable,
    files_in,
    find_reference,
)
from mos_assets.corpora.finding_clips import find_clips, overlooked
from mos_assets.corpora.labels import SAME_MOS, account, printable, reject
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.names import stem, video_suffix
from mos_assets.corpora.request import (
    UNUSABLE_CLIP,
    ClipDir,
    Known,
    LabelSet,
    folder_errors,
)
from mos_assets.records import Clip, Corpus, KnownClip, Label, RejectedRow, SeenFile

NO_LABEL = "the clip has no label"
_Looked = SeenFile | Unreadable | None


def attach_clips(
    labels: LabelSet,
    layout: Layout,
    folder: Path,
    *,
    known: Known,
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
        rejected = list(labels.rejected)
        references, missing = _references(labels, folder)
    rejected += missing
    findings: dict[FileState, Finding | None] = {
        at: known.get(at) for at in (*located, *references.values()) if isinstance(at, FileState)
    }
    fresh = sorted(at for at, finding in findings.items() if finding is None)
    findings.update(examine_all(fresh, labels.name, workers, progress))
    looked = _looked(findings)

    clips: list[Clip] = []
    for label, at in zip(labels.labels, located, strict=True):
        found = looked[at] if isinstance(at, FileState) else at
        if found is not None and found.reason is not None:
            rejected += reject(labels.name, label, f"{UNUSABLE_CLIP}: {found.reason}")
            continue
        reference = references.get(label.reference) if label.reference is not None else None
        pristine = looked[reference] if reference is not None else None
        if pristine is not None and pristine.reason is not None:
            reason = f"reference {label.reference!r} cannot be used: {pristine.reason}"
            rejected.append(RejectedRow(labels.name, label.source, None, label.clip_name, reason))
            pristine = None
        content = _content(layout, labels.name, label)
        clips.append(_clip(labels, label, content, _seen(found), _seen(pristine)))
    clips, duplicates = _one_row_a_content(clips, labels.labels, layout.test_part)
    rejected += duplicates
    used = {clip.clip_name for clip in clips}
    rejected += _unlabelled(labels, indexes, {at.path for at in looked})
    return Corpus(
        name=labels.name,
        version=labels.version,
        licence=labels.licence,
        label_origin=labels.origin,
        encoder=labels.encoder,
        clips=tuple(sorted(clips, key=attrgetter("clip_id"))),
        rejected=tuple(sorted(rejected, key=_rejected_order)),
        label_files=labels.label_files,
        clips_opened=len(fresh),
        findings=labels.findings,
        missing=lost.missing,
        respelt=lost.respelt,
        overlooked=tuple(overlooked(labels, indexes, folder)),
        scale=labels.scale,
        namespace=labels.namespace,
        ratings=labels.ratings,
        sessions=labels.sessions,
        between=labels.between,
        differences=labels.differences,
        accounts=account(
            (label for label in labels.labels if label.clip_name in used),
            labels.rows_read,
            labels.rejected,
        ),
        files=tuple(file for at in sorted(looked) if (file := _seen(looked[at])) is not None),
        settled=not any(isinstance(found, Unreadable) for found in looked.values()),
    )


def _looked(findings: Mapping[FileState, Finding | None]) -> dict[FileState, _Looked]:
    """What is in each file, with its path; one folder stands for all paths in it."""
    looked: dict[FileState, _Looked] = {}
    folders: dict[str, Path] = {}
    for at, finding in findings.items():
        if not isinstance(finding, KnownClip):
            looked[at] = finding
            continue
        head, _, tail = at.path.rpartition(os.sep)
        folder = folders.get(head) or folders.setdefault(head, Path(head + os.sep))
        looked[at] = SeenFile(
            folder / tail, at.size, at.mtime_ns, finding.sha256, finding.probe, finding.reason
        )
    return looked


def _seen(found: _Looked) -> SeenFile | None:
    return found if isinstance(found, SeenFile) else None


def _clip(
    labels: LabelSet,
    label: Label,
    content: str | None,
    file: SeenFile | None,
    reference: SeenFile | None,
) -> Clip:
    clip_id = f"{labels.name}/{stem(label.clip_name)}"
    return Clip(
        clip_id=clip_id,
        corpus=labels.name,
        corpus_version=labels.version,
        part=label.part,
        clip_name=label.clip_name,
        path=file.path if file else None,
        sha256=file.sha256 if file else None,
        size_bytes=file.size_bytes if file else None,
        mtime_ns=file.mtime_ns if file else None,
        probe=file.probe if file else None,
        mos=label.mos,
        mos_std=label.mos_std,
        n_ratings=label.n_ratings,
        label_origin=labels.origin,
        content_group=content or clip_id,
        reference_path=reference.path if reference else None,
        reference_sha256=reference.sha256 if reference else None,
        session=label.session,
        mos_ci95=label.mos_ci95,
    )


def _content(layout: Layout, corpus: str, label: Label) -> str | None:
    """The content that a label names, or that its clip shares with one of another corpus."""
    return f"{corpus}/{label.group}" if label.group else layout.content_key(label.clip_name)


def _references(labels: LabelSet, folder: Path) -> tuple[dict[str, FileState], list[RejectedRow]]:
    """Pristine files by the name that labels give them, and labels whose file is no good."""
    found: dict[str, FileState] = {}
    rejected: list[RejectedRow] = []
    for label in labels.labels:
        if label.reference is None or label.reference in found:
            continue
        at = find_reference(label.reference, labels.reference_dirs, folder)
        if isinstance(at, FileState):
            found[label.reference] = at
            continue
        reason = f"reference {label.reference!r} is not there"
        if at is not None:
            reason = f"reference {label.reference!r} cannot be used: {at.reason}"
        rejected.append(RejectedRow(labels.name, label.source, None, label.clip_name, reason))
    return found, rejected


def _one_row_a_content(
    clips: list[Clip], labels: Iterable[Label], test_part: str | None
) -> tuple[list[Clip], list[RejectedRow]]:
    """Clips whose bytes are all different, and the rows of the others."""
    first: dict[str, Clip] = {}
    repeated: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.sha256 is None:
            continue
        other = first.setdefault(clip.sha256, clip)
        if other is not clip:
            repeated.setdefault(clip.sha256, [other]).append(clip)
    if not repeated:
        return clips, []
    clips = _joined_groups(clips, repeated.values())
    label_of = {label.clip_name: label for label in labels}
    by_name = {clip.clip_name: clip for clip in clips}
    kept = [clip for clip in clips if clip.sha256 not in repeated]
    rejected: list[RejectedRow] = []
    for rows in repeated.values():
        # A clip of the test part must not come back into training under another name.
        rows.sort(key=lambda clip: (test_part is None or clip.part != test_part, clip.clip_id))
        first_row, names = rows[0], ", ".join(clip.clip_name for clip in rows[:4])
        if max(c.mos for c in rows) - min(c.mos for c in rows) > SAME_MOS:
            given = ", ".join(f"{clip.mos:g}" for clip in rows[:4])
            reason = (
                f"conflict: the same bytes have different labels ({names}: MOS {given}); "
                "none is used"
            )
            rejected += [r for c in rows for r in reject(c.corpus, label_of[c.clip_name], reason)]
            continue
        kept.append(by_name[first_row.clip_name])
        reason = f"the same bytes and label as {first_row.clip_name}, which is used"
        for clip in rows[1:]:
            rejected += reject(clip.corpus, label_of[clip.clip_name], reason)
    return kept, rejected


def _joined_groups(clips: list[Clip], copies: Iterable[list[Clip]]) -> list[Clip]:
    """Contents that hold the same bytes are one, whichever of the copies is used, if any is."""
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while (above := parent.setdefault(group, group)) != group:
            group = above
        return group

    for rows in copies:
        for clip in rows[1:]:
            low, high = sorted((root(rows[0].content_group), root(clip.content_group)))
            parent[high] = low
    return [
        clip._replace(content_group=root(clip.content_group))
        if clip.content_group in parent
        else clip
        for clip in clips
    ]


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
