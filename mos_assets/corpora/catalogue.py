"""Clip folders as they are now, at little cost while nothing changes.

A folder whose modification and change times are what they were has lost and gained no file, so its
digest is taken from the catalogue, a SQLite file. Files that are replaced in place change no
folder: some of them are looked at in every look, in turn, and all of them in a thorough one. The
catalogue is a cache: it may be deleted at any time, and is made anew. Only files that had lied
about their time until then are not known any more.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from mos_assets.collector import collector_paused
from mos_assets.corpora.names import VIDEO_SUFFIXES
from mos_assets.corpora.request import FEATURES_FOLDER, SHOTS_FOLDER, ClipDir

FILE_NAME = "watch.sqlite"
SLICE = 4096
"""Files of unchanged folders that one look stats."""
RACY_NS = 2_000_000_000
"""A folder that was changed this shortly before it was read is read again: its clock may be coarse
and a file may have come in the same instant."""
AHEAD_NS = 86_400 * 10**9
"""How far in the future a time may lie that still tells of a change: a server's clock may be ahead,
but a file of the year 2300 would hide every change that follows."""
_VERSION = 2
_NUMBERS = 4
"""Per file: size, mtime_ns, ctime_ns, and what mode, links and owner come to."""
_INT64 = (1 << 63) - 1
_SUFFIXES = frozenset(suffix.encode() for suffix in VIDEO_SUFFIXES)
_BELOW = "path = ? OR (path > ? AND path < ?)"
_Files = dict[bytes, tuple[int, ...]]
_TABLES = """
CREATE TABLE folder (path BLOB PRIMARY KEY, mtime_ns INTEGER, ctime_ns INTEGER, read_ns INTEGER,
    touched_ns INTEGER, clips INTEGER, digest BLOB, below TEXT) WITHOUT ROWID;
CREATE TABLE chunk (path BLOB, part INTEGER, names BLOB, numbers BLOB, files INTEGER,
    PRIMARY KEY (path, part));
CREATE TABLE rows (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, n INTEGER) WITHOUT ROWID;
CREATE TABLE distrusted (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE epoch (n INTEGER);
INSERT INTO epoch VALUES (0);
"""


@dataclass(frozen=True, slots=True)
class FolderView:
    """The clips of some folders together."""

    digest: str
    clips: int
    touched: float
    """Unix time at which one of the folders, or a file in them, was last changed, whatever the
    file: one that is being copied may be hidden or have another suffix until it is complete."""
    lies: int
    """Counts the times that files were found to be distrusted, in any folder."""


@dataclass(slots=True)
class _Folder:
    mtime_ns: int
    ctime_ns: int
    read_ns: int
    touched_ns: int
    clips: int
    digest: bytes
    below: str  # Folders in it, as JSON; empty where there are none.


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
        with self._connected() as connection:
            look = _Look(connection, every_file)
            known = set() if every_file else look.changed_in_place(dirs, turn)
            digest, clips, touched = hashlib.sha256(), 0, 0
            for entry in sorted(dirs, key=lambda entry: entry.path):
                for path, folder in look.walk(os.fsencode(entry.path), entry, corpus, known):
                    touched = max(touched, folder.touched_ns)
                    if folder.clips:
                        clips += folder.clips
                        digest.update(path + b"\0" + folder.digest)
            (lies,) = connection.execute("SELECT n FROM epoch").fetchone()
        return FolderView(digest.hexdigest(), clips, touched / 1e9, lies)

    def text_rows(self, path: Path) -> int:
        """Lines of a text file, counted again only when its size or time has changed."""
        status, key = path.stat(), os.fsencode(path)
        mtime_ns = _signed(status.st_mtime_ns)
        with self._connected() as connection:
            found = connection.execute(
                "SELECT n FROM rows WHERE path = ? AND size = ? AND mtime_ns = ?",
                (key, status.st_size, mtime_ns),
            ).fetchone()
            if found is None:
                found = (path.read_bytes().count(b"\n"),)
                connection.execute(
                    "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)",
                    (key, status.st_size, mtime_ns, found[0]),
                )
        count: int = found[0]
        return count

    def distrusted(self) -> frozenset[str]:
        """Paths of files whose size and mtime lie: their bytes were written to since."""
        if not self.path.is_file():
            return frozenset()
        with self._connected() as connection:
            rows = connection.execute("SELECT path FROM distrusted").fetchall()
        return frozenset(os.fsdecode(path) for (path,) in rows)

    def trust(self, paths: frozenset[str]) -> None:
        """These files have been read again."""
        if paths:
            with self._connected() as connection:
                connection.executemany(
                    "DELETE FROM distrusted WHERE path = ?",
                    [(os.fsencode(path),) for path in paths],
                )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction. A file that is damaged or of another version is made anew."""
        self.store.mkdir(parents=True, exist_ok=True)
        try:
            connection = self._open()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self.path.unlink()
            connection = self._open()
        with closing(connection):
            yield connection
            connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
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
        except BaseException:
            connection.close()
            raise
        return connection


@dataclass(slots=True)
class _Look:
    """One look, inside one transaction."""

    connection: sqlite3.Connection
    every_file: bool

    def walk(
        self, root: bytes, entry: ClipDir, corpus: Path, changed: set[bytes]
    ) -> Iterator[tuple[bytes, _Folder]]:
        """The folder and, where clips are looked for in them, those below; sorted."""
        known = {
            path: _Folder(*facts)
            for path, *facts in self.connection.execute(
                f"SELECT * FROM folder WHERE {_BELOW}",
                (root, root + b"/", root + b"0"),
            )
        }
        # Where clips lie in the corpus folder itself, tables are beside them.
        beside = {SHOTS_FOLDER, FEATURES_FOLDER} if entry.path == corpus else set()
        pending, reached = [root], set()
        while pending:
            path = pending.pop()
            reached.add(path)
            folder = known.get(path)
            status = os.stat(path)  # noqa: PTH116 - no Path for each of so many
            mtime_ns, ctime_ns = _signed(status.st_mtime_ns), _signed(status.st_ctime_ns)
            if (
                folder is None
                or self.every_file
                or path in changed
                or (folder.mtime_ns, folder.ctime_ns) != (mtime_ns, ctime_ns)
                or folder.read_ns - mtime_ns < RACY_NS
            ):
                folder = self._read(path, mtime_ns, ctime_ns, folder)
            yield path, folder
            if entry.recursive:
                pending += [
                    path + b"/" + os.fsencode(name)
                    for name in reversed(json.loads(folder.below or "[]"))
                    if path != root or name not in beside
                ]
        for path in known.keys() - reached if entry.recursive else ():
            self.connection.execute("DELETE FROM folder WHERE path = ?", (path,))
            self.connection.execute("DELETE FROM chunk WHERE path = ?", (path,))

    def changed_in_place(self, dirs: Sequence[ClipDir], turn: int) -> set[bytes]:
        """Folders with a changed file among those whose turn it is."""
        changed: set[bytes] = set()
        for rowid in self._whose_turn(dirs, turn):
            path, names, numbers = self.connection.execute(
                "SELECT path, names, numbers FROM chunk WHERE rowid = ?", (rowid,)
            ).fetchone()
            before = array("q", numbers)
            for at, name in enumerate(names.split(b"\0")):
                try:
                    status = os.stat(path + b"/" + name)  # noqa: PTH116
                except (FileNotFoundError, NotADirectoryError):
                    changed.add(path)
                    break
                if (status.st_size, _signed(status.st_mtime_ns)) != tuple(
                    before[at * _NUMBERS : at * _NUMBERS + 2]
                ):
                    changed.add(path)
                    break
        return changed

    def _whose_turn(self, dirs: Sequence[ClipDir], turn: int) -> list[int]:
        """Chunks of this turn: all files are looked at in ⌈files / SLICE⌉ turns.

        Only those of these folders: others may belong to a corpus that is not watched any more.
        """
        found_chunks: dict[int, int] = {}
        for entry in dirs:
            root = os.fsencode(entry.path)
            after, end = (root + b"/", root + b"0") if entry.recursive else (root, root)
            found_chunks.update(
                self.connection.execute(
                    f"SELECT rowid, files FROM chunk WHERE {_BELOW}",
                    (root, after, end),
                ).fetchall()
            )
        chunks = sorted(found_chunks.items())
        turns = max(1, -(-sum(files for _, files in chunks) // SLICE))
        found: list[int] = []
        before = 0
        for rowid, files in chunks:
            if before // SLICE == turn % turns:
                found.append(rowid)
            before += files
        return found

    def _read(self, path: bytes, mtime_ns: int, ctime_ns: int, before: _Folder | None) -> _Folder:
        """Look at every file of a folder, and keep what was found where it is new."""
        read_ns = time.time_ns()
        latest_ns = read_ns + AHEAD_NS
        touched_ns = max(at for at in (0, mtime_ns, ctime_ns) if at <= latest_ns)
        clips: list[tuple[bytes, int, int, int, int]] = []
        below: list[str] = []
        with collector_paused(), os.scandir(path) as items:
            for item in items:
                name = item.name
                hidden = name.startswith(b".")
                if item.is_dir(follow_symlinks=False):
                    if not hidden:
                        below.append(os.fsdecode(name))
                    continue
                try:
                    at = item.stat()
                except FileNotFoundError:
                    # Gone since the folder was read, or a link to nowhere.
                    continue
                if not stat.S_ISREG(at.st_mode):
                    continue
                file_ns = _signed(at.st_mtime_ns)
                if touched_ns < file_ns <= latest_ns:
                    touched_ns = file_ns
                if not hidden and name[name.rfind(b".") :].lower() in _SUFFIXES:
                    owner = at.st_mode ^ at.st_nlink << 16 ^ at.st_uid << 24 ^ at.st_gid << 44
                    clips.append(
                        (name, at.st_size, file_ns, _signed(at.st_ctime_ns), owner & _INT64)
                    )
            clips.sort()
            numbers = array("q", chain.from_iterable(clip[1:] for clip in clips))
            lines = b"".join(b"%b\0%d\0%d\n" % clip[:3] for clip in clips)
        digest = hashlib.sha256(lines).digest()
        told = json.dumps(sorted(below)) if below else ""
        folder = _Folder(mtime_ns, ctime_ns, read_ns, touched_ns, len(clips), digest, told)
        self._keep(path, folder, [clip[0] for clip in clips], numbers, before)
        return folder

    def _keep(
        self,
        path: bytes,
        folder: _Folder,
        names: list[bytes],
        numbers: array[int],
        before: _Folder | None,
    ) -> None:
        execute = self.connection.execute
        old = {
            part: (names_, numbers_)
            for part, names_, numbers_ in execute(
                "SELECT part, names, numbers FROM chunk WHERE path = ?", (path,)
            )
        }
        new = {
            part: (
                b"\0".join(names[at : at + SLICE]),
                numbers[at * _NUMBERS : (at + SLICE) * _NUMBERS].tobytes(),
            )
            for part, at in enumerate(range(0, len(names), SLICE))
        }
        changed = [part for part in new if old.get(part) != new[part]]
        if before is not None and changed:
            gone = [old[part] for part in old if old[part] != new.get(part)]
            self._distrust(path, _files(gone), _files([new[part] for part in changed]))
        for part in changed:
            files = len(new[part][1]) // (8 * _NUMBERS)
            execute(
                "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)",
                (path, part, *new[part], files),
            )
        for part in old.keys() - new.keys():
            execute("DELETE FROM chunk WHERE path = ? AND part = ?", (path, part))
        execute(
            "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path,
                folder.mtime_ns,
                folder.ctime_ns,
                folder.read_ns,
                folder.touched_ns,
                folder.clips,
                folder.digest,
                folder.below,
            ),
        )

    def _distrust(self, path: bytes, before: _Files, after: _Files) -> None:
        """Remember files of unchanged size and mtime that were written to all the same.

        A changed ctime says so, unless mode, owner or number of links explain it. Names are
        compared, so that whatever else came or went in the folder hides none.
        """
        found: list[bytes] = []
        for name, (size, mtime_ns, ctime_ns, owner) in after.items():
            was = before.get(name)
            if (
                was is not None
                and was[2] != ctime_ns
                and (*was[:2], was[3])
                == (
                    size,
                    mtime_ns,
                    owner,
                )
            ):
                found.append(path + b"/" + name)
        if found:
            self.connection.executemany(
                "INSERT OR REPLACE INTO distrusted VALUES (?)", [(name,) for name in found]
            )
            self.connection.execute("UPDATE epoch SET n = n + 1")


def _files(chunks: Iterable[tuple[bytes, bytes]]) -> _Files:
    """Numbers by name."""
    found: _Files = {}
    for names, numbers in chunks:
        told = array("q", numbers).tolist()
        columns = (told[at::_NUMBERS] for at in range(_NUMBERS))
        found.update(zip(names.split(b"\0"), zip(*columns, strict=True), strict=True))
    return found


def _signed(ns: int) -> int:
    """A time as the database and the arrays hold it; a file may be dated after the year 2262."""
    return (ns + (1 << 63) & (1 << 64) - 1) - (1 << 63)
