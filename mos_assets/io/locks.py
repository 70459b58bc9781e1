"""Locks of the kernel on files: they end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from mos_assets.io.reading import open_plain


def open_lock(path: Path) -> IO[bytes]:
    """A regular file to be locked, made where it is missing; its bytes are anybody's.

    Raises NotAFileError at once where something else has the name, and OSError.
    """
    return open_plain(path, os.O_RDWR | os.O_CREAT, "r+b")


def lock(file: IO[bytes] | int, *, shared: bool = False) -> None:
    """Lock an open file or folder until it is closed, waiting for whoever holds it."""
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def try_lock(file: IO[bytes] | int, *, shared: bool = False) -> bool:
    """As `lock`, without waiting: whether it is held now."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
