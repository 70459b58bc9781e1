"""What a check says of a week of scores."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mos_assets.records import INSIDE, OUTSIDE, ClipScore
from mos_assets.scoring.drift import (
    FALSE_ALARM_RATE,
    LEAST_CLIPS,
    Drift,
    drift_of,
    of_latest_head,
    range_of,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ONE = ClipScore(
    *("a.mp4", "0" * 64, 1, 1, None, None, "head", "c1", "Accepted", 3.0, 2.5, 3.5, 0.9),
    *(True, None, "", False, NOW, NOW),
)


def week(
    scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", days_ago: float
) -> list[ClipScore]:
    return [replace(ONE, mos=float(x), arrived_at=NOW - timedelta(days=days_ago)) for x in scores]


def compare(this: object, last: object) -> Drift:
    return drift_of([*week(np.asarray(this), 1.0), *week(np.asarray(last), 8.0)], NOW)


def skewed(rng: np.random.Generator, n: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """As good encodes are rated: most near the top."""
    scores = 1.0 + 4.0 * rng.beta(4.0, 1.2, n)
    return np.asarray(scores)


def test_a_week_that_is_worse_is_named_and_a_trifle_is_not() -> None:
    rng = np.random.default_rng(1)
    worse = compare(skewed(rng, 60) - 0.6, skewed(rng, 60))
    assert worse.drifted
    assert worse.difference is not None and worse.difference < -0.3
    many = rng.normal(3.0, 0.3, 20_000)
    trifle = compare(many + 0.03, many)
    assert trifle.p is not None and trifle.p < FALSE_ALARM_RATE
    assert not trifle.drifted


@pytest.mark.parametrize(
    ("this", "last", "why"),
    [
        (np.ones(LEAST_CLIPS - 1), np.ones(99), "19 scored clips of this week, 99 of the last"),
        (np.ones(30), np.empty(0), "30 scored clips of this week, 0 of the last"),
        (np.ones(30), np.ones(30), "do not vary"),
    ],
)
def test_where_nothing_can_be_said_it_says_why(this: object, last: object, why: str) -> None:
    found = compare(this, last)
    assert (found.difference, found.p, found.drifted) == (None, None, False)
    assert why in str(found.reason)


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Two weeks of the same kind of clips, few and skewed, which is the hard case for a t test."""
    rng = np.random.default_rng(2)
    from scipy import stats

    this, last = (1.0 + 4.0 * rng.beta(4.0, 1.2, (40_000, LEAST_CLIPS)) for _ in range(2))
    alarms = stats.ttest_ind(this, last, axis=1, equal_var=False)[1] < FALSE_ALARM_RATE
    assert alarms.mean() < 1.5 * FALSE_ALARM_RATE


def test_range_counts_this_weeks_scored_clips() -> None:
    rows = [
        ONE,
        replace(ONE, applicability=INSIDE),
        replace(ONE, applicability=OUTSIDE),
        replace(ONE, comparable=False),
        replace(ONE, mos=None, comparable=None),
        replace(ONE, comparable=False, arrived_at=NOW - timedelta(days=8)),
    ]
    found = range_of(rows, NOW)
    assert (found.scored, found.outside, found.unscored, found.share) == (4, 2, 1, 0.5)
    assert range_of([], NOW).share is None


def test_scores_of_an_earlier_head_take_no_part() -> None:
    rows = [replace(ONE, candidate_id="c0", scored_at=NOW - timedelta(days=1)), ONE]
    assert of_latest_head(rows, NOW) == (ONE,)
    ahead = replace(ONE, candidate_id="c0", scored_at=NOW + timedelta(days=300))
    assert of_latest_head([ahead, ONE], NOW) == (ONE,), "of a clock that was set back since"
    assert of_latest_head([], NOW) == ()
