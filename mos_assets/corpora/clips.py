"""From labels to corpus rows: finding the clips, and probing and hashing those that are new.

A file whose size and mtime are known already is neither opened nor hashed. A clip that cannot
be used costs its own label and nothing else. The folder itself may be a link, as its owner
placed it; a link in it that leads out of the corpus is never followed.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mos_assets.corpora.labels import SAME_MOS, printable, reject
from mos_assets.corpora.names import KONVID_CROPS, join_key, stem, video_suffix
from mos_assets.corpora.request import UNUSABLE_CLIP, ClipDir, Known, KnownClip, LabelSet
from mos_assets.errors import ClipError
from mos_assets.media.probe import hash_file, probe
from mos_assets.records import Clip, Corpus, Label, RejectedRow, SeenFile

Progress = Callable[[str], None]

NO_LABEL = "the clip has no label"
LEADS_OUT = "it is a link that leads outside the corpus folder"
NOT_TEXT = "its path is not UTF-8; rename it"
_REPORT_EVERY_S = 5.0
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Ways in which a path names no file; every other failure to look is loud."""


@dataclass(frozen=True, slots=True)
class _Stat:
    path: Path
    size: int
    mtime_ns: int

    @property
    def key(self) -> tuple[str, int, int]:
        return str(self.path), self.size, self.mtime_ns


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """What is wrong with a file now; unlike a KnownClip it is not remembered."""

    reason: str


_Finding = KnownClip | _Unreadable
_Index = Mapping[str, Path | _Unreadable]
"""Files of one clip folder by name, and those that must not be opened."""


def attach_clips(
    labels: LabelSet, folder: Path, *, known: Known, workers: int, progress: Progress
) -> Corpus:
    """The corpus in `folder` as it is on disk now: every label with its clip, if there is one.

    The same bytes under several names are one row where their labels agree, and a conflict
    of which none is used where they do not. Labels without a clip are rows without a path;
    clips without a label are rejected rows without a line.
    """
    indexes = [(entry, _files_in(entry, folder)) for entry in labels.clip_dirs]
    rejected = list(labels.rejected)
    clip_of: dict[str, _Stat] = {}
    refused: dict[str, str] = {}
    reference_of: dict[str, _Stat] = {}
    for label in labels.labels:
        found = _locate(label, indexes)
        if isinstance(found, _Unreadable):
            refused[label.clip_name] = found.reason
        elif found is not None:
            clip_of[label.clip_name] = found
        if label.reference is not None and label.reference not in reference_of:
            pristine = _find_reference(label.reference, labels.reference_dirs, folder)
            if not isinstance(pristine, _Stat):
                reason = f"reference {label.reference!r} is not there"
                if pristine is not None:
                    reason = f"reference {label.reference!r} cannot be used: {pristine.reason}"
                rejected.append(
                    RejectedRow(labels.name, label.source, None, label.clip_name, reason)
                )
            else:
                reference_of[label.reference] = pristine
    wanted = {found.key: found for found in (*clip_of.values(), *reference_of.values())}
    fresh = sorted(key for key in wanted if key not in known)
    findings: dict[tuple[str, int, int], _Finding] = {
        key: known[key] for key in wanted if key in known
    }
    findings.update(_examine_all([wanted[key] for key in fresh], labels.name, workers, progress))

    clips: list[Clip] = []
    for label in labels.labels:
        at = clip_of.get(label.clip_name)
        finding = findings[at.key] if at is not None else None
        flaw = refused.get(label.clip_name) or (finding.reason if finding is not None else None)
        if flaw is not None:
            rejected.append(reject(labels.name, label, f"{UNUSABLE_CLIP}: {flaw}"))
            continue
        reference = reference_of.get(label.reference) if label.reference is not None else None
        pristine_finding = findings[reference.key] if reference is not None else None
        if pristine_finding is not None and pristine_finding.reason is not None:
            reason = f"reference {label.reference!r} cannot be used: {pristine_finding.reason}"
            rejected.append(RejectedRow(labels.name, label.source, None, label.clip_name, reason))
            reference, pristine_finding = None, None
        clips.append(_row(labels, label, at, finding, reference, pristine_finding))
    clips, duplicates = _one_row_a_content(
        clips, {label.clip_name: label for label in labels.labels}
    )
    rejected += duplicates
    used = {found.path for found in (*clip_of.values(), *reference_of.values())}
    rejected += _unlabelled(labels, indexes, used)
    return Corpus(
        name=labels.name,
        version=labels.version,
        licence=labels.licence,
        label_origin=labels.origin,
        clips=tuple(sorted(clips, key=lambda clip: clip.clip_id)),
        rejected=tuple(sorted(rejected, key=_rejected_order)),
        label_files=labels.label_files,
        clips_opened=len(fresh),
        files=tuple(_seen_files(wanted, findings)),
    )


def _files_in(entry: ClipDir, corpus: Path) -> _Index:
    """Regular files of a clip folder by name relative to it; hidden ones do not count."""
    found: dict[str, Path | _Unreadable] = {}
    pending = [(entry.path, "")]
    while pending:
        folder, prefix = pending.pop()
        with os.scandir(folder) as items:
            for item in items:
                path, name = Path(item.path), prefix + item.name
                if item.name.startswith("."):
                    continue
                if item.is_symlink():
                    if _stat(path) is not None:
                        inside = _is_inside(path, entry.path, corpus)
                        found[name] = _as_text(path) if inside else _Unreadable(LEADS_OUT)
                elif item.is_file():
                    found[name] = _as_text(path)
                elif entry.recursive and item.is_dir(follow_symlinks=False):
                    pending.append((path, f"{name}/"))
    return found


def _is_inside(path: Path, *folders: Path) -> bool:
    """Whether a path, all links followed, ends in one of these folders."""
    real = path.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def _as_text(path: Path) -> Path | _Unreadable:
    """The path, unless no table could hold it."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return _Unreadable(NOT_TEXT)
    return path


def _locate(label: Label, indexes: Iterable[tuple[ClipDir, _Index]]) -> _Stat | _Unreadable | None:
    names = [label.clip_name]
    if join_key(label.clip_name).isdigit():
        base, suffix = stem(label.clip_name), video_suffix(label.clip_name)
        names += [f"{base}{crop}{suffix}" for crop in KONVID_CROPS]
    for entry, files in indexes:
        if entry.part not in (None, label.part):
            continue
        for name in names:
            at = files.get(name)
            found = _stat(at) if isinstance(at, Path) else at
            if found is not None:
                return found
    return None


def _find_reference(name: str, folders: Iterable[Path], corpus: Path) -> _Stat | _Unreadable | None:
    for folder in folders:
        found = _stat(folder / name)
        if found is not None:
            inside = _is_inside(found.path, folder, corpus)
            at = _as_text(found.path) if inside else _Unreadable(LEADS_OUT)
            return at if isinstance(at, _Unreadable) else found
    return None


def _stat(path: Path) -> _Stat | None:
    try:
        status = path.stat()
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    if not stat.S_ISREG(status.st_mode):
        return None
    return _Stat(path.absolute(), status.st_size, status.st_mtime_ns)


def _examine_all(
    files: list[_Stat], corpus: str, workers: int, progress: Progress
) -> Iterator[tuple[tuple[str, int, int], _Finding]]:
    if not files:
        return
    progress(f"{corpus}: probing and hashing {len(files)} new or changed files")
    last = time.monotonic()
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for done, (file, finding) in enumerate(
            zip(files, pool.map(_examine, files), strict=True), 1
        ):
            if time.monotonic() - last >= _REPORT_EVERY_S:
                last = time.monotonic()
                progress(f"{corpus}: {done} of {len(files)} files")
            yield file.key, finding


def _examine(file: _Stat) -> _Finding:
    try:
        digest = hash_file(file.path)
        try:
            finding = KnownClip(digest, probe(file.path))
        except (ClipError, ValueError) as error:
            finding = KnownClip(digest, None, str(error) or type(error).__name__)
        if _stat(file.path) != file:
            return _Unreadable("it changed while it was read; run again when the copy is complete")
    except OSError as error:
        return _Unreadable(f"it cannot be read ({error.strerror or error})")
    return finding


def _row(
    labels: LabelSet,
    label: Label,
    at: _Stat | None,
    finding: _Finding | None,
    reference: _Stat | None,
    pristine: _Finding | None,
) -> Clip:
    clip_id = f"{labels.name}/{stem(label.clip_name)}"
    seen = finding if isinstance(finding, KnownClip) else None
    return Clip(
        clip_id=clip_id,
        corpus=labels.name,
        corpus_version=labels.version,
        part=label.part,
        clip_name=label.clip_name,
        path=at.path if at else None,
        sha256=seen.sha256 if seen else None,
        size_bytes=at.size if at else None,
        mtime_ns=at.mtime_ns if at else None,
        probe=seen.probe if seen else None,
        mos=label.mos,
        mos_std=label.mos_std,
        n_ratings=label.n_ratings,
        label_origin=labels.origin,
        content_group=f"{labels.name}/{label.group}" if label.group else clip_id,
        reference_path=reference.path if reference else None,
        reference_sha256=pristine.sha256 if isinstance(pristine, KnownClip) else None,
    )


def _one_row_a_content(
    clips: list[Clip], label_of: Mapping[str, Label]
) -> tuple[list[Clip], list[RejectedRow]]:
    """Clips whose bytes are all different, and the rows of the others."""
    same: dict[str, list[Clip]] = {}
    for clip in clips:
        same.setdefault(clip.sha256 or clip.clip_id, []).append(clip)
    kept: list[Clip] = []
    rejected: list[RejectedRow] = []
    for rows in same.values():
        if len(rows) == 1:
            kept += rows
            continue
        # A clip of the test part must not come back into training under another name.
        rows.sort(key=lambda clip: (clip.part != "b", clip.clip_id))
        first, names = rows[0], ", ".join(clip.clip_name for clip in rows[:4])
        if max(c.mos for c in rows) - min(c.mos for c in rows) > SAME_MOS:
            given = ", ".join(f"{clip.mos:g}" for clip in rows[:4])
            reason = (
                f"conflict: the same bytes have different labels ({names}: MOS {given}); "
                "none is used"
            )
            rejected += [reject(c.corpus, label_of[c.clip_name], reason) for c in rows]
            continue
        kept.append(first)
        reason = f"the same bytes and label as {first.clip_name}, which is used"
        rejected += [reject(c.corpus, label_of[c.clip_name], reason) for c in rows[1:]]
    return kept, rejected


def _unlabelled(
    labels: LabelSet, indexes: Iterable[tuple[ClipDir, _Index]], used: set[Path]
) -> Iterator[RejectedRow]:
    named = {label.clip_name for label in labels.labels} | {
        row.clip_name for row in labels.rejected
    }
    for entry, files in indexes:
        for name, path in files.items():
            if not video_suffix(name) or name in named:
                continue
            if isinstance(path, _Unreadable):
                reason = f"{NO_LABEL}; {path.reason}"
                yield RejectedRow(labels.name, entry.path.name, None, printable(name), reason)
            elif path.absolute() not in used:
                yield RejectedRow(labels.name, entry.path.name, None, printable(name), NO_LABEL)


def _seen_files(
    wanted: Mapping[tuple[str, int, int], _Stat], findings: Mapping[tuple[str, int, int], _Finding]
) -> Iterator[SeenFile]:
    for key in sorted(wanted):
        finding = findings[key]
        if isinstance(finding, KnownClip):
            file = wanted[key]
            yield SeenFile(
                file.path, file.size, file.mtime_ns, finding.sha256, finding.probe, finding.reason
            )


def _rejected_order(row: RejectedRow) -> tuple[str, int, str, str]:
    return row.source, row.line or 0, row.clip_name or "", row.reason
