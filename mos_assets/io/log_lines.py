"""How much a run may say: each line of a run's log is a row in Dagster's storage, for half a year.

What is said of a clip or of the time is bounded, however many clips there are and however long
they take; the tables of the store have all of it.
"""

from __future__ import annotations

from collections.abc import Callable

CALM_S = 10.0
"""Seconds between two lines on how far something is."""
MOST_NAMED = 20
"""Lines of one kind that a log gets."""
_SHARE = 0.02


def pause_s(elapsed_s: float, calm_s: float = CALM_S) -> float:
    """Seconds until the next line on what has taken so long: a fiftieth of it, `calm_s` at least.

    An hour of work is some 150 lines, a week some 400.
    """
    return max(calm_s, _SHARE * elapsed_s)


class FewWarnings:
    """Passes on the first warnings of a kind, and counts the others."""

    def __init__(self, say: Callable[[str], None], most: int = MOST_NAMED) -> None:
        self._say, self._most = say, most
        self._told = 0

    def warning(self, msg: str, /) -> None:
        self._told += 1
        if self._told <= self._most:
            self._say(msg)

    def end(self, where: str) -> None:
        """Say how many more there were, and where all of them are."""
        if self._told > self._most:
            self._say(f"{self._told - self._most} more; {where}")
