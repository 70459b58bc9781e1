"""Pruning the store: what is old and referred to by nothing goes, and nothing else.

A candidate goes as a whole: files, predictions and report together. It stays where it is
released, among the newest of its head or among the newest Accepted ones, referred to by any other
table, or of a run that may still be at work, and where the report on one of these compares with
it. Measurements are never pruned: they are the hours of work.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mos_assets.errors import ReleaseError
from mos_assets.io.hashing import hash_file
from mos_assets.release.candidate import candidate_files
from mos_assets.release.manifest import Manifest
from mos_assets.settings import PathSettings
from mos_assets.store import Database
from mos_assets.store.opening import locked, refresh
from mos_assets.store.pruning_rows import (
    StoredCandidate,
    forget_candidates,
    forgotten_candidates,
    stored_candidates,
)
from mos_assets.store.run_lock import NO_WAIT, Timeout

_LEFT_BEHIND_S = 86_400
"""What a killed run left unfinished goes when it is older than this."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go."""

    candidates: tuple[StoredCandidate, ...]
    kept: int
    """Candidates that stay."""
    leftovers: tuple[Path, ...]
    """What killed runs left unfinished."""
    bytes: int
    """Of the files; predictions in the database come on top."""

    def told(self) -> str:
        return (
            f"{len(self.candidates)} candidates with their reports and predictions, "
            f"{len(self.leftovers)} leftovers of killed runs, {self.bytes / 1e6:.1f} MB; "
            f"{self.kept} candidates stay"
        )


def prune_store(
    paths: PathSettings,
    keep: int,
    *,
    holder: str,
    pretend: bool = False,
    timeout: Timeout = NO_WAIT,
) -> Pruned:
    """Remove what is old; with `pretend`, say what would go.

    keep: candidates of each head that stay, as `to_prune` counts them.
    Raises StoreError where a run is using the store and goes on doing so, and ReleaseError where a
    released manifest cannot be read: then it is not known which candidate must stay.
    """
    refresh(paths.store_place)
    database = Database(paths.store_folder)
    if not database.exists:
        return Pruned((), 0, (), 0)
    with locked(paths.store_place, holder, timeout):
        found = stored_candidates(database)
        released = _released(paths.model_folder)
        at_work = datetime.now(UTC) - timedelta(seconds=_LEFT_BEHIND_S)
        going = to_prune(found, released, keep, at_work)
        folders = [
            paths.store_folder / folder
            for candidate in going
            for folder in (candidate.folder, candidate.report_folder)
            if folder is not None
        ]
        leftovers = (
            *_leftovers(paths.store_folder),
            *_without_rows(
                paths.store_folder,
                frozenset(candidate.candidate_id for candidate in found),
                forgotten_candidates(database),
                released,
            ),
        )
        size = sum(_size(path) for path in (*folders, *leftovers))
        if not pretend:
            # Rows first: a row without its files is worse than files without a row.
            forget_candidates(database, [candidate.candidate_id for candidate in going])
            for path in (*folders, *leftovers):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Pruned(going, len(found) - len(going), leftovers, size)


def to_prune(
    candidates: Collection[StoredCandidate],
    released: Collection[str],
    keep: int,
    at_work: datetime,
) -> tuple[StoredCandidate, ...]:
    """Which of these may go.

    candidates: of each head the one written last first. released: sha256 of the ONNX files in the
    model folder. keep: how many of each head stay, and
    as many Accepted ones, the newest. at_work: one that is not judged and was trained after this
    time stays, since its run may go on.

    What only a comparison keeps does not keep what it was compared with in its turn: then nothing
    would ever go.
    """
    going: list[StoredCandidate] = []
    named: set[str] = set()
    newer: Counter[tuple[str, bool]] = Counter()
    for candidate in candidates:
        newer[candidate.head_id, False] += 1
        newer[candidate.head_id, True] += candidate.accepted
        if (
            newer[candidate.head_id, False] > keep
            and (not candidate.accepted or newer[candidate.head_id, True] > keep)
            and (candidate.report_folder is not None or candidate.created_at < at_work)
            and not candidate.referred_to
            and not candidate.last_released
            and candidate.sha256 not in released
        ):
            going.append(candidate)
        else:
            named.update(candidate.compared_with)
    return tuple(candidate for candidate in going if candidate.candidate_id not in named)


def _released(model_folder: Path) -> frozenset[str]:
    """sha256 of every released head, and of those whose release was interrupted."""
    manifests = (
        *model_folder.glob("[!.]*.json"),
        # Not the hidden record; a staging folder holds nothing that counts.
        *model_folder.glob(".*.commit/[!.]*.json"),
    )
    try:
        return frozenset(Manifest.read(path).sha256 for path in manifests)
    except ReleaseError as error:
        raise ReleaseError(f"Nothing is pruned, since a release is damaged: {error}") from error


def _leftovers(store: Path) -> Iterator[Path]:
    oldest = time.time() - _LEFT_BEHIND_S
    for pattern in ("candidates/.*.onnx", "candidates/.*.partial", "candidates/*/.*.part"):
        for path in sorted(store.glob(pattern)):
            if path.stat().st_mtime < oldest:
                yield path


def _without_rows(
    store: Path, stored: Collection[str], forgotten: Collection[str], released: Collection[str]
) -> Iterator[Path]:
    """Folders that a killed prune or a killed run left.

    A judged candidate that the history of verdicts does not know is none of them: it is of a
    database that was moved away.
    """
    oldest = time.time() - _LEFT_BEHIND_S
    for kind in ("candidates", "reports"):
        for path in sorted(store.glob(f"{kind}/*/[!.]*")):
            identity, head = path.name, path.parent.name
            if identity in stored or not path.is_dir() or path.stat().st_mtime >= oldest:
                continue
            judged = (store / "reports" / head / identity).is_dir()
            if judged and identity not in forgotten:
                continue
            onnx = candidate_files(store, head, identity).onnx
            if not (onnx.is_file() and hash_file(onnx) in released):
                yield path


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(item) for item in path.iterdir())
    return path.lstat().st_size if path.exists() else 0
