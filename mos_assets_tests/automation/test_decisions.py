"""The decision of a sensor: every combination of its inputs, and a year of a hostile world."""

from dataclasses import dataclass, replace
from itertools import product

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mos_assets.automation.decisions import (
    QUIET_TICKS,
    Action,
    Decision,
    Memory,
    Outcome,
    Retrain,
    Rules,
    Sight,
    decide,
    night_of,
    wants_every_file,
)

RULES = Rules(removal_share=0.1, quiet_s=90)
NOW = 1_800_000_000.0
MEMORY = Memory(
    covered="a",
    amounts={"clips of x": 100},
    seen="b",
    touched=NOW - 2000,
    since=NOW - 1000,
    quiet=QUIET_TICKS,
    last_run=NOW - 5000,
    night=night_of(NOW),
    turn=3,
    born=1,
    generation=7,
)


def sight(signature: str, clips: int = 100, touched: float = NOW - 2000) -> Sight:
    return Sight(signature, {"clips of x": clips}, touched)


def test_the_first_look_only_remembers() -> None:
    decision = decide(None, sight("a"), [Retrain(NOW, Outcome.IN_FLIGHT)], NOW, RULES)
    assert decision.action is Action.WAIT
    assert decision.reason == "first look: 100 clips of x; the next change starts a retrain"
    assert decision.memory.covered == "a"


def test_a_first_look_after_a_retrain_sees_what_changed_after_it() -> None:
    """Such as after a reset of the cursor; a folder that claims to be of tomorrow says nothing."""
    for ended, touched, covered in (
        (NOW - 100, NOW - 200, "a"),
        (NOW - 100, NOW - 50, None),
        (NOW - 100, NOW + 9999, "a"),
    ):
        run = Retrain(NOW - 300, Outcome.DONE, ended)
        assert (
            decide(None, sight("a", touched=touched), [run], NOW, RULES).memory.covered == covered
        )


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
    for covered, now_there, quiet, age, in_flight, clips in cases:
        memory = replace(MEMORY, covered=covered, quiet=quiet, since=NOW - age)
        runs = [Retrain(None, Outcome.IN_FLIGHT)] * in_flight
        decision = decide(memory, sight(now_there, clips), runs, NOW, RULES)
        quiet_enough = now_there == memory.seen and quiet + 1 >= QUIET_TICKS and age > 90
        launch = covered != now_there and quiet_enough and in_flight == 0 and clips >= 90
        assert (decision.action is Action.LAUNCH) == launch, (covered, now_there, quiet, in_flight)
        assert decision.reason
        after = decision.memory
        assert after.covered == (now_there if launch else covered)
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
    for state in "abab":
        for _ in range(QUIET_TICKS + 1):
            now += 60
            decision = decide(memory, sight(state), [], now, RULES)
            memory = decision.memory
        assert decision.action is Action.LAUNCH
        keys.add(decision.key("s"))
    assert len(keys) == 5


def test_a_retrain_that_started_after_the_change_had_settled_has_read_it() -> None:
    """Only if it is done, and nothing was touched since; else the change launches."""
    waiting = replace(MEMORY, since=NOW - 500)
    done = Retrain(NOW - 300, Outcome.DONE)
    assert decide(waiting, sight("b"), [done], NOW, RULES).memory.covered == "b"
    assert decide(waiting, sight("b"), [done], NOW, RULES).action is Action.WAIT
    for run in (Retrain(NOW - 300, Outcome.FAILED), Retrain(NOW - 501, Outcome.DONE)):
        assert decide(waiting, sight("b"), [run], NOW, RULES).action is Action.LAUNCH
    touched = decide(waiting, sight("b", touched=NOW - 200), [done], NOW, RULES).memory
    assert (touched.covered, touched.quiet) == (None, 0)


def test_a_retrain_that_read_what_was_there_for_a_moment_is_followed_by_another() -> None:
    """a → b → a while somebody's retrain reads b: what is there now has not been trained on."""
    memory = decide(replace(MEMORY, seen="a"), sight("b", touched=NOW), [], NOW, RULES).memory
    memory = decide(memory, sight("a", touched=NOW + 61), [], NOW + 62, RULES).memory
    assert memory.covered == "a"
    done = Retrain(NOW + 30, Outcome.DONE)
    launched = 0
    for tick in range(4):
        now = NOW + 122 + 60 * tick
        decision = decide(memory, sight("a", touched=NOW + 61), [done], now, RULES)
        memory, launched = decision.memory, launched + (decision.action is Action.LAUNCH)
    assert launched == 1


def test_removal_asks_and_a_retrain_by_hand_confirms() -> None:
    decision = decide(MEMORY, sight("b", clips=80), [], NOW, RULES)
    assert decision.action is Action.WAIT
    assert "20 of 100 clips of x are missing" in decision.reason
    assert "launching the job retrain by hand" in decision.reason
    confirmed = [Retrain(NOW + 30, Outcome.DONE)]
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


def test_every_file_is_looked_at_while_unsettled_and_once_a_night() -> None:
    assert wants_every_file(None, NOW)
    assert not wants_every_file(MEMORY, NOW)
    assert wants_every_file(replace(MEMORY, quiet=1), NOW)
    looks = [n for n in range(7 * 24) if night_of(NOW + n * 3600) != night_of(NOW + (n - 1) * 3600)]
    assert len(looks) == 7


@dataclass
class Run:
    """A retrain as the world knows it: when it started, and what it really read."""

    own: bool
    started: float | None = None
    read: str | None = None
    outcome: Outcome = Outcome.IN_FLIGHT


class Year(RuleBasedStateMachine):
    """Files come and go, people and schedules start retrains, daemons die; the sensor ticks."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.signature, self.version, self.touched = "s0", 0, NOW - 10
        self.clips = 100
        self.changed_at_tick = self.ticks = 0
        self.memory: Memory | None = None
        self.runs: list[Run] = []
        self.keys: set[str] = set()
        self.launched: list[int] = []
        self.fresh = 0

    # What the world does.

    def _change(self, signature: str) -> None:
        self.now += 1
        self.signature, self.version = signature, self.version + 1
        self.changed_at_tick = self.ticks

    @rule(state=st.sampled_from(["s0", "s1", "s2"]))
    def files_come_or_go(self, state: str) -> None:
        self._change(state)
        self.touched = self.now

    @rule()
    def a_file_is_replaced_in_place(self) -> None:
        self.fresh += 1
        self._change(f"t{self.fresh}")

    @rule()
    def somebody_starts_a_retrain(self) -> None:
        self.runs.append(Run(own=False))

    @rule()
    def the_queue_starts_the_next(self) -> None:
        if not any(run.started and run.outcome is Outcome.IN_FLIGHT for run in self.runs):
            for run in self.runs:
                if run.started is None and run.outcome is Outcome.IN_FLIGHT:
                    self.now += 1
                    run.started = self.now
                    self.now += 1
                    break

    @rule()
    def it_reads_the_files(self) -> None:
        for run in self.runs:
            if run.started and run.outcome is Outcome.IN_FLIGHT and run.read is None:
                run.read = self.signature

    @rule(outcome=st.sampled_from([Outcome.DONE, Outcome.FAILED]))
    def it_ends(self, outcome: Outcome) -> None:
        for run in self.runs:
            if run.started and run.outcome is Outcome.IN_FLIGHT:
                self.it_reads_the_files()
                self.now += 1
                run.outcome = outcome

    # What the sensor does.

    def _decide(self) -> Decision:
        runs = [Retrain(run.started, run.outcome) for run in self.runs]
        view = Sight(self.signature, {"clips": self.clips}, self.touched)
        return decide(self.memory, view, runs, self.now, RULES)

    def _act(self, decision: Decision) -> None:
        if decision.action is Action.LAUNCH and decision.key("s") not in self.keys:
            assert not any(run.outcome is Outcome.IN_FLIGHT for run in self.runs)
            assert self.ticks - self.changed_at_tick >= QUIET_TICKS, "files still arrive"
            assert self.version not in self.launched, "launched twice for one state"
            self.launched.append(self.version)
            self.keys.add(decision.key("s"))
            self.runs.append(Run(own=True))
        self.memory = decision.memory

    @initialize()
    def the_first_look(self) -> None:
        self.tick()

    @rule()
    def tick(self) -> None:
        self.now += 60
        self._act(self._decide())
        self.ticks += 1

    @rule()
    def tick_of_two_daemons(self) -> None:
        self.now += 60
        one, two = self._decide(), self._decide()
        self._act(one)
        self._act(two)
        self.ticks += 1

    @rule()
    def a_daemon_dies_before_it_acts(self) -> None:
        self.now += 60
        self._decide()

    @rule()
    def peace_comes_and_everything_is_covered(self) -> None:
        """With nothing new and every retrain ended, what is there has been read by the last one
        that was done, or by one that the sensor launched for it and that failed."""
        for _ in range(4 * QUIET_TICKS + 8):
            self.tick()
            self.the_queue_starts_the_next()
            self.it_reads_the_files()
            self.it_ends(Outcome.DONE)
        done = [run.read for run in self.runs if run.outcome is Outcome.DONE]
        tried = [run.read for run in self.runs if run.own]
        assert self.memory is not None
        assert self.memory.covered == self.signature
        assert self.signature in (done[-1:] or ["s0"]) + tried[-1:]

    @invariant()
    def the_cursor_is_small(self) -> None:
        if self.memory is not None:
            assert len(self.memory.to_cursor()) < 1000


TestYear = Year.TestCase
TestYear.settings = hypothesis_settings(
    deadline=None, derandomize=True, max_examples=100, stateful_step_count=40
)
