"""The decision of a sensor: every combination of its inputs, and the cases that have a name."""

from dataclasses import replace
from itertools import product

from mos_assets.automation.decisions import (
    QUIET_TICKS,
    Action,
    decide,
    night_of,
    wants_every_file,
)
from mos_assets.automation.facts import Outcome, Retrain, SensorState, Snapshot
from mos_assets_tests.automation.deciding import NOW, RULES, STATE, done_at, failed_at, snapshot


def test_the_first_scan_only_remembers() -> None:
    decision = decide(None, snapshot("a"), [Retrain(NOW, Outcome.IN_FLIGHT)], NOW, RULES)
    assert decision.action is Action.WAIT
    assert decision.reason == "first look: 100 clips of x; the next change starts a retrain"
    assert decision.state.covered == "a"


def test_a_first_look_sees_what_was_touched_since_the_newest_retrain_started() -> None:
    """Such as after a reset of the cursor; a folder that claims to be of tomorrow says nothing."""
    going = Outcome.IN_FLIGHT
    for runs, touched, covered in (
        ([done_at(NOW - 300)], NOW - 400, "a"),
        ([done_at(NOW - 300)], NOW - 200, None),
        ([done_at(NOW - 300)], NOW + 9999, "a"),
        ([done_at(NOW - 900), done_at(NOW - 300)], NOW - 400, "a"),
        ([Retrain(NOW - 300, going)], NOW - 400, "a"),
        ([Retrain(NOW - 300, going)], NOW - 200, None),
        ([Retrain(None, going)], NOW - 200, "a"),
        ([done_at(NOW - 900), Retrain(NOW - 300, going)], NOW - 400, None),
        ([failed_at(NOW - 300)], NOW - 200, "a"),
    ):
        view = snapshot("a", touched=touched)
        assert decide(None, view, runs, NOW, RULES).state.covered == covered, (runs, touched)


def test_every_combination_of_the_inputs() -> None:
    """A launch needs a change, two quiet ticks, quiet time, nothing in flight, nothing removed."""
    cases = list(
        product(
            ("a", "b", None),
            ("a", "b", "c"),
            range(QUIET_TICKS + 1),
            (10.0, 1000.0),
            (0, 1, 2),
            (100, 90, 89, 0, 150),
        )
    )
    for (covered, now_there, quiet, age, in_flight, clips), tries in product(cases, (0, 1)):
        state = replace(STATE, covered=covered, quiet=quiet, moved=NOW - age)
        state = replace(state, tries=tries, tried=NOW - 600)
        runs = [Retrain(None, Outcome.IN_FLIGHT)] * in_flight
        decision = decide(state, snapshot(now_there, clips), runs, NOW, RULES)
        quiet_enough = now_there == state.seen and quiet + 1 >= QUIET_TICKS and age > 90
        launch = covered != now_there and quiet_enough and in_flight == 0 and clips >= 90
        launch = launch and not tries
        assert (decision.action is Action.LAUNCH) == launch, (covered, now_there, quiet, in_flight)
        assert decision.reason
        after = decision.state
        assert after.covered == covered, "launched is not yet read"
        assert after.tries == (tries if now_there == state.seen else 0) + launch
        assert after.generation == state.generation + launch
        assert after.seen == now_there
        assert SensorState.from_cursor(after.to_cursor()) == after


def test_the_same_tick_twice_gives_one_key_and_back_to_an_earlier_state_another() -> None:
    first = decide(STATE, snapshot("b"), [], NOW, RULES)
    again = decide(STATE, snapshot("b"), [], NOW + 7, RULES)
    assert first.action is again.action is Action.LAUNCH
    assert first.key("s") == again.key("s")
    keys = {first.key("s")}
    state, now = first.state, NOW
    runs = [done_at(now)]
    for files in "abab":
        for _ in range(QUIET_TICKS + 1):
            now += 60
            decision = decide(state, snapshot(files), runs, now, RULES)
            state = decision.state
        runs.append(done_at(now))
        assert decision.action is Action.LAUNCH
        keys.add(decision.key("s"))
    assert len(keys) == 5


def test_a_look_that_ends_after_two_has_not_been_at_every_file() -> None:
    """The next one is."""
    state = replace(STATE, night=night_of(NOW) - 1)
    passing = decide(state, replace(snapshot("b"), every_file=False), [], NOW, RULES).state
    assert wants_every_file(passing, NOW + 60)
    assert not wants_every_file(decide(state, snapshot("b"), [], NOW, RULES).state, NOW + 60)


def test_what_still_arrives_delays_and_is_no_change() -> None:
    """A copy under another name; a file of the desktop that is written during every run."""
    state = STATE
    for tick in range(10):
        decision = decide(state, replace(snapshot("b"), arriving=str(tick)), [], NOW + tick, RULES)
        state = decision.state
        assert decision.action is Action.WAIT
        assert wants_every_file(state, NOW)
    still = replace(snapshot("b"), arriving="9")
    for seconds, action in ((60, Action.WAIT), (61, Action.WAIT), (100, Action.LAUNCH)):
        decision = decide(state, still, [], NOW + seconds, RULES)
        state = decision.state
        assert decision.action is action
    covered = replace(STATE, covered="b")
    moved = decide(covered, replace(snapshot("b"), arriving="x"), [], NOW, RULES)
    assert moved.reason.startswith("nothing changed")


def test_a_clock_that_is_set_back_silences_no_sensor() -> None:
    """A change that was seen, a retrain, and a failure, all of next year."""
    year = 365 * 86_400.0
    late = NOW + year
    ahead = replace(STATE, since=late, seen_since=late, moved=late, beside_since=late, counted=late)
    assert decide(ahead, snapshot("b"), [], NOW, RULES).action is Action.WAIT
    future = done_at(NOW + year)
    state = decide(ahead, snapshot("b"), [future], NOW, RULES).state
    assert decide(state, snapshot("b"), [future], NOW + 91, RULES).action is Action.LAUNCH
    by_hand = done_at(NOW + 30)
    counted = decide(state, snapshot("b", clips=50), [future, by_hand], NOW + 60, RULES).state
    assert (counted.covered, counted.amounts) == ("b", {"clips of x": 50})
    failed = replace(ahead, tries=1, tried=NOW + year)
    state = decide(failed, snapshot("b"), [], NOW, RULES).state
    assert decide(state, snapshot("b"), [], NOW + 3600, RULES).action is Action.LAUNCH


def test_a_file_found_lying_is_a_change_and_a_catalogue_made_anew_is_none() -> None:
    state = replace(STATE, covered="b", lies=3)
    lied = decide(state, replace(snapshot("b"), lies=4), [], NOW, RULES).state
    assert (lied.covered, lied.quiet, lied.lies) == (None, 0, 4)
    anew = decide(state, snapshot("b"), [], NOW, RULES).state
    assert (anew.covered, anew.quiet, anew.lies) == ("b", QUIET_TICKS, 0)


def test_tables_wait_for_the_corpora_beside_them_and_confirm_no_removal() -> None:
    """While clips are copied; and where they went away while the retrain was at work."""
    state = replace(STATE, beside="x")
    for tick in range(10):
        view = replace(snapshot("b"), beside=f"copying {tick}")
        decision = decide(state, view, [], NOW + 60 * tick, RULES)
        state = decision.state
        assert decision.action is Action.WAIT
        assert wants_every_file(state, NOW + 60 * tick)
    for tick in range(10, 12):
        decision = decide(state, view, [], NOW + 60 * tick, RULES)
        state = decision.state
    assert decision.action is Action.LAUNCH
    done = done_at(NOW + 60 * 11 + 1)
    less = replace(snapshot("b", clips=10), beside="half is gone")
    state = decide(state, less, [done], NOW + 800, RULES).state
    assert (state.covered, state.amounts) == ("b", {"clips of x": 100})
    for tick in range(5):
        less = replace(less, signature="c")
        decision = decide(state, less, [done], NOW + 900 + 60 * tick, RULES)
        state = decision.state
    assert "90 of 100 clips of x are missing" in decision.reason


def test_some_of_the_tables_may_go_unasked_but_not_all_of_them() -> None:
    state = replace(STATE, amounts={"tables of x": 5})
    for left, action in ((4, Action.LAUNCH), (1, Action.LAUNCH), (0, Action.WAIT)):
        tables = {"tables of x": left}
        view = Snapshot("b", tables, NOW - 2000, shrinkable=frozenset(tables))
        assert decide(state, view, [], NOW, RULES).action is action


def test_removal_asks_and_a_retrain_by_hand_confirms() -> None:
    decision = decide(STATE, snapshot("b", clips=80), [], NOW, RULES)
    assert decision.action is Action.WAIT
    assert "20 of 100 clips of x are missing" in decision.reason
    assert "launching the job retrain by hand" in decision.reason
    confirmed = [done_at(NOW + 30)]
    after = decide(decision.state, snapshot("b", clips=80), confirmed, NOW + 60, RULES)
    assert after.reason == "nothing changed: 80 clips of x"
    assert after.state.amounts == {"clips of x": 80}


def test_slow_erosion_is_measured_from_the_last_retrain() -> None:
    """Five per cent at a time, each waited for: it is the sum that asks."""
    state, now, clips = replace(STATE, covered="b"), NOW, 100
    blocked = Retrain(None, Outcome.IN_FLIGHT)
    for files in "cdefg":
        clips -= 5
        for _ in range(QUIET_TICKS + 1):
            now += 60
            state = decide(state, snapshot(files, clips), [blocked], now, RULES).state
    assert "25 of 100" in decide(state, snapshot("g", clips), [], now + 60, RULES).reason


def test_a_cursor_that_cannot_be_read_launches_rather_than_forgets() -> None:
    """Such as that of an earlier version: what changed meanwhile is not known."""
    state = SensorState.from_cursor("ab" * 32)
    assert state is not None
    assert wants_every_file(state, NOW)
    for tick in range(QUIET_TICKS + 1):
        decision = decide(state, snapshot("a"), [], NOW + 60 * tick, RULES)
        state = decision.state
    assert decision.action is Action.LAUNCH


def test_a_cursor_of_another_version_still_asks_before_it_retrains_on_the_rest() -> None:
    old = '{"covered": "a", "amounts": {"clips of x": 100}, "unheard_of": 1}'
    for text, asks in ((old, True), ('{"amounts": {"clips of x": "many"}}', False), ("3", False)):
        state = SensorState.from_cursor(text)
        assert state is not None
        assert state.covered is None
        for tick in range(QUIET_TICKS + 1):
            decision = decide(state, snapshot("b", clips=10), [], NOW + 60 * tick, RULES)
            state = decision.state
        assert ("90 of 100 clips" in decision.reason) == asks


def test_every_file_is_looked_at_while_unsettled_and_once_a_night() -> None:
    assert wants_every_file(None, NOW)
    assert not wants_every_file(STATE, NOW)
    assert wants_every_file(replace(STATE, quiet=1), NOW)
    looks = [n for n in range(7 * 24) if night_of(NOW + n * 3600) != night_of(NOW + (n - 1) * 3600)]
    assert len(looks) == 7
