"""The release folder: which candidate may replace which head, and how three files change as one.

Whatever the order in which candidates arrive, the same one stands at the end: that of the highest
rank, and of that rank the one trained last. Which of two of one store was, the store says, by the
order in which it wrote them; of two stores only the clock can.

A release is written as a redo log. The three files, and the record of their release, are written
to a staging folder, which is renamed to `.<id>.commit`: that rename is the moment of release.
Then they are moved into place. Whoever finds a commit folder finishes the move, so a machine that
dies in between leaves either the old head or the new one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mos_assets.corpora import head_name
from mos_assets.errors import ReleaseError
from mos_assets.io.locks import lock, open_lock
from mos_assets.io.reading import DENIED, NotAFileError
from mos_assets.io.writing import rename_durably, sync_folder, write_durably, write_whole
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.candidate import candidate_id
from mos_assets.release.loading import UnreadableReleaseError, commit_folder, read_release
from mos_assets.release.manifest import NOT_ASKED, Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.record import ReleaseRecord, read_record, released_candidate


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a candidate."""

    released: bool
    """Whether the candidate is the head in place now."""
    reason: str
    before: str | None
    """Candidate id of the head that was in place; None where there was none."""


def rank(manifest: Manifest) -> int:
    """Accepted, then Proposed on human labels, then what was judged on them before anybody asked
    whether it is more than a shortcut, Accepted or Proposed, then Proposed on simulated labels."""
    accepted = manifest.status is Status.ACCEPTED
    if not accepted and manifest.data.label_origin is not LabelOrigin.HUMAN:
        return 0
    return (1 if manifest.beats_shortcuts is None else 3) + accepted


def promote(
    manifest: Manifest,
    onnx: bytes,
    card: str,
    model_folder: Path,
    created_at: datetime,
    before_it: Collection[str] = (),
) -> Promotion:
    """Release these three files unless the head in place ranks higher, or as high and is newer.

    created_at: when the candidate was trained, as its machine's clock said. before_it: ids of the
    candidates that its store wrote before it. The same files again change nothing but the record.
    Raises ReleaseError where the head in place is damaged (what it ranks cannot be
    known), or where the three files do not fit together.
    """
    files = ReleaseFiles(model_folder, manifest.id)
    with _locked(files):
        set_aside = _finish_interrupted(files)
        told = f" {set_aside}" if set_aside else ""
        now, before = datetime.now(UTC), None
        if any(path.exists() for path in files.all):
            current = read_release(files).manifest
            _same_head(current, manifest)
            before = released_candidate(files, current)
            record = read_record(files, current)
            if current.checksum == manifest.checksum:
                since = record.released_at if record else now
                created = max(created_at, record.created_at) if record else created_at
                _write_record(files, _record(manifest, created, since))
                return Promotion(
                    True, f"{manifest.id} is released already, unchanged.{told}", before
                )
            newer = record if record and record.candidate_id not in before_it else None
            refusal = _refusal(current, newer, manifest, created_at, now)
            if refusal is not None:
                stays = f"{manifest.id} in {model_folder.name}/ stays: {refusal}{told}"
                return Promotion(False, stays, before)
        staging = model_folder / f".{manifest.id}.staging"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            staged = ReleaseFiles(staging, manifest.id)
            for path, content in zip(
                staged.all, (onnx, manifest.to_json().encode(), card.encode()), strict=True
            ):
                write_durably(path, content)
            _write_record(staged, _record(manifest, created_at, now))
            read_release(staged)
            sync_folder(staging)
            rename_durably(staging, commit_folder(files))
        except BaseException:
            # On a disk that is full it would take what little room there is.
            shutil.rmtree(staging, ignore_errors=True)
            raise
        _finish_interrupted(files)
    return Promotion(True, f"{manifest.id} is released as {_describe(manifest)}.{told}", before)


def _refusal(
    current: Manifest,
    record: ReleaseRecord | None,
    manifest: Manifest,
    created_at: datetime,
    now: datetime,
) -> str | None:
    """Why the head in place stays; None where the candidate takes its place.

    record: of a head that another store trained, so that only the clock says which is newer. A
    time that is still to come says nothing: a clock was wrong.
    """
    if rank(current) != rank(manifest):
        if rank(current) < rank(manifest):
            return None
        return f"it is {_describe(current)}, the candidate is {_describe(manifest)}."
    if record is not None and created_at < record.created_at <= now:
        return (
            f"it was trained at {record.created_at:%Y-%m-%d %H:%M:%S} UTC, the candidate before "
            f"that, at {created_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    return None


def _finish_interrupted(files: ReleaseFiles) -> str | None:
    """Move what a commit folder holds into place, or set it aside where it is damaged.

    The caller holds the lock. Returns what was set aside and why; None where nothing was. Raises
    UnreadableReleaseError where the system does not hand out a file: it may be whole.
    """
    commit = commit_folder(files)
    if not commit.is_dir():
        return None
    arrived = ReleaseFiles(commit, files.head_id)
    try:
        whole = read_release(arrived)
    except UnreadableReleaseError:
        raise
    except ReleaseError as error:
        aside = tempfile.mkdtemp(prefix=f".{files.head_id}.damaged-", dir=files.folder)
        rename_durably(commit, Path(aside))
        return f"An interrupted release was damaged and is set aside as {aside}: {error}"
    # Copies keep the commit folder complete for readers until all three are in place.
    for path, content in zip(
        files.all, (whole.onnx, arrived.manifest.read_bytes(), whole.card), strict=True
    ):
        write_whole(path, content)
    if arrived.record.exists():
        write_whole(files.record, arrived.record.read_bytes())
    sync_folder(files.folder)
    retired = commit.with_name(f".{files.head_id}.staging")
    shutil.rmtree(retired, ignore_errors=True)
    commit.rename(retired)
    shutil.rmtree(retired)
    return None


def _record(manifest: Manifest, created_at: datetime, released_at: datetime) -> ReleaseRecord:
    return ReleaseRecord(
        candidate_id=candidate_id(manifest),
        created_at=created_at,
        released_at=released_at,
        checksum=manifest.checksum or "",
    )


def _write_record(files: ReleaseFiles, record: ReleaseRecord) -> None:
    write_whole(files.record, (record.model_dump_json(indent=2, by_alias=True) + "\n").encode())


def _same_head(current: Manifest, manifest: Manifest) -> None:
    """Ids are made of names that may hold any separator: two heads can come out with one id."""
    ours, theirs = (
        (
            {head_name(corpus.name) for corpus in found.data.corpora},
            found.data.features.split("+"),
        )
        for found in (manifest, current)
    )
    if ours != theirs:
        raise ReleaseError(
            f"{manifest.id} in place was trained on {_inputs(current)}, this candidate on "
            f"{_inputs(manifest)}: two heads have one id. Rename the corpus or the feature table, "
            "or set MOS_MODEL_DIR."
        )


def _inputs(manifest: Manifest) -> str:
    corpora = ", ".join(corpus.name for corpus in manifest.data.corpora)
    return f"{corpora} with {manifest.data.features}"


def _describe(manifest: Manifest) -> str:
    unasked = manifest.status is Status.ACCEPTED and manifest.beats_shortcuts is None
    return (
        f"{manifest.status} on {manifest.data.label_origin} labels"
        f"{f', {NOT_ASKED}' if unasked else ''}"
    )


@contextmanager
def _locked(files: ReleaseFiles) -> Iterator[None]:
    """Hold the lock of this head; raises ReleaseError where the folder may only be read."""
    path = files.folder / f".{files.head_id}.lock"
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        file = open_lock(path)
    except NotAFileError as error:
        raise ReleaseError(f"{path} {error.strerror}. Delete it, and try again.") from None
    except OSError as error:
        if error.errno not in DENIED:
            raise
        raise ReleaseError(
            f"{files.folder} cannot be written ({error.strerror}). Make it writable for this user, "
            "or set MOS_MODEL_DIR to another folder; the candidate is kept."
        ) from None
    with file:
        lock(file)
        yield
