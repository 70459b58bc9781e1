"""Whether the scores of this week are those of the week before, and whether clips lie where the
head has been: what a check on them says.

The means of two weeks are compared by Welch's t (B. L. Welch, Biometrika 34, 1947), which does not
take their spreads for equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from mos_assets.records import OUTSIDE, ClipScore

WEEK = timedelta(days=7)
LEAST_CLIPS = 20
"""In each of the two weeks; means of fewer say nothing."""
FALSE_ALARM_RATE = 0.001
"""Of one look, where nothing has changed and clips are independent of each other."""
LEAST_DIFFERENCE = 0.1
"""MOS; what is smaller is no drift, however many clips prove it."""
OUTSIDE_SHARE = 0.1
"""Of a week's clips outside the head's range, above which the check warns."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The scores of two weeks, compared."""

    this_week: int
    """Clips that arrived in the last seven days and have a score."""
    last_week: int
    """And in the seven days before."""
    difference: float | None
    """Mean of this week minus that of the last, in MOS; None where `reason` says why."""
    p: float | None
    """Of Welch's t, two-sided."""
    reason: str | None

    @property
    def drifted(self) -> bool:
        """False also where nothing can be said."""
        return (
            self.difference is not None
            and self.p is not None
            and abs(self.difference) >= LEAST_DIFFERENCE
            and self.p < FALSE_ALARM_RATE
        )


@dataclass(frozen=True, slots=True)
class InRange:
    """Of the clips of a week, those that lie where the head has been."""

    scored: int
    outside: int
    """Measured in another way than the training rows were, or outside of what they hold."""
    unscored: int

    @property
    def share(self) -> float | None:
        """Of the scored clips outside; None without any."""
        return self.outside / self.scored if self.scored else None


def of_latest_head(scores: Sequence[ClipScore], now: datetime) -> tuple[ClipScore, ...]:
    """Those by the head that has scored last, and those that no head could score.

    What was scored at a time to come is of a clock that was set back since, and counts as the
    oldest.
    """
    by_head = [score for score in scores if score.candidate_id is not None]
    if not by_head:
        return tuple(scores)
    latest = max(by_head, key=lambda score: (score.scored_at <= now, score.scored_at)).candidate_id
    return tuple(score for score in scores if score.candidate_id in (latest, None))


def drift_of(scores: Sequence[ClipScore], now: datetime) -> Drift:
    """This week's scores against last week's, of one head."""
    this, last = (
        np.array([s.mos for s in scores if s.mos is not None and since < s.arrived_at <= until])
        for since, until in ((now - WEEK, now), (now - 2 * WEEK, now - WEEK))
    )
    counts = len(this), len(last)
    if min(counts) < LEAST_CLIPS:
        few = f"{counts[0]} scored clips of this week, {counts[1]} of the last: {LEAST_CLIPS} each"
        return Drift(*counts, None, None, f"{few} are needed")
    # It is slow to import, and scans of the sensor have no use for it.
    from scipy import stats

    difference = float(this.mean() - last.mean())
    if np.ptp(this) == 0.0 and np.ptp(last) == 0.0:
        return Drift(*counts, None, None, "the scores of both weeks do not vary")
    return Drift(*counts, difference, float(stats.ttest_ind(this, last, equal_var=False)[1]), None)


def range_of(scores: Sequence[ClipScore], now: datetime) -> InRange:
    """How many of this week's clips lie where the head has been."""
    week = [score for score in scores if now - WEEK < score.arrived_at <= now]
    scored = [score for score in week if score.mos is not None]
    outside = sum(not s.comparable or s.applicability == OUTSIDE for s in scored)
    return InRange(len(scored), outside, len(week) - len(scored))
