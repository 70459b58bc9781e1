"""The lock on a store in a bucket: held for a time, renewed while the holder lives, and fenced.

It is an object that is only ever put under a condition (RFC 9110: If-None-Match, If-Match), and the
same object says which tables are current. So whoever has lost the lock cannot publish tables any
more, however late its request arrives (Kleppmann, "How to do distributed locking", 2016). Whether a
holder is dead is told by the server's clock alone.
"""

from __future__ import annotations

import socket
import time
from threading import RLock
from uuid import uuid4

from mos_assets.errors import (
    AbsentError,
    ChangedError,
    LocationError,
    StoreError,
    UnreachableError,
)
from mos_assets.objects import Location
from mos_assets.store.run_lock import InUseError
from mos_assets.store.shared.state import STATE, StoreState, TablesCopy, read_state

TTL_S = 90.0
"""How long a lock outlives its holder: longer than a machine is cut off or stands still now and
then, shorter than anybody would wait for a run to begin."""
_MARGIN = 0.25
"""Share of it within which the lock is renewed before anything is written."""
_ATTEMPTS = 5


class HeldError(InUseError):
    """Somebody else has the store."""

    def __init__(self, url: str, holder: str, host: str) -> None:
        super().__init__(
            f"{url} is in use by {holder} on {host}: two at once would replace each other's "
            "tables. Wait until that has ended, or set MOS_STORE to another place."
        )
        self.holder = holder


class Lease:
    """One holder's lock on one location. Its methods may be called from several threads."""

    def __init__(self, location: Location, holder: str, place: str, ttl_s: float = TTL_S) -> None:
        self._location, self._holder = location, holder
        self._place, self._ttl_s = place, ttl_s
        self._door = RLock()
        self._state, self._etag = StoreState(), ""
        self._until = 0.0
        self._lost: str | None = None

    @property
    def state(self) -> StoreState:
        """What was written last."""
        return self._state

    def take(self) -> str | None:
        """Lock the store; who had it and is dead, where somebody had.

        The caller has made sure that nobody else works in its working folder. Raises HeldError
        where somebody else has the store, and LocationError.
        """
        for _ in range(_ATTEMPTS):
            found, etag = read_state(self._location)
            dead = found.holder and f"{found.holder} on {found.host}"
            # A folder may have been copied to another machine, with its id.
            own = (found.place, found.host) == (self._place, socket.gethostname())
            if found.holder and not own and not self._is_old(found):
                break
            mine = found.changed(
                holder=self._holder,
                host=socket.gethostname(),
                place=self._place,
                ttl_s=self._ttl_s,
            )
            try:
                with self._door:
                    self._put(mine, etag)
                    self._lost = None
                    return dead or None
            except (ChangedError, AbsentError):
                continue
        raise HeldError(self._location.url, found.holder or "another run", found.host or "a host")

    def renew(self) -> None:
        """Say that the holder lives. Raises StoreError where it has lost the store."""
        self._write()

    def publish(self, tables: TablesCopy) -> None:
        """Make these tables the current ones. Raises as `renew`."""
        self._write(tables=tables)

    def release(self) -> None:
        """Let others have the store. Raises as `renew`."""
        self._write(holder="", host="", place="")

    def require_held(self) -> None:
        """Raise StoreError where the lock is lost, or may be by the time that a write arrives."""
        with self._door:
            if self._lost is not None:
                raise StoreError(self._lost)
            if _now() > self._until - self._ttl_s * _MARGIN:
                try:
                    self.renew()
                except UnreachableError as error:
                    raise StoreError(
                        f"{self._holder} could not renew its lock on {self._location.url} for "
                        f"{self._ttl_s:.0f} s and writes no more: {error} What was measured and is "
                        "published is kept."
                    ) from error

    def _write(self, **values: object) -> None:
        with self._door:
            if self._lost is not None:
                raise StoreError(self._lost)
            following = self._state.changed(**values)
            for attempt in range(_ATTEMPTS):
                try:
                    self._put(following, self._etag)
                    return
                except (ChangedError, AbsentError):
                    if self._is_written(following):
                        return
                    # Two writes at once may both be refused, ours being the last word.
                    if attempt + 1 == _ATTEMPTS or not self._is_written(self._state):
                        break
                    time.sleep(0.2 * (attempt + 1))
            self._lost = self._told_lost()
            raise StoreError(self._lost)

    def _put(self, following: StoreState, etag: str | None) -> None:
        began = _now()
        self._etag = self._location.put(STATE, following.to_bytes(), absent=etag is None, etag=etag)
        self._state, self._until = following, began + self._ttl_s

    def _is_written(self, expected: StoreState) -> bool:
        """Whether this stands there, as where a request was carried out and its answer lost."""
        began = _now()
        found, etag = read_state(self._location)
        if etag is None or found.nonce != expected.nonce:
            return False
        self._state, self._etag, self._until = found, etag, began + self._ttl_s
        return True

    def _is_old(self, found: StoreState) -> bool:
        try:
            return self._location.age_s(STATE) > found.ttl_s
        except AbsentError:
            return True

    def _told_lost(self) -> str:
        found, etag = read_state(self._location)
        taker = f"{found.holder} on {found.host}" if found.holder else "another run"
        how = f"it is with {taker} now" if etag is not None else f"{STATE} was deleted"
        return (
            f"{self._holder} has lost its lock on {self._location.url} ({how}) and writes no more. "
            "What was measured and is published is kept. Run again when nobody else has the store."
        )


def require_conditions(location: Location) -> None:
    """Raise LocationError where a server takes conditional writes for plain ones, as some do."""
    name = f".probe.{uuid4().hex}"
    location.put(name, b"1", absent=True)
    try:
        for absent, etag in ((True, None), (False, '"00000000000000000000000000000000"')):
            try:
                location.put(name, b"2", absent=absent, etag=etag)
            except ChangedError:
                continue
            raise LocationError(
                f"{location.url}: the server does not heed If-None-Match and If-Match, so that it "
                "cannot keep two runs apart. Use AWS S3, MinIO, Cloudflare R2 or another one that "
                "does, or a local MOS_STORE."
            )
    finally:
        location.delete([name])


def _now() -> float:
    """Seconds, those included that the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
