"""The doors of the catalogue in one store folder."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.corpora.request import ClipDir
from mos_assets.io.hashing import hash_bytes
from mos_assets.watching.database import connected, transaction
from mos_assets.watching.folder import signed
from mos_assets.watching.scan import Scan

FILE_NAME = "watch.sqlite"


@dataclass(frozen=True, slots=True)
class FolderView:
    """The clips of some folders together."""

    digest: str
    clips: int
    touched: float
    """Unix time at which one of the folders, or a clip in them, was last changed."""
    stirred: str
    """Moves with the times of the folders: a file came or went, even if all is as before."""
    arriving: str
    """Moves with the files that are no clips: one that is being copied may be hidden or have
    another suffix until it is complete."""
    lies: int
    """Counts the times that files were found to be distrusted, in any folder."""


@dataclass(frozen=True)
class Catalogue:
    """The catalogue in one store folder; holds nothing open."""

    store: Path

    @property
    def path(self) -> Path:
        return self.store / FILE_NAME

    def view(
        self, dirs: Sequence[ClipDir], corpus: Path, *, every_file: bool, turn: int = 0
    ) -> FolderView:
        """The clips in these folders of one corpus. Raises OSError where one cannot be read.

        With `every_file` each file is looked at. A file whose size and mtime are what they were
        although its bytes were written to (its ctime says so) is distrusted until a run has read
        it again, and moves `lies`.
        """

        def seen(connection: sqlite3.Connection) -> FolderView:
            scan = Scan(connection, corpus, every_file)
            trees = list(scan.trees(dirs, turn))
            scan.write()
            (lies,) = connection.execute("SELECT n FROM epoch").fetchone()
            return FolderView(
                _digest(tree.digest for tree in trees),
                sum(tree.clips for tree in trees),
                max((tree.touched_ns for tree in trees), default=0) / 1e9,
                _digest(tree.stirred for tree in trees),
                _digest(tree.arriving for tree in trees),
                lies,
            )

        return connected(self.path, seen)

    def text_rows(self, path: Path) -> int:
        """Lines of a text file, counted again only when its size or time has changed."""
        status, key = path.stat(), os.fsencode(path)
        facts = (key, status.st_size, signed(status.st_mtime_ns))

        def count(connection: sqlite3.Connection) -> int:
            found = connection.execute(
                "SELECT n FROM rows WHERE path = ? AND size = ? AND mtime_ns = ?", facts
            ).fetchone()
            if found:
                return int(found[0])
            n = path.read_bytes().count(b"\n")
            connection.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", (*facts, n))
            return n

        return connected(self.path, count)

    def distrusted(self) -> frozenset[str]:
        """Paths of files whose size and mtime lie: their bytes were written to since."""
        if not self.path.is_file():
            return frozenset()
        rows = connected(self.path, lambda db: db.execute("SELECT path FROM distrusted").fetchall())
        return frozenset(os.fsdecode(path) for (path,) in rows)

    def trust(self, paths: frozenset[str]) -> None:
        """These files have been read again."""
        if paths:
            rows = [(os.fsencode(path),) for path in paths]

            def forget(connection: sqlite3.Connection) -> None:
                with transaction(connection):
                    connection.executemany("DELETE FROM distrusted WHERE path = ?", rows)

            connected(self.path, forget)


def _digest(digests: Iterable[bytes]) -> str:
    return hash_bytes(b"".join(digests))
