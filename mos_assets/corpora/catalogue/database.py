"""The SQLite file: its tables, and one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

BELOW = "path = ? OR (path > ? AND path < ?)"
"""A folder and what is below it; see `below`."""
_VERSION = 3
_TABLES = """
CREATE TABLE folder (path BLOB PRIMARY KEY, mtime_ns INTEGER, ctime_ns INTEGER, read_ns INTEGER,
    touched_ns INTEGER, clips INTEGER, digest BLOB, below TEXT) WITHOUT ROWID;
CREATE TABLE chunk (path BLOB, part INTEGER, names BLOB, numbers BLOB, files INTEGER,
    PRIMARY KEY (path, part));
CREATE INDEX chunk_files ON chunk (path, files);
CREATE TABLE tree (root BLOB PRIMARY KEY, paths BLOB, times BLOB, digest BLOB, clips INTEGER,
    touched_ns INTEGER) WITHOUT ROWID;
CREATE TABLE rows (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, n INTEGER) WITHOUT ROWID;
CREATE TABLE distrusted (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE epoch (n INTEGER);
INSERT INTO epoch VALUES (0);
"""
_T = TypeVar("_T")


def below(root: bytes) -> tuple[bytes, bytes, bytes]:
    """The parameters of BELOW: `0` is what follows `/` among bytes."""
    return root, root + b"/", root + b"0"


def in_transaction(path: Path, work: Callable[[sqlite3.Connection], _T]) -> _T:
    """What `work` returns. A file that is damaged or of another version is made anew, and the work
    done once more; sqlite3.OperationalError (a full disk, a lock held for 30 s) is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _attempt(path, work)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        path.unlink()
        return _attempt(path, work)


def _attempt(path: Path, work: Callable[[sqlite3.Connection], _T]) -> _T:
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        # A cache need not survive a power cut.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"catalogue of version {version}")
        if version == 0:
            for statement in _TABLES.strip().split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        result = work(connection)
        connection.execute("COMMIT")
    return result
