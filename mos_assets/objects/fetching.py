"""Objects on this disk for as long as they are read, and no more of them than it is to hold."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from mos_assets.errors import (
    AbsentError,
    ChangedError,
    LocationError,
    MachineError,
    UnreachableError,
)
from mos_assets.objects.location import RANGE_BYTES, Location
from mos_assets.objects.stubs import RemoteFile

MEGABYTE = 1_000_000
DEFAULT_BYTES = 20_000 * MEGABYTE
TRIES = 3
"""Of a part of an object that breaks off."""
PAUSE_S = 0.5


class Room:
    """How much of fetched objects this process may hold on its disk."""

    def __init__(self, most: int = DEFAULT_BYTES) -> None:
        self.most = most
        self._used = 0
        self._freed = Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """So many bytes, once others let go of them. MachineError where there are never so many."""
        if size > self.most:
            raise MachineError(
                f"it has {size / MEGABYTE:.0f} MB, more than MOS_FETCH_MB="
                f"{self.most // MEGABYTE} lets be fetched at once",
                passing=False,
            )
        with self._freed:
            self._freed.wait_for(lambda: self._used + size <= self.most)
            self._used += size
        try:
            yield
        finally:
            with self._freed:
                self._used -= size
                self._freed.notify_all()


ROOM = Room()
"""Of this process."""


@contextmanager
def fetched(files: Sequence[RemoteFile], folder: Path) -> Iterator[tuple[Path, ...]]:
    """These versions of these objects as files in `folder`, which are gone afterwards.

    Raises MachineError where one does not come, or is another one by now: that says nothing of its
    bytes. Raises OSError where the disk takes no more.
    """
    with ROOM.taken(sum(file.size for file in files)):
        paths = tuple(
            folder / f"{number}{Path(file.name).suffix}" for number, file in enumerate(files)
        )
        try:
            for file, path in zip(files, paths, strict=True):
                _fetch(file, path)
            yield paths
        finally:
            for path in paths:
                path.unlink(missing_ok=True)


def _fetch(file: RemoteFile, path: Path) -> None:
    location = Location(file.url)
    try:
        with path.open("wb") as out:
            for start in range(0, file.size, RANGE_BYTES):
                out.write(_part(location, file, start, min(file.size, start + RANGE_BYTES)))
    except AbsentError:
        raise MachineError(f"{file} is not there any more", passing=False) from None
    except ChangedError:
        raise MachineError(
            f"{file} changed since raw_corpus read it; materialize raw_corpus again", passing=False
        ) from None
    except LocationError as error:
        raise MachineError(f"it could not be fetched: {error}") from None


def _part(location: Location, file: RemoteFile, start: int, stop: int) -> bytes:
    for _ in range(TRIES - 1):
        try:
            return location.read_range(file.name, start, stop, file.etag)
        except UnreachableError:
            time.sleep(PAUSE_S)
    return location.read_range(file.name, start, stop, file.etag)
