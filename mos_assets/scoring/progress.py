"""How far a call is, and how long it will take still."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from mos_assets.io.log_lines import CALM_S, pause_s


class Remaining:
    """Tells, now and then, how many clips are done and how long the others will take.

    work: clip → what measuring it costs, in any unit, as pixels times pictures. The pace is that
    of all the work done in this call, so the time left neither starts anew nor jumps where clips
    differ in size. What was measured in earlier calls is counted as done and has no pace.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        work: Mapping[str, float],
        *,
        done_before: int,
        calm_s: float = CALM_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._now, self._calm_s = say, now, calm_s
        self._work = work
        self._left = sum(work.values())
        self._all_work = self._left
        self._done = self._before = done_before
        self._total = done_before + len(work)
        self._failed = 0
        self._start = self._said = now()

    def add(self, clip: str, *, failed: bool) -> None:
        """One more clip is measured; call it from one thread."""
        self._left -= self._work[clip]
        self._done += 1
        self._failed += failed
        now = self._now()
        if self._done == self._total or now - self._said >= pause_s(
            now - self._start, self._calm_s
        ):
            self._said = now
            self._say(self.line)

    @property
    def line(self) -> str:
        """What is told."""
        kept = f" ({self._before} known already)" if self._before else ""
        failed = f", {self._failed} failed" if self._failed else ""
        return f"measured {self._done} of {self._total} clips{kept}{self._time_left()}{failed}"

    def _time_left(self) -> str:
        done = self._all_work - self._left
        if self._done == self._total or done <= 0:
            return ""
        seconds = (self._now() - self._start) * self._left / done
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f", about {hours} h {minutes} min left"
        return f", about {minutes} min {rest} s left" if minutes else f", about {rest} s left"
