"""Looking at the folder of clips that come in: what lies there, its bytes and its references."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from mos_assets.errors import MosAssetsError
from mos_assets.io.hashing import hash_file
from mos_assets.pipeline.progress import Log
from mos_assets.records import ClipScore, IncomingClip
from mos_assets.scoring.arrivals import Lying, lying_in, references_of
from mos_assets.scoring.references import FolderReferences
from mos_assets.settings import PathSettings
from mos_assets.store import Database, score_rows
from mos_assets.store.opening import beside_runs
from mos_assets.store.run_lock import NO_WAIT, Timeout

NO_FOLDER = "no folder is set: MOS_INCOMING names the folder of clips that are scored as they come"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the folder."""

    clips: tuple[IncomingClip, ...]
    table: pa.Table
    opened: int
    """Clips that were read; the others are known by size and time."""
    changing: int
    """Clips that changed while they were read; the next look finds them."""


def find_incoming(paths: PathSettings, log: Log, timeout: Timeout = NO_WAIT) -> Found | None:
    """Look at the folder: table `incoming_clips`. None where no folder is set.

    A clip of unchanged size and time is not opened. Raises CorpusError where a folder cannot be
    used, and StoreError where the store cannot be written.
    """
    folder, database = paths.incoming_folder, Database(paths.store_folder)
    if folder is None:
        return None
    references = references_of(paths)
    lying = lying_in(folder, references)
    with beside_runs(paths.store_place, timeout):
        known = {row.clip: row for row in score_rows.read_incoming(database)}
    stamps = {row.reference_stamp: row.reference_sha256 for row in known.values()}
    found, opened, changing = [], 0, 0
    for one in lying:
        before = known.get(one.clip)
        same = before is not None and stamp(before) == stamp(one) and before.sha256 is not None
        sha256, reason = before.sha256 if before is not None and same else None, None
        if not same:
            opened += 1
            try:
                sha256 = hash_file(one.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = f"{one.clip}: it cannot be read ({error.strerror})"
            if not unchanged(one):
                changing += 1
                continue
        arrived = before.arrived_at if before and before.sha256 == sha256 else datetime.now(UTC)
        row = IncomingClip(
            clip=one.clip,
            sha256=sha256,
            size_bytes=one.size_bytes,
            mtime_ns=one.mtime_ns,
            reference=None,
            reference_sha256=None,
            reference_stamp=None,
            reason=reason,
            arrived_at=arrived,
        )
        found.append(row if references is None else _with_reference(row, one, references, stamps))
    if changing:
        log.warning(f"{changing} clips are being written; the next run takes them")
    with beside_runs(paths.store_place, timeout):
        score_rows.write_incoming(database, found)
        table = score_rows.incoming_table(database)
    return Found(tuple(found), table, opened, changing)


def _with_reference(
    row: IncomingClip,
    one: Lying,
    references: FolderReferences,
    stamps: dict[str | None, str | None],
) -> IncomingClip:
    try:
        path = references.of(one.path)
        status = path.stat()
        stamp = f"{status.st_size} {status.st_mtime_ns} {path}"
        if stamps.get(stamp) is None:
            stamps[stamp] = hash_file(path)
    except MosAssetsError as error:
        return replace(row, reason=row.reason or str(error))
    except OSError as error:
        why = f"{one.clip}: its reference cannot be read ({error.strerror})"
        return replace(row, reason=row.reason or why)
    return replace(row, reference=str(path), reference_sha256=stamps[stamp], reference_stamp=stamp)


def unchanged(one: Lying) -> bool:
    """Whether a clip has the size and times that it had when it was found."""
    try:
        status = one.path.stat()
    except OSError:
        return False
    times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return times == (one.size_bytes, one.mtime_ns, one.ctime_ns)


def stamp(one: IncomingClip | ClipScore | Lying) -> tuple[int, int]:
    """(size in bytes, mtime in ns), by which a clip is known again without being read."""
    return one.size_bytes, one.mtime_ns
