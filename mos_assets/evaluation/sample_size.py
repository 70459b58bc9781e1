"""How much more has to be rated before a figure lies clearly on one side of its threshold."""

from __future__ import annotations

import math

from mos_assets.evaluation.gate import GateCheck
from mos_assets.evaluation.resampling import Interval
from mos_assets.records import Reported

_MOST_CLIPS = 10_000_000
"""Beyond this many clips no corpus will decide it: the figure lies on the threshold."""


MOST_TIMES = 10
"""Times the clips that there are; more than that nobody rates to settle one figure."""


class Decision(Reported):
    """Whether the clips decide a gate figure, and how many would."""

    name: str
    decided: bool
    """Whether the whole interval lies on the figure's side of the threshold."""
    clips_needed: int | None
    """Clips at which the interval would just clear the threshold, were the figure to stay as it
    is; None where it is decided, or where no corpus could decide it."""
    contents_needed: int | None
    """The same in contents, with as many clips a content as now."""


def decision(check: GateCheck, interval: Interval, *, n_clips: int, n_contents: int) -> Decision:
    """Interval against threshold; an interval narrows with the root of the number of contents.

    Raises ValueError where the figure does not exist.
    """
    if check.figure is None:
        raise ValueError(f"{check.name} does not exist, so that no clips decide it")
    low, high = interval.low, interval.high
    decided = not low <= check.threshold <= high
    gap = abs(check.figure - check.threshold)
    half_width = high - check.figure if check.threshold >= check.figure else check.figure - low
    factor = (half_width / gap) ** 2 if gap > 0.0 else math.inf
    if decided or n_clips * factor > _MOST_CLIPS:
        return Decision(name=check.name, decided=decided, clips_needed=None, contents_needed=None)
    factor = max(factor, 1.0)
    return Decision(
        name=check.name,
        decided=False,
        clips_needed=math.ceil(n_clips * factor),
        contents_needed=math.ceil(n_contents * factor),
    )


def needed_within_reason(found: Decision, n_clips: int) -> int | None:
    """Clips that would decide it, where that is at most `MOST_TIMES` those that there are."""
    if found.clips_needed is None or found.clips_needed > MOST_TIMES * n_clips:
        return None
    return found.clips_needed
