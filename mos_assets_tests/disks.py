"""Disks that are full: file systems of a few pages, mounted for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096


@contextmanager
def tiny_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size, as root; else a skip that says so."""
    folder.mkdir()
    words = ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("/bin/mount") is None or subprocess.run(words).returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True)


def leave(disk: Path, pages: int) -> None:
    """Give a tiny disk so many pages more than what lies on it takes."""
    status = os.statvfs(disk)
    taken = (status.f_blocks - status.f_bfree) * status.f_frsize
    words = ["/bin/mount", "-o", f"remount,size={taken + pages * PAGE}", str(disk)]
    subprocess.run(words, check=True)
