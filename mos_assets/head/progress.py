"""What training says while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable

from mos_assets.head.experts.base import Steps

_PROGRESS_S = 10.0

Progress = Callable[[str], None]


class Reporter:
    """Says how far training is, not oftener than every few seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = time.monotonic()

    def say(self, what: str) -> None:
        """Pass a line on, if the last one is old enough."""
        if time.monotonic() - self._last >= _PROGRESS_S:
            self._last = time.monotonic()
            self._progress(f"training: {what}")

    def steps(self, what: str) -> Steps:
        """A callback that counts steps."""
        return lambda done, total: self.say(f"{what}, {100 * done // total} % of the steps")
