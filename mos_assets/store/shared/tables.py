"""The DuckDB file as an object: copied while nobody writes to it, named by its bytes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mos_assets.errors import StoreError
from mos_assets.io.hashing import hash_file
from mos_assets.objects import Location
from mos_assets.store.database import FILE_NAME, LOCK_WAIT_S, Database
from mos_assets.store.failures import explained, is_held
from mos_assets.store.shared.state import TablesCopy

_COPY = f".{FILE_NAME}.copy"
FOLDER, _SUFFIX = "tables/", ".duckdb"
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which a file is known to be as it was, without being read."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """None where there is no such file."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return cls(status.st_size, status.st_mtime_ns)


def is_tables(name: str) -> bool:
    """Whether an object of this name is a copy of tables."""
    return name.startswith(FOLDER) and name.endswith(_SUFFIX) and name.count("/") == 1


@contextmanager
def copied(folder: Path) -> Iterator[tuple[Path, TablesCopy, Stamp]]:
    """A copy of the DuckDB file, what it is, and the stamp of the file that it is a copy of.

    Raises StoreError as `Database.connect`.
    """
    database = Database(folder)
    log = database.path.with_name(f"{FILE_NAME}.wal")
    if log.exists():
        # What a killed process had not brought into the file yet.
        with database.connect():
            pass
    copy = folder / _COPY
    try:
        database.require_file()
        # While it is open to be read no other process writes to it; closed before that is, the
        # source would take the lock with it.
        with database.path.open("rb") as source, _opened_to_read(database.path):
            if log.exists():
                raise StoreError(f"{log} is there, so that a run writes to the store. Run again.")
            with copy.open("wb") as target:
                shutil.copyfileobj(source, target)
            stamp = Stamp.of(database.path)
        if stamp is None:
            raise StoreError(f"{database.path} went away while it was read.")
        sha256 = hash_file(copy)
        name = f"{FOLDER}{sha256[:16]}{_SUFFIX}"
        yield copy, TablesCopy(name=name, sha256=sha256, size=copy.stat().st_size), stamp
    except duckdb.Error as error:
        raise explained(error, database.path, opening=True) or error from error
    finally:
        copy.unlink(missing_ok=True)


def _opened_to_read(path: Path) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            if not is_held(error) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_S)


def fetch_tables(location: Location, tables: TablesCopy, folder: Path) -> Stamp:
    """Put a copy of the tables in the place of the DuckDB file; its stamp.

    Raises LocationError, and StoreError where the bytes are not those that were published.
    """
    arriving = folder / _COPY
    try:
        location.read_to(tables.name, arriving)
        if hash_file(arriving) != tables.sha256:
            raise StoreError(
                f"{location.of(tables.name)} is not as it was published: its checksum does not "
                "hold. Restore it from a backup, or delete it and store.json: measurements are "
                "read from the shards, folds and verdicts are nowhere else."
            )
        path = folder / FILE_NAME
        path.with_name(f"{FILE_NAME}.wal").unlink(missing_ok=True)
        os.replace(arriving, path)  # noqa: PTH105
    finally:
        arriving.unlink(missing_ok=True)
    stamp = Stamp.of(path)
    if stamp is None:
        raise StoreError(f"{path} went away as soon as it was written.")
    return stamp
