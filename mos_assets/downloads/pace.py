"""When the next request may go out: the rate over all workers, back-off, Retry-After."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Lock

from mos_assets.downloads.plan import Limits, StoppedError


class Pace:
    """Spaces requests evenly; shared by all workers."""

    def __init__(self, requests_per_s: float, stop: Event) -> None:
        self._gap = 1.0 / requests_per_s
        self._stop = stop
        self._lock = Lock()
        self._next = time.monotonic()
        self._held_until = 0.0

    def wait(self) -> None:
        """Return when a request may go out. Raises StoppedError where the run is being ended."""
        while True:
            with self._lock:
                now = time.monotonic()
                due = max(self._next, self._held_until)
                if due <= now:
                    self._next = now + self._gap
                    break
            self._stop.wait(min(due - now, 0.5))
            if self._stop.is_set():
                raise StoppedError
        if self._stop.is_set():
            raise StoppedError

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long: a server wants to be left alone."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)


def backoff_s(clip_name: str, attempt: int, limits: Limits) -> float:
    """Pause after this many tries: doubling, and a half of it drawn from the clip's name.

    The draw spreads clips that failed together, and is the same in every run.
    """
    draw = hashlib.sha256(f"{attempt} {clip_name}".encode()).digest()
    share = 0.5 + int.from_bytes(draw[:4], "big") / 2**33
    return min(limits.pause_s, limits.backoff_s * 2.0 ** (attempt - 1) * share)


def retry_after_s(header: str | None, limits: Limits, now: datetime | None = None) -> float:
    """Seconds that a Retry-After asks for, as number or date, at most `pause_s`; else 0."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return min(float(text), limits.pause_s)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    seconds = (at - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), limits.pause_s)
