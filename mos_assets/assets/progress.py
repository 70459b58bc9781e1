"""How far the measuring of clips is, told at a calm pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

CALM_S = 10.0
"""Seconds between two lines."""


class Progress:
    """Counts finished clips and says, every ten seconds, how many, how fast and how long still."""

    def __init__(self, say: Callable[[str], None], *, done_before: int, total: int) -> None:
        self._say = say
        self._done_before = done_before
        self._total = total
        self._done = 0
        self._failed = 0
        self._start = self._said = time.monotonic()
        self._lock = threading.Lock()

    @property
    def failed(self) -> int:
        return self._failed

    def add(self, failed: bool) -> None:
        """One more clip is finished."""
        with self._lock:
            self._done += 1
            self._failed += failed
            clock = time.monotonic()
            if clock - self._said < CALM_S:
                return
            self._said = clock
            rate = self._done / (clock - self._start)
            done = self._done_before + self._done
            left = (self._total - done) / rate
            self._say(
                f"measured {done} of {self._total} clips, {rate:.1f} a second, "
                f"about {left / 60:.0f} min {left % 60:.0f} s left, {self._failed} failed"
            )
