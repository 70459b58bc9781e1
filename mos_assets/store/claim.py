"""One run at a time on one store, however it was started.

Dagster's queue holds that for what the UI, sensors and schedules launch; the command line does not
ask it. The claim is a lock of the kernel, so it ends with the process, however that ends. The
processes of one run share it.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mos_assets.errors import StoreError
from mos_assets.plain_files import DENIED, NotAFileError, open_lock
from mos_assets.store.failures import unwritable

CLAIM = ".run.lock"
_DOOR = ".run.door"
"""Held for the moment in which a claim is made."""
_LONGEST_NAME = 200
_PAUSE_S = 1.0
"""Between two attempts."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a store that is in use, and whom to tell once who uses it."""

    seconds: float = 0.0
    tell: Callable[[StoreError], None] = lambda error: None


NO_PATIENCE = Patience()


def claim(store: Path, holder: str, patience: Patience = NO_PATIENCE) -> IO[bytes]:
    """Claim the store for `holder`, until the file that is returned is closed.

    Raises StoreError, naming who holds it, where it is claimed for somebody else and stays so.
    """
    end = time.monotonic() + patience.seconds
    told = False
    while True:
        try:
            return _claim_now(store, holder)
        except StoreError as error:
            if time.monotonic() >= end:
                raise
            if not told:
                patience.tell(error)
                told = True
        time.sleep(min(_PAUSE_S, patience.seconds))


def _claim_now(store: Path, holder: str) -> IO[bytes]:
    try:
        store.mkdir(parents=True, exist_ok=True)
        door, lock = open_lock(store / _DOOR), open_lock(store / CLAIM)
    except NotAFileError as error:
        raise StoreError(f"{error.filename} {error.strerror}. Delete it, and try again.") from None
    except OSError as error:
        if error.errno not in DENIED:
            raise
        raise unwritable(store / CLAIM) from None
    with door:
        fcntl.flock(door, fcntl.LOCK_EX)
        try:
            said = _name_in(lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _share(lock, store, said, holder)
            else:
                lock.seek(0)
                lock.truncate(0)
                lock.write(holder.encode())
                lock.flush()
                fcntl.flock(lock, fcntl.LOCK_SH)
        except BaseException:
            lock.close()
            raise
    return lock


def _name_in(lock: IO[bytes]) -> str:
    """Who claimed the store last; a lock file may hold anything."""
    lock.seek(0)
    said = lock.read(_LONGEST_NAME + 1).decode("utf-8", "replace")
    return said if len(said) <= _LONGEST_NAME and said.isprintable() else ""


def _share(lock: IO[bytes], store: Path, said: str, holder: str) -> None:
    """Share what another process of the same run has claimed.

    The file names whoever claimed the store last. A claim is exclusive for a moment only, at the
    door; who keeps it so is another program, which has not written its name.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = "another program, such as a backup"
    else:
        if said == holder:
            return
    raise StoreError(
        f"{store} is in use by {said or 'another process'}: two at once would replace each other's "
        "tables. Wait until that has ended, or set MOS_STORE to another folder."
    )


def claimed_by(store: Path) -> str:
    """Who uses the store now; empty where nobody does. Nothing is made or claimed."""
    door, path = store / _DOOR, store / CLAIM
    if not (door.is_file() and path.is_file()):
        return ""
    # Nobody can claim while the door is held, so that this look is in nobody's way.
    with open_lock(door) as held, open_lock(path) as lock:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return "another program, such as a backup"
            return _name_in(lock) or "another process"
    return ""


@contextmanager
def claimed(store: Path, holder: str, patience: Patience = NO_PATIENCE) -> Iterator[None]:
    """As `claim`, for a block."""
    with claim(store, holder, patience):
        yield
