"""The folders in which ffmpeg works, or clips lie for a while: made for one try, and swept where a
process was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from mos_assets.errors import MachineError
from mos_assets.media.blame import require_room
from mos_assets.processes.alive import exists

SCRATCH = "mos-clip-"
"""How the folders begin in which clips lie or ffmpeg works; the number of their process follows."""

_left: set[Path] = set()
"""Folders of this process that could not be removed yet."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards; MachineError, or ToolError of a full disk, without one."""
    for left in list(_left):
        shutil.rmtree(left, ignore_errors=True)
        if not left.exists():
            _left.discard(left)
    try:
        # To remove it takes a descriptor; where none is free, the next folder's turn does so.
        prefix = f"{SCRATCH}{os.getpid()}-"
        scratch = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        where = Path(tempfile.gettempdir())
        if where.is_dir():
            require_room(where)
        raise MachineError(f"{where} takes no new folder ({error.strerror})") from error
    try:
        with scratch as name:
            yield Path(name)
    finally:
        if Path(scratch.name).exists():
            _left.add(Path(scratch.name))


def sweep_scratch() -> None:
    """Remove the working folders of processes on this machine that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*-*"):
        owner = folder.name.removeprefix(SCRATCH).partition("-")[0]
        # Whatever a stranger has put under this name belongs to somebody else, and stays.
        with suppress(OSError):
            if owner.isdigit() and not exists(int(owner)) and folder.lstat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)
