"""One run at a time on one store, however it was started.

Dagster's queue holds that for what the UI, sensors and schedules launch; the command line does not
ask it. This is a lock of the kernel, so it ends with the process, however that ends. The
processes of one run share it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mos_assets.errors import StoreError
from mos_assets.io.locks import lock, open_lock, try_lock
from mos_assets.io.reading import DENIED, NotAFileError
from mos_assets.store.failures import unwritable

LOCK_FILE = ".run.lock"
DOOR = ".run.door"
"""Held for the moment in which the run lock is taken, and while tables are written beside runs."""
_LONGEST_NAME = 200
_PAUSE_S = 1.0
"""Between two attempts."""


class InUseError(StoreError):
    """Somebody else has the store; that may end."""


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long to wait for a store that is in use, and whom to tell once who uses it."""

    seconds: float = 0.0
    tell: Callable[[StoreError], None] = lambda error: None


NO_WAIT = Timeout()


def acquire(store: Path, holder: str, timeout: Timeout = NO_WAIT) -> IO[bytes]:
    """Lock the store for `holder`, until the file that is returned is closed.

    Raises StoreError, naming who holds it, where it is locked for somebody else and stays so.
    """
    end = time.monotonic() + timeout.seconds
    told = False
    while True:
        try:
            return _acquire_now(store, holder)
        except StoreError as error:
            if time.monotonic() >= end:
                raise
            if not told:
                timeout.tell(error)
                told = True
        time.sleep(min(_PAUSE_S, timeout.seconds))


def _opened(store: Path) -> tuple[IO[bytes], IO[bytes]]:
    """The files of the door and of the lock, in a store that is made where it is missing."""
    return door_of(store), _lock_file(store, LOCK_FILE)


def door_of(store: Path) -> IO[bytes]:
    """The file of the door, in a store that is made where it is missing, not locked yet.

    Raises StoreError where it cannot be made.
    """
    return _lock_file(store, DOOR)


def _lock_file(store: Path, name: str) -> IO[bytes]:
    try:
        store.mkdir(parents=True, exist_ok=True)
        return open_lock(store / name)
    except NotAFileError as error:
        raise StoreError(f"{error.filename} {error.strerror}. Delete it, and try again.") from None
    except OSError as error:
        if error.errno not in DENIED:
            raise
        raise unwritable(store / name) from None


def _acquire_now(store: Path, holder: str) -> IO[bytes]:
    door, file = _opened(store)
    with door:
        lock(door)
        try:
            said = _name_in(file)
            if try_lock(file):
                file.seek(0)
                file.truncate(0)
                file.write(holder.encode())
                file.flush()
                lock(file, shared=True)
            else:
                _share(file, store, said, holder)
        except BaseException:
            file.close()
            raise
    return file


@contextmanager
def beside_runs(store: Path, timeout: Timeout = NO_WAIT) -> Iterator[None]:
    """For the moment in which tables are written that no run writes, whatever run is at work.

    Whoever wants the store meanwhile waits at its door. Raises StoreError where another program,
    such as a backup, has the store for itself and keeps it.
    """
    end = time.monotonic() + timeout.seconds
    told = False
    while True:
        door, file = _opened(store)
        with door, file:
            lock(door)
            if try_lock(file, shared=True):
                yield
                return
        error = InUseError(
            f"{store} is in use by another program, such as a backup. Wait until that has ended, "
            "or set MOS_STORE to another folder."
        )
        if time.monotonic() >= end:
            raise error
        if not told:
            timeout.tell(error)
            told = True
        time.sleep(min(_PAUSE_S, timeout.seconds))


def _name_in(file: IO[bytes]) -> str:
    """Who locked the store last; a lock file may hold anything."""
    file.seek(0)
    said = file.read(_LONGEST_NAME + 1).decode("utf-8", "replace")
    return said if len(said) <= _LONGEST_NAME and said.isprintable() else ""


def _share(file: IO[bytes], store: Path, said: str, holder: str) -> None:
    """Share what another process of the same run has locked.

    The file names whoever locked the store last. The lock is exclusive for a moment only, at the
    door; who keeps it so is another program, which has not written its name.
    """
    if not try_lock(file, shared=True):
        said = "another program, such as a backup"
    elif said == holder:
        return
    raise InUseError(
        f"{store} is in use by {said or 'another process'}: two at once would replace each other's "
        "tables. Wait until that has ended, or set MOS_STORE to another folder."
    )


def lock_holder(store: Path) -> str:
    """Who uses the store now; empty where nobody does. Nothing is made or locked."""
    door, path = store / DOOR, store / LOCK_FILE
    if not (door.is_file() and path.is_file()):
        return ""
    # Nobody can lock the store while the door is held, so that this is in nobody's way.
    with open_lock(door) as held, open_lock(path) as file:
        lock(held)
        if try_lock(file):
            return ""
        if not try_lock(file, shared=True):
            return "another program, such as a backup"
        return _name_in(file) or "another process"


@contextmanager
def run_lock(store: Path, holder: str, timeout: Timeout = NO_WAIT) -> Iterator[None]:
    """As `acquire`, for a block."""
    with acquire(store, holder, timeout):
        yield
