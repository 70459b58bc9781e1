"""Files that are there whole or not at all, also when the machine dies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO
from uuid import uuid4

PARTIAL_SUFFIX = ".partial"
"""How the hidden name ends under which a file arrives."""


def write_whole(
    path: Path, content: bytes, *, contended: bool = False, may_vanish: bool = False
) -> None:
    """Replace a file at once and for good: whoever reads finds the old bytes or the new.

    contended: several processes may write it at once. Each then has a partial file of its own, and
    who writes sweeps what a kill has left; without it the next write takes the same name.
    may_vanish: a power cut may take it back as a whole, for half the cost.
    """
    own = f".{uuid4().hex}" if contended else ""
    arriving = path.with_name(f".{path.name}{own}{PARTIAL_SUFFIX}")
    try:
        write_durably(arriving, content)
        if may_vanish:
            arriving.replace(path)
        else:
            rename_durably(arriving, path)
    except BaseException:
        arriving.unlink(missing_ok=True)
        raise


def write_durably(path: Path, content: bytes) -> None:
    """Return when the bytes are on the disk."""
    with path.open("wb") as file:
        file.write(content)
        sync_file(file)


def rename_durably(path: Path, target: Path) -> None:
    """Give a file or folder its name, over what has it, and return when that is on the disk."""
    path.replace(target)
    sync_folder(target.parent)


def sync_file(file: IO[bytes]) -> None:
    """Return when what was written to an open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the names in the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
