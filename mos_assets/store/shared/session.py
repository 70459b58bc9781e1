"""A run's use of a store in a bucket: from its lock to its last put.

While a session is open a thread renews the lock and another one publishes what is measured. Tables
are published by `publish`, at the end of each step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import IO

from mos_assets.errors import LocationError, MosAssetsError
from mos_assets.io.locks import lock, open_lock, try_lock
from mos_assets.objects import Location
from mos_assets.settings.locations import StorePlace
from mos_assets.store.guards import guard, unguard
from mos_assets.store.run_lock import DOOR, InUseError
from mos_assets.store.shared.lease import TTL_S, HeldError, Lease, require_conditions
from mos_assets.store.shared.mirror import Mirror
from mos_assets.store.shared.state import read_state

_LOG = logging.getLogger(__name__)
_LEASE_FILE = ".lease.lock"
"""Locked by the process of this machine that has the store in the bucket."""
_BEATS = 4
"""In the time that the lock lives without one."""


class SiblingError(InUseError):
    """Another step of the same run has the store, and will be done with it."""


class Session:
    """The store in a bucket, with its tables and files in the working folder."""

    def __init__(
        self, place: StorePlace, holder: str, run_lock: IO[bytes] | None, ttl_s: float = TTL_S
    ) -> None:
        """Take the store. `run_lock` is that of the working folder, let go by `close`; None where
        the caller holds the folder's door instead, and calls `finish`.

        Raises HeldError and SiblingError where somebody else has it, LocationError, StoreError.
        """
        self.place, self._run_lock = place, run_lock
        self._failure: BaseException | None = None
        self._ended = Event()
        self._lease_file = alone_here(place.folder, holder)
        try:
            location = Location(place.url)
            self._mirror = Mirror(location, place.folder)
            if not self._mirror.known.conditions:
                require_conditions(location)
                self._mirror.known.conditions = True
            self._lease = Lease(location, holder, self._mirror.known.place, ttl_s)
            dead = self._take(holder)
        except BaseException:
            self._lease_file.close()
            raise
        try:
            if dead:
                _LOG.warning("%s did not renew its lock on %s, which is taken over", dead, place)
            lost = self._mirror.pull(self._lease.state)
            if lost:
                _LOG.warning(lost)
        except BaseException:
            self._release()
            self._lease_file.close()
            raise
        pause_s = ttl_s / _BEATS
        self._threads = [
            Thread(target=self._beat, args=(pause_s, what), daemon=True, name=f"{name} {place}")
            for name, what in (
                ("lease of", self._lease.renew),
                ("measured into", lambda: self._mirror.publish_measured(self._lease)),
            )
        ]
        for thread in self._threads:
            thread.start()
        guard(place.folder, self.require_held)

    def _take(self, holder: str) -> str | None:
        # Known to be this folder's before the lock names it: a kill may follow at once.
        self._mirror.known.write(self.place.folder)
        try:
            return self._lease.take()
        except HeldError as error:
            if error.holder == holder:
                raise SiblingError(str(error)) from None
            raise

    def _beat(self, pause_s: float, what: Callable[[], None]) -> None:
        while not self._ended.wait(pause_s):
            try:
                what()
            except LocationError as error:
                # The next beat may reach the server; whoever writes asks for the lock.
                _LOG.warning("%s", error)
            except BaseException as error:
                self._failure = error
                return

    def require_held(self) -> None:
        """Raise StoreError where the store is somebody else's by now."""
        if self._failure is not None:
            raise self._failure
        self._lease.require_held()

    def publish(self) -> None:
        """Let others see what was written. Raises StoreError, LocationError, OSError."""
        self.require_held()
        self._mirror.publish(self._lease)

    def close(self) -> None:
        """Publish what is left and let the store go; raises as `publish`, with nothing held."""
        try:
            # Who writes tables beside a run does so behind this door.
            with open_lock(self.place.folder / DOOR) as door:
                lock(door)
                self.finish()
        finally:
            if self._run_lock is not None:
                self._run_lock.close()

    def finish(self) -> None:
        """As `close`, for who holds the door."""
        try:
            # Renewed meanwhile: large tables may be longer on their way than the lock lives.
            self.publish()
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()
            unguard(self.place.folder)
            self._release()
            self._lease_file.close()

    def _release(self) -> None:
        try:
            self._lease.release()
        except MosAssetsError as error:
            _LOG.warning("%s", error)


def alone_here(folder: Path, holder: str) -> IO[bytes]:
    """The lock of the process of this machine that has the store in the bucket.

    Raises SiblingError where another one has it.
    """
    file = open_lock(folder / _LEASE_FILE)
    if not try_lock(file):
        file.close()
        raise SiblingError(f"another step of {holder} is at work in {folder}.")
    return file


def look_at(place: StorePlace) -> None:
    """Fetch what the working folder lacks, without taking the store.

    The caller holds the folder's door. Raises SiblingError where a run of this machine has the
    store, LocationError, StoreError.
    """
    with alone_here(place.folder, "a run"):
        location = Location(place.url)
        lost = Mirror(location, place.folder).pull(read_state(location)[0])
    if lost:
        _LOG.warning(lost)
