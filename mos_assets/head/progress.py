"""What training says while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable

from mos_assets.head.experts.base import Steps
from mos_assets.io.log_lines import pause_s

Progress = Callable[[str], None]


class Reporter:
    """Says now and then how far training is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._start = self._last = time.monotonic()

    def say(self, what: str) -> None:
        """Pass a line on, if the last one is old enough."""
        now = time.monotonic()
        if now - self._last >= pause_s(now - self._start):
            self._last = now
            self._progress(f"training: {what}")

    def steps(self, what: str) -> Steps:
        """A callback that counts steps."""
        return lambda done, total: self.say(f"{what}, {100 * done // total} % of the steps")
