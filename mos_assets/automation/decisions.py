"""Whether a sensor launches: a pure function of what it remembers, what it sees, what ran, and
the time.

What is remembered is what the last retrain has read (`covered`), and what was seen since when.
A change is whatever differs from `covered`; it launches once it has been quiet for two ticks and
nothing is in flight. A retrain that somebody else started after the change had settled has read
it, and counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto

QUIET_TICKS = 2
"""Ticks in a row that have to find nothing new after the one that found a change."""
NIGHT_S = 2 * 3600
"""Seconds after midnight UTC at which every file is looked at, an hour before the weekly run."""
_DAY_S = 86_400


class Action(Enum):
    """What a tick does."""

    LAUNCH = auto()
    WAIT = auto()


class Outcome(Enum):
    """Where a retrain stands."""

    IN_FLIGHT = auto()
    """Queued, starting, running or being cancelled."""
    DONE = auto()
    FAILED = auto()
    """Failed or cancelled, or done under other settings than the sensor's: it covers nothing."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What lies there now."""

    signature: str
    amounts: Mapping[str, int]
    """What must not shrink unasked: clips and label rows of each corpus."""
    touched: float
    """Unix time at which a watched folder, label file or table was last changed; where it moves,
    files came or went even if all is as before."""


@dataclass(frozen=True, slots=True)
class Retrain:
    """One retrain, whoever started it."""

    started: float | None
    """Unix time; None while it is queued."""
    outcome: Outcome
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that a decision depends on."""

    removal_share: float
    quiet_s: float
    """Seconds that must have passed since the last change, so that two quick ticks do not count."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The cursor of a sensor."""

    covered: str | None
    """Signature that the last retrain has read or will read; None where that is not known."""
    amounts: Mapping[str, int]
    """Amounts that belong to `covered`, or to the last one that was known."""
    seen: str
    touched: float
    since: float
    """When `seen` and `touched` were first seen as they are."""
    quiet: int
    last_run: float
    """Start of the newest retrain that was taken into account."""
    night: int
    turn: int
    """Counts ticks; says which files of an unchanged folder are looked at next."""
    born: int
    generation: int
    """Launches so far. With `born` it makes the key of a launch, which never comes twice."""

    def to_cursor(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_cursor(cls, text: str | None) -> Memory | None:
        """None where there is none. A cursor of another version remembers nothing that was
        covered, so that what changed meanwhile is not lost."""
        if text is None:
            return None
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError):
            return cls(None, {}, "", 0.0, 0.0, 0, 0.0, -1, 0, 0, 0)


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
    memory = _after_runs(_after_look(memory, sight, now), memory, sight, runs)
    in_flight = sum(run.outcome is Outcome.IN_FLIGHT for run in runs)
    if memory.covered == sight.signature:
        return Decision(Action.WAIT, f"nothing changed: {_told(sight)}", memory)
    if memory.quiet < QUIET_TICKS or now - memory.since < rules.quiet_s:
        return Decision(
            Action.WAIT,
            f"changed, and not quiet for {QUIET_TICKS} ticks yet: {_told(sight)}",
            memory,
        )
    if in_flight:
        return Decision(
            Action.WAIT, f"changed; {in_flight} retrain in flight, this one follows after", memory
        )
    removed = _removed(memory.amounts, sight.amounts, rules.removal_share)
    if removed:
        return Decision(
            Action.WAIT,
            f"{'; '.join(removed)}: more than MOS_REMOVAL_SHARE={rules.removal_share:g} is gone, "
            "so nothing is launched. Put it back, or confirm by launching the job retrain by hand.",
            memory,
        )
    return Decision(
        Action.LAUNCH,
        f"{'changed' if memory.covered else 'maybe not read by the last retrain'}: {_told(sight)}",
        replace(
            memory,
            covered=sight.signature,
            amounts=dict(sight.amounts),
            generation=memory.generation + 1,
        ),
    )


def _first_look(sight: Sight, runs: Sequence[Retrain], now: float) -> Decision:
    """Remember what is there; somebody has to ask for the first retrain.

    Where one is done already and folders changed after it, what it covers is not there any more.
    """
    ends = [run.ended for run in runs if run.outcome is Outcome.DONE and run.ended is not None]
    newer = bool(ends) and max(ends) < sight.touched <= now
    memory = Memory(
        covered=None if newer else sight.signature,
        amounts=dict(sight.amounts),
        seen=sight.signature,
        touched=sight.touched,
        since=now,
        quiet=0,
        last_run=max((run.started for run in runs if run.started is not None), default=0.0),
        night=night_of(now),
        turn=0,
        born=int(now),
        generation=0,
    )
    what = "changed since the last retrain" if newer else "the next change starts a retrain"
    return Decision(Action.WAIT, f"first look: {_told(sight)}; {what}", memory)


def _untouched(memory: Memory, sight: Sight) -> bool:
    return sight.signature == memory.seen and sight.touched == memory.touched


def _after_look(memory: Memory, sight: Sight, now: float) -> Memory:
    same = _untouched(memory, sight)
    return replace(
        memory,
        seen=sight.signature,
        touched=sight.touched,
        since=memory.since if same else now,
        quiet=min(memory.quiet + 1, QUIET_TICKS) if same else 0,
        night=night_of(now),
        turn=memory.turn + 1,
    )


def _after_runs(now: Memory, before: Memory, sight: Sight, runs: Sequence[Retrain]) -> Memory:
    """What is covered once the retrains are counted that have ended since the last tick.

    One that was done has read what is there now if that was seen before it started, and nothing
    was touched since. If that is not sure, nothing is covered, and the settled state launches.
    """
    for run in sorted(
        (run for run in runs if run.outcome is not Outcome.IN_FLIGHT and run.started is not None),
        key=lambda run: run.started or 0.0,
    ):
        started = run.started or 0.0
        if started <= now.last_run:
            continue
        now = replace(now, last_run=started)
        if run.outcome is Outcome.DONE and _untouched(before, sight) and before.since <= started:
            now = replace(now, covered=sight.signature, amounts=dict(sight.amounts))
        elif run.outcome is Outcome.DONE:
            now = replace(now, covered=None)
    return now


def _removed(before: Mapping[str, int], after: Mapping[str, int], share: float) -> list[str]:
    """What shrank by more than this share; a corpus that is no longer configured is not meant."""
    return [
        f"{count - after[what]} of {count} {what} are missing"
        for what, count in sorted(before.items())
        if what in after and count - after[what] > share * count
    ]


def _told(sight: Sight) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(sight.amounts.items())) or "no clips"
