"""A file of a corpus that lies in a bucket: here a stub of its size and time, fetched to be read.

A folder that mirrors a bucket has the file `.bucket` with its URL. In it a clip is a stub: a few
bytes that name the version of the object, with a hole up to its size. So names, sizes and times are
those of files, and only who reads a clip has to know. A stub anywhere else is a file like any
other.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

MARKER = ".bucket"
_MAGIC = b"mos_assets: this clip is in a bucket\n"
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One version of an object; plain, so that it travels to workers."""

    url: str
    """Of the folder that it lies in."""
    name: str
    size: int
    etag: str

    def __str__(self) -> str:
        return f"{self.url}/{self.name}"


def write_stub(path: Path, size: int, etag: str, modified: datetime) -> None:
    """Make the stub of an object, or put it in the place of another. Raises OSError."""
    head = _MAGIC + json.dumps({"size": size, "etag": etag}).encode() + b"\n"
    # Whole from the first: a run may read it meanwhile, and would take an empty one for the clip.
    made = path.with_name(f".{uuid4().hex}")
    try:
        with made.open("wb") as file:
            file.write(head)
            file.truncate(max(len(head), size))
        set_time(made, etag, modified)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def set_time(path: Path, etag: str, modified: datetime) -> None:
    """The time of the object, with what tells versions of one second apart below the second."""
    below = int(hashlib.sha256(etag.encode()).hexdigest()[:8], 16) % 1_000_000_000
    at = int(modified.timestamp()) * 1_000_000_000 + below
    os.utime(path, ns=(at, at))


def remote_file(path: Path) -> RemoteFile | None:
    """What a stub stands for; None where this is a file. Raises OSError."""
    found = _mirrored(str(path.parent))
    if found is None:
        return None
    folder, url = found
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_MAGIC):
        return None
    told = json.loads(head[len(_MAGIC) :].partition(b"\n")[0])
    return RemoteFile(
        url, path.relative_to(folder).as_posix(), int(told["size"]), str(told["etag"])
    )


@lru_cache(maxsize=4096)
def _mirrored(folder: str) -> tuple[Path, str] | None:
    """The mirrored folder that this one lies in, and its URL."""
    for parent in (Path(folder), *Path(folder).parents):
        marker = parent / MARKER
        if marker.is_file():
            return parent, marker.read_text(encoding="utf-8").strip()
    return None


def mark(folder: Path, url: str) -> None:
    """Make this the mirror of a URL. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MARKER).exists():
        (folder / MARKER).write_text(f"{url}\n", encoding="utf-8")
        _mirrored.cache_clear()
