"""What a sensor makes of retrains: which have read the files, and when the next may follow."""

from dataclasses import replace
from itertools import pairwise

from mos_assets.automation.decisions import (
    QUIET_TICKS,
    Action,
    decide,
)
from mos_assets.automation.facts import Outcome, Retrain
from mos_assets_tests.automation.deciding import NOW, RULES, STATE, done_at, failed_at, snapshot


def test_a_retrain_in_flight_at_the_first_scan_counts_once_it_is_done() -> None:
    for touched, launches in ((NOW - 400, 0), (NOW - 200, 1)):
        view, state, found = snapshot("a", touched=touched), None, 0
        for tick in range(8):
            outcome = Outcome.IN_FLIGHT if tick < 3 else Outcome.DONE
            run = Retrain(NOW - 300, outcome, None if tick < 3 else NOW + 60 * 3)
            decision = decide(state, view, [run], NOW + 60 * tick, RULES)
            state, found = decision.state, found + (decision.action is Action.LAUNCH)
            if found:
                break
        assert found == launches


def test_a_retrain_that_started_after_the_change_had_settled_has_read_it() -> None:
    """Only if it is done, and nothing was touched since; else the change launches."""
    waiting = replace(STATE, since=NOW - 500, seen_since=NOW - 500)
    done = done_at(NOW - 300)
    assert decide(waiting, snapshot("b"), [done], NOW, RULES).state.covered == "b"
    assert decide(waiting, snapshot("b"), [done], NOW, RULES).action is Action.WAIT
    earlier = done_at(NOW - 501)
    assert decide(waiting, snapshot("b"), [earlier], NOW, RULES).action is Action.LAUNCH
    stirred = decide(waiting, replace(snapshot("b"), stirred="x"), [done], NOW, RULES).state
    assert (stirred.covered, stirred.quiet) == (None, 0)
    arriving = decide(waiting, replace(snapshot("b"), arriving="x"), [done], NOW, RULES).state
    assert (arriving.covered, arriving.quiet) == ("b", 0)


def test_a_retrain_that_read_what_was_there_for_a_moment_is_followed_by_another() -> None:
    """a → b → a while somebody's retrain reads b: what is there now has not been trained on."""
    state = decide(replace(STATE, seen="a"), snapshot("b"), [], NOW, RULES).state
    state = decide(state, snapshot("a"), [], NOW + 62, RULES).state
    assert state.covered == "a"
    done = done_at(NOW + 30)
    launched = 0
    for tick in range(4):
        now = NOW + 122 + 60 * tick
        decision = decide(state, snapshot("a"), [done], now, RULES)
        state, launched = decision.state, launched + (decision.action is Action.LAUNCH)
    assert launched == 1


def test_a_run_that_failed_is_launched_again_after_ever_longer_waits() -> None:
    """What was launched is not read yet; a week of a broken disk costs a handful of runs."""
    decision, runs, launches = decide(STATE, snapshot("b"), [], NOW, RULES), [], [0.0]
    for minute in range(1, 7 * 24 * 60):
        now = NOW + 60 * minute
        if decision.action is Action.LAUNCH:
            runs.append(failed_at(now - 30, own=True))
        decision = decide(decision.state, snapshot("b"), runs[-25:], now, RULES)
        if decision.action is Action.LAUNCH:
            launches.append(minute / 60)
            assert decision.reason.startswith("the last run of this state failed")
        else:
            assert decision.reason.startswith("the last run of this state failed (")
            assert "or when files change" in decision.reason
    assert [round(b - a) for a, b in pairwise(launches)] == [1, 2, 4, 8, 16, 24, 24, 24, 24, 24]
    mended, now = snapshot("c"), NOW + 7 * 86_400
    for tick in range(QUIET_TICKS + 1):
        decision = decide(decision.state, mended, runs, now + 60 * tick, RULES)
    assert decision.action is Action.LAUNCH, "a mended file launches at once"
    assert decision.state.tries == 1


def test_a_launched_run_that_never_started_has_failed_too() -> None:
    """Cancelled in the queue, or deleted: nothing tells of it but that it is not there."""
    state = decide(STATE, snapshot("b"), [], NOW, RULES).state
    queued = decide(state, snapshot("b"), [Retrain(None, Outcome.IN_FLIGHT)], NOW + 60, RULES)
    assert queued.reason == "launched; 1 retrain in flight"
    gone = decide(queued.state, snapshot("b"), [], NOW + 120, RULES)
    assert "next is launched in 59 min" in gone.reason
    assert decide(gone.state, snapshot("b"), [], NOW + 60 + 3600, RULES).action is Action.LAUNCH


def test_two_sensors_that_see_one_change_wait_for_each_others_failures() -> None:
    """Labels and tables changed, and every run fails: one launch at a time, ever more rarely."""
    memories, runs, launches = [STATE, STATE], list[tuple[int, float]](), list[int]()
    for minute in range(24 * 60):
        now = NOW + 60 * minute
        for at in (0, 1):
            seen = [
                failed_at(started, own=by == at)
                if started < now
                else Retrain(None, Outcome.IN_FLIGHT)
                for by, started in runs
            ]
            decision = decide(memories[at], snapshot("b"), seen, now, RULES)
            memories[at] = decision.state
            if decision.action is Action.LAUNCH:
                launches.append(minute)
                runs.append((at, now + 1))
    waits = [round((later - earlier) / 60) for earlier, later in pairwise(launches)]
    assert waits == [1, 2, 4, 8]


def test_a_run_by_hand_that_failed_on_this_state_counts_as_a_try() -> None:
    failed = failed_at(NOW - 300)
    decision = decide(
        replace(STATE, since=NOW - 500, seen_since=NOW - 500), snapshot("b"), [failed], NOW, RULES
    )
    assert decision.action is Action.WAIT
    assert "(1 so far); the next is launched in 55 min" in decision.reason
    earlier = replace(STATE, since=NOW - 200, seen_since=NOW - 200)
    assert decide(earlier, snapshot("b"), [failed], NOW, RULES).action is Action.LAUNCH


def test_the_wait_after_a_failure_begins_when_it_ended() -> None:
    """Whoever launched it, and however long it took."""
    seen = replace(STATE, since=NOW - 9000, seen_since=NOW - 9000)
    long = Retrain(NOW - 8000, Outcome.FAILED, NOW - 60)
    decision = decide(seen, snapshot("b"), [long], NOW, RULES)
    assert "(1 so far); the next is launched in 59 min" in decision.reason


def test_a_run_that_starts_later_and_ends_first_hides_no_other() -> None:
    """One from the command line waits for the store beside a run that confirms a removal, and is
    refused."""
    asked = decide(STATE, snapshot("b", clips=50), [], NOW, RULES)
    assert "50 of 100" in asked.reason
    confirms, refused = Retrain(NOW + 1, Outcome.IN_FLIGHT), failed_at(NOW + 30)
    waits = decide(asked.state, snapshot("b", clips=50), [confirms, refused], NOW + 60, RULES)
    assert waits.reason == "launched; 1 retrain in flight"
    done = Retrain(NOW + 1, Outcome.DONE, NOW + 90)
    after = decide(waits.state, snapshot("b", clips=50), [refused, done], NOW + 120, RULES)
    assert after.reason == "nothing changed: 50 clips of x"
    assert after.state.amounts == {"clips of x": 50}


def test_what_comes_and_goes_in_every_run_launches_ever_more_rarely() -> None:
    """Such as a lock file of the desktop; whether the run has read it is not known."""
    decision, runs, launches = decide(STATE, snapshot("b"), [], NOW, RULES), [], [0.0]
    for minute in range(1, 3 * 24 * 60):
        now = NOW + 60 * minute
        if decision.action is Action.LAUNCH:
            runs.append(Retrain(now - 30, Outcome.DONE, now - 1, own=True))
        view = replace(snapshot("b"), stirred=f"{len(runs)}")
        decision = decide(decision.state, view, runs[-25:], now, RULES)
        if decision.action is Action.LAUNCH:
            launches.append(minute / 60)
            assert decision.reason.startswith("something came or went while the last run")
    assert [round(b - a) for a, b in pairwise(launches)] == [1, 2, 4, 8, 16, 24]
