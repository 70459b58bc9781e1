"""One scan of clip folders: what the catalogue knows, what is there, and what is new.

What is new is written at the end, in one short transaction: looking may take a minute, and a run
that asks meanwhile which files to distrust does not wait for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.corpora.files import status_of
from mos_assets.corpora.request import FEATURES_FOLDER, SHOTS_FOLDER, ClipDir
from mos_assets.watching.database import BELOW, below, transaction
from mos_assets.watching.folder import (
    NUMBERS,
    Folder,
    Listing,
    liars,
    read_folder,
    signed,
    times_of,
)

SLICE = 4096
"""Files of unchanged folders that one scan stats."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder and, where clips are looked for in them, those below."""

    digest: bytes
    clips: int
    touched_ns: int
    stirred: bytes
    """Digest of the times of the folders."""
    arriving: bytes
    """Digest of the files that are no clips, or not yet."""


@dataclass(slots=True)
class Scan:
    """One scan of the folders of one corpus."""

    connection: sqlite3.Connection
    corpus: Path
    every_file: bool
    _writes: list[tuple[str, Sequence[object]]] = field(default_factory=list)
    _generation: int = field(init=False)

    def trees(self, dirs: Sequence[ClipDir], turn: int) -> Iterator[Tree]:
        """Each of the folders, sorted by path. turn: whose files are looked at in passing."""
        changed = set() if self.every_file else self._changed_in_place(dirs, turn)
        for entry in sorted(dirs, key=lambda entry: entry.path):
            known = None if self.every_file or changed else self._unchanged(entry)
            yield known or self._walk(entry, changed)

    def __post_init__(self) -> None:
        self._generation = self._newest()

    def _newest(self) -> int:
        (found,) = self.connection.execute("SELECT n FROM generation").fetchone()
        return int(found)

    def write(self) -> None:
        """Keep what is new, unless another scan was faster: what it saw may be newer still."""
        if self._writes:
            with transaction(self.connection):
                if self._newest() == self._generation:
                    for statement, values in self._writes:
                        self.connection.execute(statement, values)
                    self.connection.execute("UPDATE generation SET n = n + 1")

    def _unchanged(self, entry: ClipDir) -> Tree | None:
        """The tree as it was kept, where every folder still has its times."""
        found = self.connection.execute(
            "SELECT paths, times, digest, clips, touched_ns, stirred, arriving FROM tree "
            "WHERE root = ?",
            (self._key(entry),),
        ).fetchone()
        if found is None:
            return None
        paths, times, *facts = found
        numbers = array("q", times)
        for path, *times in zip(paths.split(b"\0"), numbers[::2], numbers[1::2], strict=True):
            status = status_of(path)
            if status is None or times_of(status) != tuple(times):
                return None
        return Tree(*facts)

    def _walk(self, entry: ClipDir, changed: set[bytes]) -> Tree:
        """Ask every folder for its times, and read those that changed."""
        root = os.fsencode(entry.path)
        known = {
            path: Folder(*facts)
            for path, *facts in self.connection.execute(
                f"SELECT * FROM folder WHERE {BELOW}", below(root)
            )
        }
        pending, reached = [root], {}
        digest, stirred, arriving = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        while pending:
            path = pending.pop()
            status = os.stat(path)  # noqa: PTH116 - no Path for each of so many
            folder, times = known.get(path), times_of(status)
            if (
                folder is None
                or self.every_file
                or path in changed
                or (folder.mtime_ns, folder.ctime_ns) != times
                or not folder.settled
            ):
                was = folder
                folder, listing = read_folder(path, times)
                if was is not None:
                    folder = folder.following(was)
                self._keep(path, folder, listing, was is not None)
            reached[path] = folder
            stirred.update(path + b"\0" + folder.stirred + b"\n")
            if folder.others:
                arriving.update(path + b"\0" + folder.others)
            if folder.clips:
                digest.update(path + b"\0" + folder.digest)
            if entry.recursive and folder.below:
                # Where clips lie in the corpus folder itself, tables are beside them.
                inside = path == root and entry.path == self.corpus
                skipped = (SHOTS_FOLDER, FEATURES_FOLDER) if inside else ()
                pending += [
                    path + b"/" + os.fsencode(name)
                    for name in reversed(json.loads(folder.below))
                    if name not in skipped
                ]
        if entry.recursive:
            self._forget(known.keys() - reached.keys())
        tree = Tree(
            digest.digest(),
            sum(folder.clips for folder in reached.values()),
            max(folder.touched_ns for folder in reached.values()),
            stirred.digest(),
            arriving.digest(),
        )
        self._keep_tree(entry, reached, tree)
        return tree

    def _key(self, entry: ClipDir) -> bytes:
        told = [entry.recursive, entry.recursive and entry.path == self.corpus]
        return json.dumps(told).encode() + os.fsencode(entry.path)

    def _changed_in_place(self, dirs: Sequence[ClipDir], turn: int) -> set[bytes]:
        """Folders with a changed file among those whose turn it is."""
        changed: set[bytes] = set()
        for rowid in self._whose_turn(dirs, turn):
            chunk = self.connection.execute(
                "SELECT path, names, numbers FROM chunk WHERE rowid = ?", (rowid,)
            ).fetchone()
            if chunk is None:
                # Another scan has read the folder since.
                continue
            path, names, numbers = chunk
            before = array("q", numbers)
            sizes, mtimes = before[::NUMBERS], before[1::NUMBERS]
            for name, *facts in zip(names.split(b"\0"), sizes, mtimes, strict=True):
                status = status_of(path + b"/" + name)
                if status is None or [status.st_size, signed(status.st_mtime_ns)] != facts:
                    changed.add(path)
                    break
        return changed

    def _whose_turn(self, dirs: Sequence[ClipDir], turn: int) -> list[int]:
        """Chunks of this turn: all files are looked at in ⌈files / SLICE⌉ turns.

        Only those of these folders: others may belong to a corpus that is not watched any more.
        """
        chunks: dict[int, int] = {}
        for entry in dirs:
            root = os.fsencode(entry.path)
            chunks.update(
                self.connection.execute(
                    f"SELECT rowid, files FROM chunk WHERE {BELOW}",
                    below(root) if entry.recursive else (root, root, root),
                ).fetchall()
            )
        turns = max(1, -(-sum(chunks.values()) // SLICE))
        found: list[int] = []
        before = 0
        for rowid in sorted(chunks):
            if before // SLICE == turn % turns:
                found.append(rowid)
            before += chunks[rowid]
        return found

    def _keep(self, path: bytes, folder: Folder, listing: Listing, was_known: bool) -> None:
        """Write down what is new of a folder, and whose files lied."""
        # Any tree may hold this folder.
        self._later("DELETE FROM tree")
        old = {
            part: (names, numbers)
            for part, names, numbers in self.connection.execute(
                "SELECT part, names, numbers FROM chunk WHERE path = ?", (path,)
            )
        }
        names, numbers = listing.names, listing.numbers
        new = {
            part: (
                b"\0".join(names[at : at + SLICE]),
                numbers[at * NUMBERS : (at + SLICE) * NUMBERS].tobytes(),
            )
            for part, at in enumerate(range(0, len(names), SLICE))
        }
        changed = [part for part in new if old.get(part) != new[part]]
        if was_known and changed:
            gone = [old[part] for part in old if old[part] != new.get(part)]
            self._distrust(path, liars(gone, [new[part] for part in changed]))
        for part in changed:
            self._later(
                "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?)",
                *(path, part, *new[part], len(names[part * SLICE : (part + 1) * SLICE])),
            )
        for part in old.keys() - new.keys():
            self._later("DELETE FROM chunk WHERE path = ? AND part = ?", path, part)
        self._later(
            "INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(path, folder.mtime_ns, folder.ctime_ns, folder.read_ns, folder.touched_ns),
            *(folder.clips, folder.digest, folder.others, folder.below, folder.stirred),
        )

    def _keep_tree(self, entry: ClipDir, reached: dict[bytes, Folder], tree: Tree) -> None:
        """For the next scan, where no folder has to be read again in it."""
        if not all(folder.settled for folder in reached.values()):
            return
        times = array("q")
        for folder in reached.values():
            times.extend((folder.mtime_ns, folder.ctime_ns))
        self._later(
            "INSERT OR REPLACE INTO tree VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(self._key(entry), b"\0".join(reached), times.tobytes()),
            *(tree.digest, tree.clips, tree.touched_ns, tree.stirred, tree.arriving),
        )

    def _forget(self, paths: set[bytes]) -> None:
        for path in paths:
            self._later("DELETE FROM folder WHERE path = ?", path)
            self._later("DELETE FROM chunk WHERE path = ?", path)

    def _distrust(self, path: bytes, names: list[bytes]) -> None:
        """Remember that the times of these files lie."""
        for name in names:
            self._later("INSERT OR REPLACE INTO distrusted VALUES (?)", path + b"/" + name)
        if names:
            self._later("UPDATE epoch SET n = n + 1")

    def _later(self, statement: str, *values: object) -> None:
        self._writes.append((statement, values))
