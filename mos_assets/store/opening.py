"""Using a store, wherever it lies: one run at a time, and for a bucket with all that goes with it.

A store in a folder is locked by `run_lock`. One in a bucket is worked on in a folder of this
machine, which is locked likewise, and `shared` holds the bucket meanwhile. Whoever only looks calls
`refresh`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from mos_assets.io.locks import lock
from mos_assets.settings.locations import StorePlace
from mos_assets.store import run_lock
from mos_assets.store.run_lock import NO_WAIT, InUseError, Timeout

if TYPE_CHECKING:
    from mos_assets.store.shared.session import Session

_PAUSE_S = 1.0
_OPEN: dict[Path, Session] = {}
"""Sessions of this process, by their working folder."""
_CHOSEN: ContextVar[Path | None] = ContextVar("chosen", default=None)
Opened = TypeVar("Opened")


class OpenStore(Protocol):
    """A store that nobody else writes to until it is closed."""

    def close(self) -> None:
        """Let others have it. Raises StoreError and LocationError where what was written could not
        be published."""


def acquire(place: StorePlace, holder: str, timeout: Timeout = NO_WAIT) -> OpenStore:
    """Lock a store for `holder` until it is closed, with its tables and files in its folder.

    Raises StoreError, naming who holds it, where it is locked for somebody else and stays so, and
    LocationError where its bucket cannot be used. Another step of the same run is waited for.
    """
    if not place.url:
        return run_lock.acquire(place.folder, holder, timeout)
    return _Shared(_waited(lambda: _session(place, holder), timeout))


def _session(place: StorePlace, holder: str) -> Session:
    from mos_assets.store.shared.session import Session

    file = run_lock.acquire(place.folder, holder)
    try:
        session = Session(place, holder, file)
    except BaseException:
        file.close()
        raise
    _OPEN[place.folder] = session
    return session


@dataclass(frozen=True, slots=True)
class _Shared:
    session: Session

    def close(self) -> None:
        _OPEN.pop(self.session.place.folder, None)
        self.session.close()


@contextmanager
def locked(place: StorePlace, holder: str, timeout: Timeout = NO_WAIT) -> Iterator[None]:
    """As `acquire`, for a block."""
    opened = acquire(place, holder, timeout)
    try:
        yield
    finally:
        opened.close()


@contextmanager
def published(place: StorePlace, holder: str) -> Iterator[None]:
    """For a command that writes tables without the run lock: nothing for a store in a folder, where
    DuckDB keeps writers apart; one in a bucket is taken for the block. Raises as `acquire`."""
    if not place.url:
        yield
        return
    with locked(place, holder):
        yield


@contextmanager
def beside_runs(place: StorePlace, timeout: Timeout = NO_WAIT) -> Iterator[None]:
    """For the moment in which tables are written that no run writes, whatever run is at work here.

    A run on another machine has the tables of a bucket, so that it is waited for. Raises as
    `acquire`.
    """
    with run_lock.beside_runs(place.folder, timeout):
        session = _waited(lambda: _none_or_own(place), timeout) if place.url else None
        try:
            yield
        finally:
            if session is not None:
                session.finish()


def _none_or_own(place: StorePlace) -> Session | None:
    """A session for this moment; None where a run of this machine has one, and will publish."""
    from mos_assets.store.shared.session import Session, SiblingError

    with suppress(SiblingError):
        return Session(place, "scoring", None)
    return None


def refresh(place: StorePlace) -> None:
    """Bring the working folder of a bucket up to date, for whoever only looks.

    Where a run of this machine has the store the folder is as new as can be. Raises LocationError
    and StoreError.
    """
    if not place.url or place.folder in _OPEN:
        return
    from mos_assets.store.shared.session import SiblingError, look_at

    with run_lock.door_of(place.folder) as door:
        lock(door)
        with suppress(SiblingError):
            look_at(place)


def holder_of(place: StorePlace) -> str:
    """Who uses the store now; empty where nobody does. Raises LocationError."""
    if not place.url:
        return run_lock.lock_holder(place.folder)
    from mos_assets.objects import Location
    from mos_assets.store.shared.state import read_state

    found, _ = read_state(Location(place.url))
    return f"{found.holder} on {found.host}" if found.holder else ""


def choose(place: StorePlace) -> None:
    """From now on this thread works for the store there: what `publish_chosen` is about.

    A run may have the stores of several projects, and what befalls one is no failure of another.
    """
    _CHOSEN.set(place.folder)


def publish_chosen() -> None:
    """Let others see what this process has written into the chosen store, where it is in a bucket
    and open.

    Raises StoreError where it is not this process's any more, LocationError, OSError.
    """
    chosen = _CHOSEN.get()
    session = None if chosen is None else _OPEN.get(chosen)
    if session is not None:
        session.publish()


def _waited(attempt: Callable[[], Opened], timeout: Timeout) -> Opened:
    from mos_assets.store.shared.session import SiblingError

    end = time.monotonic() + timeout.seconds
    told = False
    while True:
        try:
            return attempt()
        except InUseError as error:
            sibling = isinstance(error, SiblingError)
            if time.monotonic() >= end and not sibling:
                raise
            if not told:
                timeout.tell(error)
                told = True
        time.sleep(_PAUSE_S if sibling else min(_PAUSE_S, timeout.seconds))
