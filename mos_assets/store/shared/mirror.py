"""Files of the working folder and objects of the bucket, made the same one by one.

A file is put whole, over the version that this machine knows and no other one. Tables come last:
until `store.json` names their new copy, all that was put belongs to nothing. What is not published
yet stays in the working folder, and the next session there publishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import TypeVar
from uuid import uuid4

from mos_assets.errors import AbsentError, ChangedError
from mos_assets.io.hashing import hash_bytes, hash_file
from mos_assets.io.writing import write_whole
from mos_assets.objects import Found, Location
from mos_assets.store.database import FILE_NAME
from mos_assets.store.shared.journals import JOURNALS, Journals
from mos_assets.store.shared.known import KnownFile, KnownObjects
from mos_assets.store.shared.lease import Lease
from mos_assets.store.shared.state import StoreState
from mos_assets.store.shared.tables import FOLDER, Stamp, copied, fetch_tables, is_tables

_SHARDS = "shards/"
_MEASURED = "shards/*.parquet"
_OTHERS = ("candidates/*/*/*", "reports/*/*/**/*", "clip_scores.parquet")
_TABLES_KEPT = 2
"""Copies of tables that stay: somebody may be reading the one before."""
AT_ONCE = 8
"""Requests in flight."""
_ATTEMPTS = 3
Item = TypeVar("Item")


class Mirror:
    """The working folder of one location."""

    def __init__(self, location: Location, folder: Path) -> None:
        self._location, self._folder = location, folder
        self._door = RLock()
        self.known = KnownObjects.read(folder)
        self._journals = Journals(location, folder)

    def pull(self, state: StoreState) -> str | None:
        """Make the working folder hold what the bucket does; what was lost of it, as a sentence.

        Files that this machine has changed since, such as a killed run's, stay and are published
        next, unless another machine has published tables meanwhile. Raises LocationError, OSError.
        """
        with self._door:
            listed = {one.name: one for one in self._location.listed()}
            wanted = [one for one in listed.values() if _is_published(one.name)]
            _each(self._fetch, wanted)
            for name in [name for name in self.known.files if name not in listed]:
                self._forget(name)
            self._journals.unpack(name for name in listed if name.startswith(JOURNALS))
            told = self._pull_tables(state)
            self.known.write(self._folder)
        return told

    def _pull_tables(self, state: StoreState) -> str | None:
        stamp, told = Stamp.of(self._folder / FILE_NAME), None
        tables = state.tables
        if tables is None or (tables.sha256 == self.known.tables and stamp is not None):
            return None
        if stamp is not None and (stamp.size, stamp.mtime_ns) != self.known.tables_stamp:
            told = (
                f"{self._location.url} has newer tables of another machine than those that a run "
                f"left unpublished in {self._folder}; theirs count. Measured clips are kept."
            )
        stamp = fetch_tables(self._location, tables, self._folder)
        self._note_tables(tables.sha256, stamp)
        return told

    def publish_measured(self, lease: Lease) -> None:
        """Put what clips were measured since, shards and journals. Raises as `publish`."""
        with self._door:
            lease.require_held()
            self._journals.pack()
            if self._put_changed([_MEASURED], lease):
                self.known.write(self._folder)

    def publish(self, lease: Lease) -> None:
        """Put all that has changed, and make the tables current.

        Raises StoreError where the lock is lost; then no table has changed for others. Raises
        LocationError and OSError.
        """
        with self._door:
            done = self._journals.finished()
            changed = self._put_changed([_MEASURED, *_OTHERS], lease)
            gone = [name for name in self.known.files if not (self._folder / name).is_file()]
            stamp = Stamp.of(self._folder / FILE_NAME)
            tables_changed = (
                stamp is not None and (stamp.size, stamp.mtime_ns) != self.known.tables_stamp
            )
            if tables_changed:
                self._publish_tables(lease)
            if gone or done:
                lease.require_held()
                for name in gone:
                    self._remove(name)
                self._journals.remove(done)
            if changed or gone or tables_changed:
                self.known.write(self._folder)

    def _publish_tables(self, lease: Lease) -> None:
        before = lease.state.tables
        with copied(self._folder) as (copy, tables, stamp):
            if before is None or before.sha256 != tables.sha256:
                self._location.put_file(tables.name, copy)
                lease.publish(tables)
                self._remove_old_tables({tables.name, *([before.name] if before else [])})
            self._note_tables(tables.sha256, stamp)

    def _note_tables(self, sha256: str, stamp: Stamp) -> None:
        self.known.tables, self.known.tables_stamp = sha256, (stamp.size, stamp.mtime_ns)

    def _remove_old_tables(self, current: set[str]) -> None:
        copies = [one for one in self._location.listed(FOLDER) if is_tables(one.name)]
        others = sorted(
            (one for one in copies if one.name not in current), key=lambda one: one.modified
        )
        self._location.delete([one.name for one in others[: len(copies) - _TABLES_KEPT]])

    def _put_changed(self, patterns: Iterable[str], lease: Lease) -> int:
        changed = [name for name in self._local(patterns) if self._is_changed(name)]
        if changed:
            lease.require_held()
        _each(self._put, changed)
        return len(changed)

    def _local(self, patterns: Iterable[str]) -> Iterator[str]:
        for pattern in patterns:
            for path in sorted(self._folder.glob(pattern)):
                name = path.relative_to(self._folder).as_posix()
                if _is_published(name) and path.is_file():
                    yield name

    def _is_changed(self, name: str) -> bool:
        known = self.known.files.get(name)
        return known is None or known.stamp != Stamp.of(self._folder / name)

    def _put(self, name: str) -> None:
        path, known = self._folder / name, self.known.files.get(name)
        etag = known.etag if known else None
        for attempt in range(_ATTEMPTS):
            before = Stamp.of(path)
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                return
            try:
                etag = self._location.put(name, content, absent=etag is None, etag=etag)
                break
            except AbsentError:
                etag = None
            except ChangedError:
                if attempt + 1 == _ATTEMPTS:
                    raise
                # Of a run that had the store before this one: its late word does not count.
                there, etag = self._location.read(name)
                if there == content:
                    break
        if before is not None and etag is not None:
            sha256 = hash_bytes(content)
            self.known.files[name] = KnownFile(etag, before.size, before.mtime_ns, sha256)

    def _fetch(self, found: Found) -> None:
        path, known = self._folder / found.name, self.known.files.get(found.name)
        if known is not None and known.etag == found.etag and path.is_file():  # noqa: SIM102
            # Shards never change, so that one which differs has rotted here.
            if not found.name.startswith(_SHARDS) or hash_file(path) == known.sha256:
                return
        content, etag = self._location.read(found.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
        self.known.files[found.name] = KnownFile.of(path, etag)

    def _forget(self, name: str) -> None:
        """Another machine has removed the object; so goes the file, unless it was changed here."""
        path = self._folder / name
        known = self.known.files.pop(name)
        if known.stamp == Stamp.of(path):
            path.unlink(missing_ok=True)
            for folder in (path.parent, path.parent.parent):
                if folder not in (self._folder, self._folder.parent) and _is_empty(folder):
                    folder.rmdir()

    def _remove(self, name: str) -> None:
        if name.startswith(_SHARDS):
            # It was found damaged. Its bytes are put aside, and not thrown away.
            aside = f"{_SHARDS}.{name.removeprefix(_SHARDS)}.{uuid4().hex[:8]}.damaged"
            with suppress(AbsentError):
                self._location.put(aside, self._location.read(name)[0], absent=True)
        self._location.delete([name])
        del self.known.files[name]


def _is_published(name: str) -> bool:
    """Whether others need this file; locks, caches and what is in the making are not for them."""
    path = PurePosixPath(name)
    if any(part.startswith(".") for part in path.parts):
        return False
    kind, depth = path.parts[0], len(path.parts)
    return (
        (kind == "shards" and depth == 2 and path.suffix == ".parquet")
        or (kind == "candidates" and depth == 4)
        or (kind == "reports" and depth >= 4)
        or name == "clip_scores.parquet"
    )


def _each(function: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Of many at once, since each waits for the server; the first failure is raised."""
    some = list(items)
    if len(some) < 2:
        for item in some:
            function(item)
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(some))) as pool:
        list(pool.map(function, some))


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
