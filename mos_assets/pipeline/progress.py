"""What a use case says while it works: a log, and how far the measuring of clips is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from mos_assets.io.log_lines import pause_s
from mos_assets.records import Setback


class Log(Protocol):
    """Where a use case says what a reader of the run should know; any `logging.Logger` is one."""

    def info(self, msg: str, /) -> None: ...

    def warning(self, msg: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What measuring came to."""

    clips: int
    failed: int
    seconds: float
    """Wall time."""
    setbacks: tuple[tuple[str, Setback], ...] = ()
    """What the machine failed at, each with the id of its clip."""


class Progress:
    """Counts finished clips and says now and then how many, how fast and how long still."""

    def __init__(self, say: Callable[[str], None], *, total: int) -> None:
        self._say = say
        self._total = total
        self._done = 0
        self._failed = 0
        self._setbacks: list[tuple[str, Setback]] = []
        self._start = self._said = time.monotonic()
        self._lock = threading.Lock()

    @property
    def result(self) -> Measured:
        """What was counted so far."""
        took = time.monotonic() - self._start
        return Measured(self._done, self._failed, took, tuple(self._setbacks))

    def add(self, failed: bool, setbacks: Iterable[tuple[str, Setback]] = ()) -> None:
        """One more clip is finished."""
        with self._lock:
            self._setbacks += setbacks
            self._done += 1
            self._failed += failed
            now = time.monotonic()
            if now - self._said >= pause_s(now - self._start):
                self._tell()

    def end(self) -> None:
        """All are finished: tell, unless there was nothing to do."""
        with self._lock:
            if self._done:
                self._tell()

    def _tell(self) -> None:
        self._said = time.monotonic()
        rate = self._done / (self._said - self._start)
        pace = f"{rate:.1f} a second" if rate >= 1 else f"{1 / rate:.1f} s a clip"
        minutes, seconds = divmod(round((self._total - self._done) / rate), 60)
        self._say(
            f"measured {self._done} of {self._total} clips, {pace}, "
            f"about {minutes} min {seconds} s left, {self._failed} failed"
        )
