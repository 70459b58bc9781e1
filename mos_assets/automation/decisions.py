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
    memory = _after_runs(_after_look(before, sight, now), before, sight, _ended(runs, now))
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
            f"{_of_last(memory)} ({memory.tries} so far); the next is launched in "
            f"{math.ceil(wait / 60)} min, or when files change: {_told(sight)}",
            memory,
        )
    what = "changed" if memory.covered else "maybe not read by the last retrain"
    return Decision(
        Action.LAUNCH,
        f"{_of_last(memory) if memory.tries else what}: {_told(sight)}",
        replace(memory, generation=memory.generation + 1, tries=memory.tries + 1, tried=now),
    )


def _of_last(memory: Memory) -> str:
    if memory.doubted:
        return "something came or went while the last run of this state read it"
    return "the last run of this state failed"


def retry_wait(tries: int) -> float:
    """Seconds after so many failures of one state until it is launched again."""
    return min(RETRY_S * 2.0 ** (min(tries, 10) - 1), _DAY_S) if tries else 0.0


def _first_look(sight: Sight, runs: Sequence[Retrain], now: float) -> Decision:
    """Remember what is there; somebody has to ask for the first retrain.

    Where something was touched since the newest retrain started, it may not have read that.
    """
    done = [run.started for run in runs if run.outcome is Outcome.DONE]
    going = [run.started for run in runs if run.outcome is Outcome.IN_FLIGHT]
    newest = max((at for at in done if at is not None and at <= now), default=None)
    newer = any(
        started is not None and started <= sight.touched <= now for started in (*going, newest)
    )
    memory = Memory(
        covered=None if newer else sight.signature,
        amounts=dict(sight.amounts),
        seen=sight.signature,
        stirred=sight.stirred,
        # It has been so since then, which tells whether a retrain in flight has read it.
        since=min(sight.touched, now),
        seen_since=min(sight.touched, now),
        arriving=sight.arriving,
        moved=now,
        lies=sight.lies,
        beside=sight.beside,
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
    return Decision(Action.WAIT, f"first look: {_told(sight)}; {what}", memory)


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


def _not_of_the_future(memory: Memory, now: float) -> Memory:
    """What was remembered under a clock that has been set back must not silence the sensor."""
    return replace(
        memory,
        since=min(memory.since, now),
        seen_since=min(memory.seen_since, now),
        moved=min(memory.moved, now),
        beside_since=min(memory.beside_since, now),
        counted=min(memory.counted, now),
        tried=min(memory.tried, now),
    )


def _same(memory: Memory, sight: Sight) -> bool:
    """Whether all is as it was seen; a counter of lies that starts anew belongs to a catalogue that
    was made anew."""
    return sight.signature == memory.seen and sight.lies <= memory.lies


def _untouched(memory: Memory, sight: Sight) -> bool:
    """And nothing came or went meanwhile."""
    return _same(memory, sight) and sight.stirred == memory.stirred


def _after_look(memory: Memory, sight: Sight, now: float) -> Memory:
    untouched, same_beside = _untouched(memory, sight), sight.beside == memory.beside
    still = untouched and same_beside and sight.arriving == memory.arriving
    lied = sight.lies > memory.lies
    return replace(
        memory,
        covered=None if lied else memory.covered,
        seen=sight.signature,
        stirred=sight.stirred,
        since=memory.since if untouched else now,
        seen_since=memory.seen_since if _same(memory, sight) else now,
        arriving=sight.arriving,
        moved=memory.moved if still else now,
        lies=sight.lies,
        beside=sight.beside,
        beside_since=memory.beside_since if same_beside else now,
        quiet=min(memory.quiet + 1, QUIET_TICKS) if still else 0,
        night=night_of(now) if sight.every_file else memory.night,
        turn=memory.turn + 1,
        tries=0 if lied or sight.signature != memory.seen else memory.tries,
    )


def _after_runs(memory: Memory, before: Memory, sight: Sight, runs: Sequence[_Ended]) -> Memory:
    """What is covered once the retrains are counted that have ended since the last tick."""
    for run in runs:
        if run.ended > memory.counted:
            memory = replace(memory, counted=run.ended)
            count = _after_success if run.outcome is Outcome.DONE else _after_failure
            memory = count(memory, before, sight, run)
    return memory


def _after_success(memory: Memory, before: Memory, sight: Sight, run: _Ended) -> Memory:
    """It has read what is there now if that was seen before it started, and nothing came or went
    since. If that is not sure, nothing is covered, and the settled state launches.

    Where all is as it was and only folders were stirred, it waits like after a failure: something
    that comes and goes during every run must not launch all the time.
    """
    read = _untouched(before, sight) and before.since <= run.started
    if not read and _same(before, sight) and before.seen_since <= run.started:
        return replace(_tried(memory, run), covered=None, doubted=True)
    memory = replace(memory, covered=sight.signature if read else None, tries=0)
    if read and before.beside == sight.beside and before.beside_since <= run.started:
        memory = replace(memory, amounts=dict(sight.amounts))
    return memory


def _after_failure(memory: Memory, before: Memory, sight: Sight, run: _Ended) -> Memory:
    """One that failed on what is there now counts as a try, whoever launched it; the tries of this
    sensor are counted when it launches."""
    if not _same(before, sight) or before.seen_since > run.started:
        return memory
    return replace(_tried(memory, run), doubted=False)


def _tried(memory: Memory, run: _Ended) -> Memory:
    tries = max(memory.tries + (not run.own), 1)
    return replace(memory, tries=tries, tried=max(memory.tried, run.ended))


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
