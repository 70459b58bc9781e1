"""One folder as it is on the disk: its clips with size and times, and their digest."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from mos_assets.corpora.files import ABSENT
from mos_assets.corpora.names import VIDEO_SUFFIXES
from mos_assets.processes.collector import collector_paused

RACY_NS = 2_000_000_000
"""A folder that was changed this shortly before it was read is read again: its clock may be coarse
and a file may have come in the same instant."""
AHEAD_NS = 86_400 * 10**9
"""How far in the future a time may lie that still tells of a change: a server's clock may be ahead,
but a file of the year 2300 would hide every change that follows."""
NUMBERS = 4
"""Per file: size, mtime_ns, ctime_ns, and what mode, links and owner come to."""
_INT64 = (1 << 63) - 1
_SUFFIXES = frozenset(suffix.encode() for suffix in VIDEO_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Folder:
    """What the catalogue keeps of a folder; the order is that of its columns."""

    mtime_ns: int
    ctime_ns: int
    read_ns: int
    touched_ns: int
    clips: int
    digest: bytes
    others: bytes
    """Digest of the files that are no clips, or not yet; empty where there are none."""
    below: bytes
    """Folders in it, as JSON; empty where there are none."""
    stirred: bytes
    """Its times when clips or folders last came or went, as far as is known."""

    def following(self, was: Folder) -> Folder:
        """The same, unless other files alone explain why its times have moved since."""
        others_alone = (was.digest, was.below) == (self.digest, self.below)
        if others_alone and was.others != self.others:
            return replace(self, stirred=was.stirred)
        return self

    @property
    def settled(self) -> bool:
        """Whether its time would have moved if a file had come since it was read."""
        return abs(self.read_ns - self.mtime_ns) >= RACY_NS


@dataclass(frozen=True, slots=True)
class Listing:
    """The clips of a folder, sorted by name."""

    names: list[bytes]
    numbers: array[int]
    """NUMBERS of each."""


def times_of(status: os.stat_result) -> tuple[int, int]:
    """(mtime_ns, ctime_ns)."""
    return signed(status.st_mtime_ns), signed(status.st_ctime_ns)


def read_folder(path: bytes, times: tuple[int, int]) -> tuple[Folder, Listing]:
    """Look at every file of a folder. Raises OSError where it cannot be read."""
    read_ns = time.time_ns()
    latest_ns = read_ns + AHEAD_NS
    touched_ns = max(at for at in (0, *times) if at <= latest_ns)
    clips: list[tuple[bytes, int, int, int, int]] = []
    others: list[tuple[bytes, int, int]] = []
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
            except OSError as error:
                if error.errno in ABSENT:
                    # Gone since the folder was read, or a link to nowhere.
                    continue
                raise
            if not stat.S_ISREG(at.st_mode):
                continue
            file_ns = signed(at.st_mtime_ns)
            if hidden or name[name.rfind(b".") :].lower() not in _SUFFIXES:
                others.append((name, at.st_size, file_ns))
                continue
            if touched_ns < file_ns <= latest_ns:
                touched_ns = file_ns
            owner = at.st_mode ^ at.st_nlink << 16 ^ at.st_uid << 24 ^ at.st_gid << 44
            clips.append((name, at.st_size, file_ns, signed(at.st_ctime_ns), owner & _INT64))
        clips.sort()
        numbers = array("q", chain.from_iterable(clip[1:] for clip in clips))
        digest = _digest(clip[:3] for clip in clips)
    folder = Folder(
        *(*times, read_ns, touched_ns, len(clips), digest),
        _digest(sorted(others)) if others else b"",
        json.dumps(sorted(below)).encode() if below else b"",
        b"%d\0%d" % times,
    )
    return folder, Listing([clip[0] for clip in clips], numbers)


def _digest(files: Iterable[tuple[bytes, int, int]]) -> bytes:
    """Of names, sizes and modification times."""
    return hashlib.sha256(b"".join(b"%b\0%d\0%d\n" % file for file in files)).digest()


def liars(
    before: Iterable[tuple[bytes, bytes]], after: Iterable[tuple[bytes, bytes]]
) -> list[bytes]:
    """Names of files of unchanged size and mtime that were written to all the same.

    A changed ctime says so, unless mode, owner or number of links explain it. Names are compared,
    so that whatever else came or went in the folder hides none. Either side: (names, numbers) of
    chunks as the catalogue keeps them, sorted by name.
    """
    found: list[bytes] = []
    old, new = _files(before), _files(after)
    was, now = next(old, None), next(new, None)
    while was is not None and now is not None:
        if was[0] == now[0]:
            (size, mtime_ns, ctime_ns, owner), (*same, moved, owned) = was[1], now[1]
            if moved != ctime_ns and (*same, owned) == (size, mtime_ns, owner):
                found.append(now[0])
        step_old, step_new = was[0] <= now[0], now[0] <= was[0]
        if step_old:
            was = next(old, None)
        if step_new:
            now = next(new, None)
    return found


def _files(chunks: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, array[int]]]:
    """Names with their numbers, one after the other: there may be 300,000."""
    for names, packed in chunks:
        numbers = array("q", packed)
        for at, name in enumerate(names.split(b"\0")):
            yield name, numbers[at * NUMBERS : (at + 1) * NUMBERS]


def signed(ns: int) -> int:
    """A time as the database and the arrays hold it; a file may be dated after the year 2262."""
    return (ns + (1 << 63) & (1 << 64) - 1) - (1 << 63)
