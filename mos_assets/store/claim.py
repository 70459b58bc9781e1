"""One run at a time on one store, however it was started.

Dagster's queue holds that for what the UI, sensors and schedules launch; the command line does not
ask it. The claim is a lock of the kernel, so it ends with the process, however that ends. The
processes of one run share it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mos_assets.errors import StoreError

CLAIM = ".run.lock"
_DOOR = ".run.door"
"""Held for the moment in which a claim is made."""


def claim(store: Path, holder: str) -> IO[str]:
    """Claim the store for `holder`, until the file that is returned is closed.

    Raises StoreError, naming who holds it, where it is claimed for somebody else.
    """
    store.mkdir(parents=True, exist_ok=True)
    with (store / _DOOR).open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        lock = (store / CLAIM).open("a+")
        try:
            lock.seek(0)
            said = lock.read()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if said != holder:
                    raise StoreError(
                        f"{store} is in use by {said or 'another process'}: two at once would "
                        "replace each other's tables. Wait until that has ended, or set MOS_STORE "
                        "to another folder."
                    ) from None
            else:
                lock.truncate(0)
                lock.write(holder)
                lock.flush()
            fcntl.flock(lock, fcntl.LOCK_SH)
        except BaseException:
            lock.close()
            raise
    return lock


@contextmanager
def claimed(store: Path, holder: str) -> Iterator[None]:
    """As `claim`, for a block."""
    with claim(store, holder):
        yield
