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
from mos_assets.automation.facts import Memory, Outcome, Retrain, Sight
from mos_assets_tests.automation.deciding import MEMORY, NOW, RULES, done_at, failed_at, sight


def test_the_first_look_only_remembers() -> None:
    decision = decide(None, sight("a"), [Retrain(NOW, Outcome.IN_FLIGHT)], NOW, RULES)
    assert decision.action is Action.WAIT
    assert decision.reason == "first look: 100 clips of x; the next change starts a retrain"
    assert decision.memory.covered == "a"


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
        view = sight("a", touched=touched)
        assert decide(None, view, runs, NOW, RULES).memory.covered == covered, (runs, touched)


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
        memory = replace(MEMORY, covered=covered, quiet=quiet, moved=NOW - age)
        memory = replace(memory, tries=tries, tried=NOW - 600)
        runs = [Retrain(None, Outcome.IN_FLIGHT)] * in_flight
        decision = decide(memory, sight(now_there, clips), runs, NOW, RULES)
        quiet_enough = now_there == memory.seen and quiet + 1 >= QUIET_TICKS and age > 90
        launch = covered != now_there and quiet_enough and in_flight == 0 and clips >= 90
        launch = launch and not tries
        assert (decision.action is Action.LAUNCH) == launch, (covered, now_there, quiet, in_flight)
        assert decision.reason
        after = decision.memory
        assert after.covered == covered, "launched is not yet read"
        assert after.tries == (tries if now_there == memory.seen else 0) + launch
        assert after.generation == memory.generation + launch
        assert after.seen == now_there
        assert Memory.from_cursor(after.to_cursor()) == after


def test_the_same_tick_twice_gives_one_key_and_back_to_an_earlier_state_another() -> None:
    first = decide(MEMORY, sight("b"), [], NOW, RULES)
    again = decide(MEMORY, sight("b"), [], NOW + 7, RULES)
    assert first.action is again.action is Action.LAUNCH
    assert first.key("s") == again.key("s")
    keys = {first.key("s")}
    memory, now = first.memory, NOW
    runs = [done_at(now)]
    for state in "abab":
        for _ in range(QUIET_TICKS + 1):
            now += 60
            decision = decide(memory, sight(state), runs, now, RULES)
            memory = decision.memory
        runs.append(done_at(now))
        assert decision.action is Action.LAUNCH
        keys.add(decision.key("s"))
    assert len(keys) == 5


def test_a_look_that_ends_after_two_has_not_been_at_every_file() -> None:
    """The next one is."""
    memory = replace(MEMORY, night=night_of(NOW) - 1)
    passing = decide(memory, replace(sight("b"), every_file=False), [], NOW, RULES).memory
    assert wants_every_file(passing, NOW + 60)
    assert not wants_every_file(decide(memory, sight("b"), [], NOW, RULES).memory, NOW + 60)


def test_what_still_arrives_delays_and_is_no_change() -> None:
    """A copy under another name; a file of the desktop that is written during every run."""
    memory = MEMORY
    for tick in range(10):
        decision = decide(memory, replace(sight("b"), arriving=str(tick)), [], NOW + tick, RULES)
        memory = decision.memory
        assert decision.action is Action.WAIT
        assert wants_every_file(memory, NOW)
    still = replace(sight("b"), arriving="9")
    for seconds, action in ((60, Action.WAIT), (61, Action.WAIT), (100, Action.LAUNCH)):
        decision = decide(memory, still, [], NOW + seconds, RULES)
        memory = decision.memory
        assert decision.action is action
    covered = replace(MEMORY, covered="b")
    moved = decide(covered, replace(sight("b"), arriving="x"), [], NOW, RULES)
    assert moved.reason.startswith("nothing changed")


def test_a_clock_that_is_set_back_silences_no_sensor() -> None:
    """A change that was seen, a retrain, and a failure, all of next year."""
    year = 365 * 86_400.0
    late = NOW + year
    ahead = replace(
        MEMORY, since=late, seen_since=late, moved=late, beside_since=late, counted=late
    )
    assert decide(ahead, sight("b"), [], NOW, RULES).action is Action.WAIT
    future = done_at(NOW + year)
    memory = decide(ahead, sight("b"), [future], NOW, RULES).memory
    assert decide(memory, sight("b"), [future], NOW + 91, RULES).action is Action.LAUNCH
    by_hand = done_at(NOW + 30)
    counted = decide(memory, sight("b", clips=50), [future, by_hand], NOW + 60, RULES).memory
    assert (counted.covered, counted.amounts) == ("b", {"clips of x": 50})
    failed = replace(ahead, tries=1, tried=NOW + year)
    memory = decide(failed, sight("b"), [], NOW, RULES).memory
    assert decide(memory, sight("b"), [], NOW + 3600, RULES).action is Action.LAUNCH


def test_a_file_found_lying_is_a_change_and_a_catalogue_made_anew_is_none() -> None:
    memory = replace(MEMORY, covered="b", lies=3)
    lied = decide(memory, replace(sight("b"), lies=4), [], NOW, RULES).memory
    assert (lied.covered, lied.quiet, lied.lies) == (None, 0, 4)
    anew = decide(memory, sight("b"), [], NOW, RULES).memory
    assert (anew.covered, anew.quiet, anew.lies) == ("b", QUIET_TICKS, 0)


def test_tables_wait_for_the_corpora_beside_them_and_confirm_no_removal() -> None:
    """While clips are copied; and where they went away while the retrain was at work."""
    memory = replace(MEMORY, beside="x")
    for tick in range(10):
        view = replace(sight("b"), beside=f"copying {tick}")
        decision = decide(memory, view, [], NOW + 60 * tick, RULES)
        memory = decision.memory
        assert decision.action is Action.WAIT
        assert wants_every_file(memory, NOW + 60 * tick)
    for tick in range(10, 12):
        decision = decide(memory, view, [], NOW + 60 * tick, RULES)
        memory = decision.memory
    assert decision.action is Action.LAUNCH
    done = done_at(NOW + 60 * 11 + 1)
    less = replace(sight("b", clips=10), beside="half is gone")
    memory = decide(memory, less, [done], NOW + 800, RULES).memory
    assert (memory.covered, memory.amounts) == ("b", {"clips of x": 100})
    for tick in range(5):
        less = replace(less, signature="c")
        decision = decide(memory, less, [done], NOW + 900 + 60 * tick, RULES)
        memory = decision.memory
    assert "90 of 100 clips of x are missing" in decision.reason


def test_some_of_the_tables_may_go_unasked_but_not_all_of_them() -> None:
    memory = replace(MEMORY, amounts={"tables of x": 5})
    for left, action in ((4, Action.LAUNCH), (1, Action.LAUNCH), (0, Action.WAIT)):
        tables = {"tables of x": left}
        view = Sight("b", tables, NOW - 2000, shrinkable=frozenset(tables))
        assert decide(memory, view, [], NOW, RULES).action is action


def test_removal_asks_and_a_retrain_by_hand_confirms() -> None:
    decision = decide(MEMORY, sight("b", clips=80), [], NOW, RULES)
    assert decision.action is Action.WAIT
    assert "20 of 100 clips of x are missing" in decision.reason
    assert "launching the job retrain by hand" in decision.reason
    confirmed = [done_at(NOW + 30)]
    after = decide(decision.memory, sight("b", clips=80), confirmed, NOW + 60, RULES)
    assert after.reason == "nothing changed: 80 clips of x"
    assert after.memory.amounts == {"clips of x": 80}


def test_slow_erosion_is_measured_from_the_last_retrain() -> None:
    """Five per cent at a time, each waited for: it is the sum that asks."""
    memory, now, clips = replace(MEMORY, covered="b"), NOW, 100
    blocked = Retrain(None, Outcome.IN_FLIGHT)
    for state in "cdefg":
        clips -= 5
        for _ in range(QUIET_TICKS + 1):
            now += 60
            memory = decide(memory, sight(state, clips), [blocked], now, RULES).memory
    assert "25 of 100" in decide(memory, sight("g", clips), [], now + 60, RULES).reason


def test_a_cursor_that_cannot_be_read_launches_rather_than_forgets() -> None:
    """Such as that of an earlier version: what changed meanwhile is not known."""
    memory = Memory.from_cursor("ab" * 32)
    assert memory is not None
    assert wants_every_file(memory, NOW)
    for tick in range(QUIET_TICKS + 1):
        decision = decide(memory, sight("a"), [], NOW + 60 * tick, RULES)
        memory = decision.memory
    assert decision.action is Action.LAUNCH


def test_a_cursor_of_another_version_still_asks_before_it_retrains_on_the_rest() -> None:
    old = '{"covered": "a", "amounts": {"clips of x": 100}, "unheard_of": 1}'
    for text, asks in ((old, True), ('{"amounts": {"clips of x": "many"}}', False), ("3", False)):
        memory = Memory.from_cursor(text)
        assert memory is not None
        assert memory.covered is None
        for tick in range(QUIET_TICKS + 1):
            decision = decide(memory, sight("b", clips=10), [], NOW + 60 * tick, RULES)
            memory = decision.memory
        assert ("90 of 100 clips" in decision.reason) == asks


def test_every_file_is_looked_at_while_unsettled_and_once_a_night() -> None:
    assert wants_every_file(None, NOW)
    assert not wants_every_file(MEMORY, NOW)
    assert wants_every_file(replace(MEMORY, quiet=1), NOW)
    looks = [n for n in range(7 * 24) if night_of(NOW + n * 3600) != night_of(NOW + (n - 1) * 3600)]
    assert len(looks) == 7
