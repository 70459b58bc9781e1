"""The time left follows the work that is left, and does not start anew."""

import re

from mos_assets.scoring.progress import Remaining


def test_the_time_left_is_that_of_the_work_left() -> None:
    clock, said = [0.0], list[str]()
    work = {"long": 900.0, "short": 100.0, "other": 1000.0}
    remaining = Remaining(said.append, work, done_before=7, calm_s=0, now=lambda: clock[0])
    clock[0] = 90.0
    remaining.add("long", failed=False)
    assert said[-1] == "measured 8 of 10 clips (7 known already), about 1 min 50 s left"
    clock[0] = 100.0
    remaining.add("short", failed=True)
    assert "about 1 min 40 s left, 1 failed" in said[-1]
    clock[0] = 200.0
    remaining.add("other", failed=False)
    assert said[-1] == "measured 10 of 10 clips (7 known already), 1 failed"


def test_at_a_steady_pace_the_time_left_only_falls() -> None:
    clock, said = [0.0], list[str]()
    work = {str(number): float(number % 5 + 1) for number in range(60)}
    remaining = Remaining(said.append, work, done_before=0, calm_s=10, now=lambda: clock[0])
    for name, cost in work.items():
        clock[0] += cost
        remaining.add(name, failed=False)
    left = [
        60 * int(m or 0) + int(s) for m, s in re.findall(r"(?:(\d+) min )?(\d+) s left", str(said))
    ]
    assert len(left) > 10
    assert left == sorted(left, reverse=True)
    assert len(said) < 25


def test_a_week_of_work_is_some_hundred_lines() -> None:
    """Each is a row in Dagster's storage."""
    clock, said = [0.0], list[str]()
    work = {str(number): 1.0 for number in range(60_480)}
    remaining = Remaining(said.append, work, done_before=0, now=lambda: clock[0])
    for name in work:
        clock[0] += 10.0
        remaining.add(name, failed=False)
    assert 100 < len(said) < 500
