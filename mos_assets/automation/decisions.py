"""Whether a sensor launches: a pure function of what it remembers, what it sees, what ran, and
the time.

A change is whatever differs from what the last retrain has read (`covered`). It launches once it
has been quiet for two ticks and nothing is in flight. Launched is not covered: a retrain that fails
is launched again, each time after a longer wait, unless the files change before. A retrain that
somebody else started after the change had settled has read it, and counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from mos_assets.automation.facts import Outcome, Retrain, SensorState, Snapshot

QUIET_TICKS = 2
"""Ticks in a row that have to find nothing new after the one that found a change."""
NIGHT_S = 2 * 3600
"""Seconds after midnight UTC at which every file is looked at, an hour before the weekly run."""
_DAY_S = 86_400
RETRY_S = 3600
"""Wait after the first failure of a state; it doubles with each one that follows, up to a day."""
QUESTION = "Put it back, or confirm by launching the job {} by hand."
"""How the reason of a tick ends that waits for an answer; `notifications.py` knows it by that."""
_FOLLOWS = "changed; {} retrain in flight, this one follows after"


class Action(Enum):
    """What a tick does."""

    LAUNCH = auto()
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that a decision depends on."""

    removal_share: float
    quiet_s: float
    """Seconds that must have passed since the last change, so that two quick ticks do not count."""
    job: str = "retrain"
    """What a person launches to answer a question."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick does, why in the words that the UI shows, and what it remembers."""

    action: Action
    reason: str
    state: SensorState

    def key(self, sensor: str) -> str:
        """The same for the same tick decided twice, another one for every launch."""
        state = self.state
        since = round(state.since * 1000)
        return f"{sensor}:{state.born}:{state.generation}:{since}:{state.seen[:16]}"


def night_of(now: float) -> int:
    """Number of the night that `now` belongs to; it changes at 02:00 UTC."""
    return int((now - NIGHT_S) // _DAY_S)


def wants_every_file(state: SensorState | None, now: float) -> bool:
    """Whether this tick has to look at every file, and not only at what folders tell: a file that
    is still being written changes no folder."""
    return state is None or state.quiet < QUIET_TICKS or state.night != night_of(now)


def decide(
    state: SensorState | None, snapshot: Snapshot, runs: Sequence[Retrain], now: float, rules: Rules
) -> Decision:
    """What this tick does. runs: those in flight and the newest finished ones, in any order."""
    if state is None:
        return _first_scan(snapshot, runs, now)
    before = _not_of_the_future(state, now)
    state = _after_runs(_after_scan(before, snapshot, now), before, snapshot, _ended(runs, now))
    in_flight = sum(run.outcome is Outcome.IN_FLIGHT for run in runs)
    if in_flight and state.tries:
        state = replace(state, tried=now)
    if state.covered == snapshot.signature:
        return Decision(Action.WAIT, f"nothing changed: {_told(snapshot)}", state)
    if state.quiet < QUIET_TICKS or now - state.moved < rules.quiet_s:
        return Decision(
            Action.WAIT,
            f"changed, and not quiet for {QUIET_TICKS} ticks yet: {_told(snapshot)}",
            state,
        )
    if in_flight:
        told = "launched; {} retrain in flight" if state.tries else _FOLLOWS
        return Decision(Action.WAIT, told.format(in_flight), state)
    removed = _removed(state.amounts, snapshot, rules.removal_share)
    if removed:
        return Decision(
            Action.WAIT,
            f"{'; '.join(removed)}: more than MOS_REMOVAL_SHARE={rules.removal_share:g} is gone, "
            f"so nothing is launched. {QUESTION.format(rules.job)}",
            state,
        )
    wait = state.tried + retry_wait(state.tries) - now
    if wait > 0:
        return Decision(
            Action.WAIT,
            f"{_of_last(state)} ({state.tries} so far); the next is launched in "
            f"{math.ceil(wait / 60)} min, or when files change: {_told(snapshot)}",
            state,
        )
    what = "changed" if state.covered else "maybe not read by the last retrain"
    return Decision(
        Action.LAUNCH,
        f"{_of_last(state) if state.tries else what}: {_told(snapshot)}",
        replace(state, generation=state.generation + 1, tries=state.tries + 1, tried=now),
    )


def _of_last(state: SensorState) -> str:
    if state.doubted:
        return "something came or went while the last run of this state read it"
    return "the last run of this state failed"


def retry_wait(tries: int) -> float:
    """Seconds after so many failures of one state until it is launched again."""
    return min(RETRY_S * 2.0 ** (min(tries, 10) - 1), _DAY_S) if tries else 0.0


def _first_scan(snapshot: Snapshot, runs: Sequence[Retrain], now: float) -> Decision:
    """Remember what is there; somebody has to ask for the first retrain.

    Where something was touched since the newest retrain started, it may not have read that.
    """
    done = [run.started for run in runs if run.outcome is Outcome.DONE]
    going = [run.started for run in runs if run.outcome is Outcome.IN_FLIGHT]
    newest = max((at for at in done if at is not None and at <= now), default=None)
    newer = any(
        started is not None and started <= snapshot.touched <= now for started in (*going, newest)
    )
    state = SensorState(
        covered=None if newer else snapshot.signature,
        amounts=dict(snapshot.amounts),
        seen=snapshot.signature,
        stirred=snapshot.stirred,
        # It has been so since then, which tells whether a retrain in flight has read it.
        since=min(snapshot.touched, now),
        seen_since=min(snapshot.touched, now),
        arriving=snapshot.arriving,
        moved=now,
        lies=snapshot.lies,
        beside=snapshot.beside,
        beside_since=now,
        quiet=0,
        counted=max((run.ended for run in _ended(runs, now)), default=0.0),
        night=night_of(now),
        turn=0,
        born=int(now),
        generation=0,
        tries=0,
        tried=0.0,
        doubted=False,
    )
    what = "changed since the last retrain" if newer else "the next change starts a retrain"
    return Decision(Action.WAIT, f"first look: {_told(snapshot)}; {what}", state)


@dataclass(frozen=True, slots=True)
class _Ended:
    started: float
    ended: float
    outcome: Outcome
    own: bool


def _ended(runs: Sequence[Retrain], now: float) -> list[_Ended]:
    """Retrains that ended, in that order: one may start later and end first. One that ended in the
    future says nothing: the clock was set back since."""
    found = [
        _Ended(run.started, run.ended, run.outcome, run.own)
        for run in runs
        if run.started is not None and run.ended is not None and run.ended <= now
    ]
    return sorted(found, key=lambda run: run.ended)


def _not_of_the_future(state: SensorState, now: float) -> SensorState:
    """What was remembered under a clock that has been set back must not silence the sensor."""
    return replace(
        state,
        since=min(state.since, now),
        seen_since=min(state.seen_since, now),
        moved=min(state.moved, now),
        beside_since=min(state.beside_since, now),
        counted=min(state.counted, now),
        tried=min(state.tried, now),
    )


def _same(state: SensorState, snapshot: Snapshot) -> bool:
    """Whether all is as it was seen; a counter of lies that starts anew belongs to a catalogue that
    was made anew."""
    return snapshot.signature == state.seen and snapshot.lies <= state.lies


def _untouched(state: SensorState, snapshot: Snapshot) -> bool:
    """And nothing came or went meanwhile."""
    return _same(state, snapshot) and snapshot.stirred == state.stirred


def _after_scan(state: SensorState, snapshot: Snapshot, now: float) -> SensorState:
    untouched, same_beside = _untouched(state, snapshot), snapshot.beside == state.beside
    still = untouched and same_beside and snapshot.arriving == state.arriving
    lied = snapshot.lies > state.lies
    return replace(
        state,
        covered=None if lied else state.covered,
        seen=snapshot.signature,
        stirred=snapshot.stirred,
        since=state.since if untouched else now,
        seen_since=state.seen_since if _same(state, snapshot) else now,
        arriving=snapshot.arriving,
        moved=state.moved if still else now,
        lies=snapshot.lies,
        beside=snapshot.beside,
        beside_since=state.beside_since if same_beside else now,
        quiet=min(state.quiet + 1, QUIET_TICKS) if still else 0,
        night=night_of(now) if snapshot.every_file else state.night,
        turn=state.turn + 1,
        tries=0 if lied or snapshot.signature != state.seen else state.tries,
    )


def _after_runs(
    state: SensorState, before: SensorState, snapshot: Snapshot, runs: Sequence[_Ended]
) -> SensorState:
    """What is covered once the retrains are counted that have ended since the last tick."""
    for run in runs:
        if run.ended > state.counted:
            state = replace(state, counted=run.ended)
            count = _after_success if run.outcome is Outcome.DONE else _after_failure
            state = count(state, before, snapshot, run)
    return state


def _after_success(
    state: SensorState, before: SensorState, snapshot: Snapshot, run: _Ended
) -> SensorState:
    """It has read what is there now if that was seen before it started, and nothing came or went
    since. If that is not sure, nothing is covered, and the settled state launches.

    Where all is as it was and only folders were stirred, it waits like after a failure: something
    that comes and goes during every run must not launch all the time.
    """
    read = _untouched(before, snapshot) and before.since <= run.started
    if not read and _same(before, snapshot) and before.seen_since <= run.started:
        return replace(_tried(state, run), covered=None, doubted=True)
    state = replace(state, covered=snapshot.signature if read else None, tries=0)
    if read and before.beside == snapshot.beside and before.beside_since <= run.started:
        state = replace(state, amounts=dict(snapshot.amounts))
    return state


def _after_failure(
    state: SensorState, before: SensorState, snapshot: Snapshot, run: _Ended
) -> SensorState:
    """One that failed on what is there now counts as a try, whoever launched it; the tries of this
    sensor are counted when it launches."""
    if not _same(before, snapshot) or before.seen_since > run.started:
        return state
    return replace(_tried(state, run), doubted=False)


def _tried(state: SensorState, run: _Ended) -> SensorState:
    tries = max(state.tries + (not run.own), 1)
    return replace(state, tries=tries, tried=max(state.tried, run.ended))


def _removed(before: Mapping[str, int], snapshot: Snapshot, share: float) -> list[str]:
    """What shrank by more than this share; a corpus that is no longer configured is not meant."""
    after = snapshot.amounts
    return [
        f"{count - after[what]} of {count} {what} are missing"
        for what, count in sorted(before.items())
        if what in after
        and count - after[what] > share * count
        and not (what in snapshot.shrinkable and after[what])
    ]


def _told(snapshot: Snapshot) -> str:
    return (
        ", ".join(f"{n} {what}" for what, n in sorted(snapshot.amounts.items()) if n) or "no clips"
    )
