"""Journals in a bucket: what was measured of shards that are not complete, some clips an object.

A machine that goes away with its disk takes no more with it than what was measured since the last
beat. Names and bytes are those of the journals' entries on disk (`features/journal.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from mos_assets.errors import AbsentError, StoreError
from mos_assets.io.writing import write_whole
from mos_assets.objects import Location

JOURNALS = "journals/"
_ENTRIES = "*.clips/[!.]*.json"


class Journals:
    """The entries in one working folder, and the objects that hold them."""

    def __init__(self, location: Location, folder: Path) -> None:
        self._location, self._shards = location, folder / "shards"
        self._held: dict[str, frozenset[str]] = {}
        """Object → the entries in it."""

    def pack(self) -> None:
        """Put the entries that no object holds yet, together as one. Raises LocationError."""
        known = frozenset[str]().union(*self._held.values())
        entries: dict[str, str] = {}
        for path in sorted(self._shards.glob(_ENTRIES)):
            name = path.relative_to(self._shards).as_posix()
            if name not in known:
                try:
                    entries[name] = path.read_text(encoding="utf-8")
                except FileNotFoundError:
                    continue  # Its shard is complete.
        if entries:
            name = f"{JOURNALS}{uuid4().hex}.json"
            self._location.put(name, json.dumps(entries).encode(), absent=True)
            self._held[name] = frozenset(entries)

    def unpack(self, names: Iterable[str]) -> None:
        """Write the entries of these objects to the disk, where their shard is not there.

        Raises StoreError where an object is none of this program's.
        """
        for name in names:
            try:
                entries = json.loads(self._location.read(name)[0])
                for entry, text in entries.items():
                    self._unpack(entry, text)
            except AbsentError:
                continue
            except (ValueError, AttributeError, TypeError):
                raise StoreError(
                    f"{self._location.of(name)} is damaged. Delete it: its clips are measured "
                    "again."
                ) from None
            self._held[name] = frozenset(entries)

    def _unpack(self, entry: str, text: str) -> None:
        folder, slash, file = entry.partition("/")
        if not slash or "/" in file or folder.startswith(".") or file.startswith("."):
            raise ValueError(f"{entry!r} is no entry")
        path = self._shards / folder / file
        if path.exists() or path.parent.with_suffix(".parquet").exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())

    def finished(self) -> tuple[str, ...]:
        """Objects all of whose entries are in shards, or given up as damaged."""
        return tuple(
            name
            for name, entries in self._held.items()
            if not any((self._shards / entry).exists() for entry in entries)
        )

    def remove(self, names: Iterable[str]) -> None:
        """Let these go, once the shards are published. Raises LocationError."""
        for name in names:
            self._location.delete([name])
            del self._held[name]
