"""The decisions of a sensor in a hostile world: what holds whatever happens in whatever order."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mos_assets.automation.decisions import (
    QUIET_TICKS,
    RETRY_S,
    Action,
    Decision,
    decide,
)
from mos_assets.automation.facts import Outcome, Retrain, SensorState, Snapshot
from mos_assets_tests.automation.deciding import NOW, RULES


@dataclass
class Run:
    """A retrain as the world knows it: when it started, and what it really read."""

    own: bool
    started: float | None = None
    read: str | None = None
    outcome: Outcome = Outcome.IN_FLIGHT
    version: int = -1
    ended: float | None = None


class Year(RuleBasedStateMachine):
    """Files come and go, people and schedules start retrains, daemons die; the sensor ticks."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.signature, self.version, self.touched = "s0", 0, NOW - 10
        self.stirred = self.arriving = 0
        self.clips = 100
        self.changed = 0.0
        self.changed_at_tick = self.ticks = 0
        self.state: SensorState | None = None
        self.runs: list[Run] = []
        self.keys: set[str] = set()
        self.fresh = 0

    # What the world does.

    def _change(self, signature: str) -> None:
        self.now += 1
        self.signature, self.version = signature, self.version + 1
        self.changed_at_tick = self.ticks

    @rule(files=st.sampled_from(["s0", "s1", "s2"]))
    def files_come_or_go(self, files: str) -> None:
        self._change(files)
        self.touched, self.stirred = self.now, self.stirred + 1
        self.changed = self.now - 1

    @rule()
    def a_file_is_replaced_in_place(self) -> None:
        self.fresh += 1
        self._change(f"t{self.fresh}")
        self.changed = self.now

    @rule()
    def a_copy_grows_under_another_name(self) -> None:
        self.arriving += 1
        self.changed_at_tick = self.ticks

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
                run.outcome, run.ended = outcome, self.now

    @rule()
    def one_that_bypasses_the_queue_is_refused(self) -> None:
        """It starts beside another, and ends first."""
        self.now += 1
        self.runs.append(Run(False, self.now, None, Outcome.FAILED, ended=self.now))

    # What the sensor does.

    def _decide(self) -> Decision:
        runs = [Retrain(run.started, run.outcome, run.ended, run.own) for run in self.runs]
        view = Snapshot(
            *(self.signature, {"clips": self.clips}, self.touched),
            *(str(self.stirred), str(self.arriving)),
        )
        return decide(self.state, view, runs, self.now, RULES)

    def _act(self, decision: Decision) -> None:
        if decision.action is Action.LAUNCH and decision.key("s") not in self.keys:
            assert not any(run.outcome is Outcome.IN_FLIGHT for run in self.runs)
            assert self.ticks - self.changed_at_tick >= QUIET_TICKS, "files still arrive"
            for run in self.runs:
                if run.version == self.version:
                    assert run.outcome is Outcome.FAILED, "launched twice for one state"
                    assert self.now - (run.started or 0.0) > RETRY_S, "launched again too soon"
            self.keys.add(decision.key("s"))
            self.runs.append(Run(own=True, version=self.version))
        self.state = decision.state

    @initialize()
    def the_first_scan(self) -> None:
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

    @precondition(
        lambda self: (
            self.touched > self.changed and any(r.outcome is Outcome.DONE for r in self.runs)
        )
    )
    @rule()
    def the_cursor_is_reset(self) -> None:
        """Where mtimes tell the truth, nothing is lost by it."""
        self.state = None
        for run in self.runs:
            run.version = -1
        self.tick()

    @rule()
    def peace_comes_and_everything_is_covered(self) -> None:
        """With nothing new and every retrain ended, what is there has been read by the last one
        that was done, however many failed before; or it is what the first look found."""
        self.tick()
        self.now += 2 * 86_400
        for _ in range(4 * QUIET_TICKS + 8):
            self.tick()
            self.the_queue_starts_the_next()
            self.it_reads_the_files()
            self.it_ends(Outcome.DONE)
        done = [run.read for run in self.runs if run.outcome is Outcome.DONE]
        assert self.state is not None
        assert self.state.covered == self.signature
        assert [self.signature] == (done[-1:] or ["s0"])

    @invariant()
    def the_cursor_is_small(self) -> None:
        if self.state is not None:
            assert len(self.state.to_cursor()) < 1000


TestYear = Year.TestCase
TestYear.settings = settings(
    deadline=None, derandomize=True, max_examples=100, stateful_step_count=40
)
