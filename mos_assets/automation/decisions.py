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

from mos_assets.automation.facts import Memory, Outcome, Retrain, Sight

QUIET_TICKS = 2
"""Ticks in a row that have to find nothing new after the one that found a change."""
NIGHT_S = 2 * 3600
"""Seconds after midnight UTC at which every file is looked at, an hour before the weekly run."""
_DAY_S = 86_400
RETRY_S = 3600
"""Wait after the first failure of a state; it doubles with each one that follows, up to a day."""
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick does, why in the words that the UI shows, and what it remembers."""

    action: Action
    reason: str
    memory: Memory

    def key(self, sensor: str) -> str:
        """The same for the same tick decided twice, another one for every launch."""
        memory = self.memory
        since = round(memory.since * 1000)
        return f"{sensor}:{memory.born}:{memory.generation}:{since}:{memory.seen[:16]}"


def night_of(now: float) -> int:
    """Number of the night that `now` belongs to; it changes at 02:00 UTC."""
    return int((now - NIGHT_S) // _DAY_S)


def wants_every_file(memory: Memory | None, now: float) -> bool:
    """Whether this tick has to look at every file, and not only at what folders tell: a file that
    is still being written changes no folder."""
    return memory is None or memory.quiet < QUIET_TICKS or memory.night != night_of(now)


def decide(
    memory: Memory | None, sight: Sight, runs: Sequence[Retrain], now: float, rules: Rules
) -> Decision:
    """What this tick does. runs: those in flight and the newest finished ones, in any order."""
    if memory is None:
        return _first_look(sight, runs, now)
    before = _not_of_the_future(memory, now)
    memory = _after_runs(_after_look(before, sight, now), before, sight, runs, now)
    in_flight = sum(run.outcome is Outcome.IN_FLIGHT for run in runs)
    if in_flight and memory.tries:
        memory = replace(memory, tried=now)
    if memory.covered == sight.signature:
        return Decision(Action.WAIT, f"nothing changed: {_told(sight)}", memory)
    if memory.quiet < QUIET_TICKS or now - memory.moved < rules.quiet_s:
        return Decision(
            Action.WAIT,
            f"changed, and not quiet for {QUIET_TICKS} ticks yet: {_told(sight)}",
            memory,
        )
    if in_flight:
        told = "launched; {} retrain in flight" if memory.tries else _FOLLOWS
        return Decision(Action.WAIT, told.format(in_flight), memory)
    removed = _removed(memory.amounts, sight, rules.removal_share)
    if removed:
        return Decision(
            Action.WAIT,
            f"{'; '.join(removed)}: more than MOS_REMOVAL_SHARE={rules.removal_share:g} is gone, "
            "so nothing is launched. Put it back, or confirm by launching the job retrain by hand.",
            memory,
        )
    wait = memory.tried + retry_wait(memory.tries) - now
    if wait > 0:
        return Decision(
            Action.WAIT,
            f"the last run of this state failed ({memory.tries} so far); the next is launched in "
            f"{math.ceil(wait / 60)} min, or when files change: {_told(sight)}",
            memory,
        )
    what = "changed" if memory.covered else "maybe not read by the last retrain"
    return Decision(
        Action.LAUNCH,
        f"{'the last run of this state failed' if memory.tries else what}: {_told(sight)}",
        replace(memory, generation=memory.generation + 1, tries=memory.tries + 1, tried=now),
    )


def retry_wait(tries: int) -> float:
    """Seconds after so many failures of one state until it is launched again."""
    return min(RETRY_S * 2.0 ** (min(tries, 10) - 1), _DAY_S) if tries else 0.0


def _first_look(sight: Sight, runs: Sequence[Retrain], now: float) -> Decision:
    """Remember what is there; somebody has to ask for the first retrain.

    Where something was touched since the newest retrain started, it may not have read that.
    """
    done = [run.started for run in _started(runs, now) if run.outcome is Outcome.DONE]
    going = [run.started for run in _started(runs, now) if run.outcome is Outcome.IN_FLIGHT]
    newer = any(started <= sight.touched <= now for started in (*going, *done[-1:]))
    memory = Memory(
        covered=None if newer else sight.signature,
        amounts=dict(sight.amounts),
        seen=sight.signature,
        stirred=sight.stirred,
        # It has been so since then, which tells whether a retrain in flight has read it.
        since=min(sight.touched, now),
        arriving=sight.arriving,
        moved=now,
        lies=sight.lies,
        beside=sight.beside,
        beside_since=now,
        quiet=0,
        last_run=max((run.started for run in _finished(runs, now)), default=0.0),
        night=night_of(now),
        turn=0,
        born=int(now),
        generation=0,
        tries=0,
        tried=0.0,
    )
    what = "changed since the last retrain" if newer else "the next change starts a retrain"
    return Decision(Action.WAIT, f"first look: {_told(sight)}; {what}", memory)


@dataclass(frozen=True, slots=True)
class _Started:
    started: float
    outcome: Outcome
    own: bool


def _started(runs: Sequence[Retrain], now: float) -> list[_Started]:
    """Retrains that started, the oldest first. One that started in the future says nothing: the
    clock was set back since."""
    found = [
        _Started(run.started, run.outcome, run.own)
        for run in runs
        if run.started is not None and run.started <= now
    ]
    return sorted(found, key=lambda run: run.started)


def _finished(runs: Sequence[Retrain], now: float) -> list[_Started]:
    return [run for run in _started(runs, now) if run.outcome is not Outcome.IN_FLIGHT]


def _not_of_the_future(memory: Memory, now: float) -> Memory:
    """What was remembered under a clock that has been set back must not silence the sensor."""
    return replace(
        memory,
        since=min(memory.since, now),
        moved=min(memory.moved, now),
        beside_since=min(memory.beside_since, now),
        last_run=min(memory.last_run, now),
        tried=min(memory.tried, now),
    )


def _untouched(memory: Memory, sight: Sight) -> bool:
    return (
        sight.signature == memory.seen
        and sight.stirred == memory.stirred
        and sight.lies <= memory.lies
    )


def _after_look(memory: Memory, sight: Sight, now: float) -> Memory:
    same, same_beside = _untouched(memory, sight), sight.beside == memory.beside
    still = same and same_beside and sight.arriving == memory.arriving
    # A counter that starts anew belongs to a catalogue that was made anew.
    lied = sight.lies > memory.lies
    return replace(
        memory,
        covered=None if lied else memory.covered,
        seen=sight.signature,
        stirred=sight.stirred,
        since=memory.since if same else now,
        arriving=sight.arriving,
        moved=memory.moved if still else now,
        lies=sight.lies,
        beside=sight.beside,
        beside_since=memory.beside_since if same_beside else now,
        quiet=min(memory.quiet + 1, QUIET_TICKS) if still else 0,
        night=night_of(now),
        turn=memory.turn + 1,
        tries=0 if lied or sight.signature != memory.seen else memory.tries,
    )


def _after_runs(
    memory: Memory, before: Memory, sight: Sight, runs: Sequence[Retrain], now: float
) -> Memory:
    """What is covered once the retrains are counted that have ended since the last tick.

    One that was done has read what is there now if that was seen before it started, and nothing
    came or went since. If that is not sure, nothing is covered, and the settled state launches.
    One that failed on what is there now counts as a try, whoever launched it; the tries of this
    sensor are counted when it launches.
    """
    for run in _finished(runs, now):
        if run.started <= memory.last_run:
            continue
        memory = replace(memory, last_run=run.started)
        if run.outcome is not Outcome.DONE:
            if not run.own and before.since <= run.started and _untouched(before, sight):
                tried = max(memory.tried, run.started)
                memory = replace(memory, tries=memory.tries + 1, tried=tried)
            continue
        read = _untouched(before, sight) and before.since <= run.started
        memory = replace(memory, covered=sight.signature if read else None, tries=0)
        if read and before.beside == sight.beside and before.beside_since <= run.started:
            memory = replace(memory, amounts=dict(sight.amounts))
    return memory


def _removed(before: Mapping[str, int], sight: Sight, share: float) -> list[str]:
    """What shrank by more than this share; a corpus that is no longer configured is not meant."""
    after = sight.amounts
    return [
        f"{count - after[what]} of {count} {what} are missing"
        for what, count in sorted(before.items())
        if what in after
        and count - after[what] > share * count
        and not (what in sight.shrinkable and after[what])
    ]


def _told(sight: Sight) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(sight.amounts.items()) if n) or "no clips"
