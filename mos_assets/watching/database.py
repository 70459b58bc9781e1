"""The SQLite file: its tables, and what happens where it is damaged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from mos_assets.io.reading import NotAFileError, require_plain

_log = logging.getLogger(__name__)

BELOW = "path = ? OR (path > ? AND path < ?)"
"""A folder and what is below it; see `below`."""
_VERSION = 3
_TABLES = """
CREATE TABLE folder (path BLOB PRIMARY KEY, mtime_ns INTEGER, ctime_ns INTEGER, read_ns INTEGER,
    touched_ns INTEGER, clips INTEGER, digest BLOB, others BLOB, below BLOB,
    stirred BLOB) WITHOUT ROWID;
CREATE TABLE chunk (path BLOB, part INTEGER, names BLOB, numbers BLOB, files INTEGER,
    PRIMARY KEY (path, part));
CREATE INDEX chunk_files ON chunk (path, files);
CREATE TABLE tree (root BLOB PRIMARY KEY, paths BLOB, times BLOB, digest BLOB, clips INTEGER,
    touched_ns INTEGER, stirred BLOB, arriving BLOB) WITHOUT ROWID;
CREATE TABLE rows (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, n INTEGER) WITHOUT ROWID;
CREATE TABLE distrusted (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE epoch (n INTEGER);
INSERT INTO epoch VALUES (0);
CREATE TABLE generation (n INTEGER);
INSERT INTO generation VALUES (0);
"""
_T = TypeVar("_T")


def below(root: bytes) -> tuple[bytes, bytes, bytes]:
    """The parameters of BELOW: `0` is what follows `/` among bytes."""
    return root, root + b"/", root + b"0"


def connected(path: Path, work: Callable[[sqlite3.Connection], _T]) -> _T:
    """What `work` returns; each of its statements is a transaction of its own.

    A file that is damaged or of another version, and whatever has its name and is no file, is made
    anew with a word in the log, and the work done once more. sqlite3.OperationalError (a full
    disk, a lock held for 30 s) is raised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        require_plain(path)
        return _attempt(path, work)
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, NotAFileError, ValueError, TypeError) as error:
        # SQLite finds a damaged page; in one of which half is right, values make no sense.
        _log.warning("%s is made anew: %s", path, error)
        _remove(path)
        return _attempt(path, work)


def _remove(path: Path) -> None:
    for end in ("", "-journal", "-wal", "-shm"):
        beside = Path(f"{path}{end}")
        if beside.is_dir() and not beside.is_symlink():
            beside.rename(beside.with_name(f".{beside.name}.{uuid4().hex}"))
        else:
            beside.unlink(missing_ok=True)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block is written, or nothing; keep it short, others wait for it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _attempt(path: Path, work: Callable[[sqlite3.Connection], _T]) -> _T:
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        # A cache need not survive a power cut.
        connection.execute("PRAGMA synchronous = OFF")
        if _version(connection) == 0:
            with transaction(connection):
                # Unless another process was faster.
                if _version(connection) == 0:
                    for statement in _TABLES.strip().split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {_VERSION}")
        return work(connection)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError(f"catalogue of version {version}")
    return int(version)
