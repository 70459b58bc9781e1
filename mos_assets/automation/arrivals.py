"""Whether clips that came in are scored now: a pure function of what the sensor remembers, what it
sees, and the time.

A clip is due once it has lain still for two ticks; that others arrive all the time holds up none.
Which clips have their scores, the file of scores says, so that none is launched for twice. What a
run left without a score (its reference was not there, the machine failed) is tried again after a
wait that doubles, and so is a run that failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from mos_assets.automation.decisions import QUIET_TICKS, retry_wait

MOST_WATCHED = 500
"""Clips whose rest is remembered; a run takes the others along."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What there is to score."""

    clips: frozenset[str]
    """A key for each clip without a score by the released head; it moves with the clip's bytes."""
    scores: str
    """Moves with the file of scores, which every run that succeeds writes."""
    again: str = ""
    """Moves with what may give another score to clips that were looked at; empty where nothing
    may."""
    references: str = ""
    """Moves with the pristine files."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Since when a clip, or what was left without a score, has been as it is."""

    looks: int
    """Ticks that found it so after the first."""
    since: float
    tries: int = 0
    """Launches for it."""
    tried: float = 0.0


@dataclass(frozen=True, slots=True)
class ArrivalState:
    """The cursor of the sensor."""

    born: int
    watched: Mapping[str, Watched] = field(default_factory=dict)
    launches: int = 0
    """With `born` it makes the key of a launch, which never comes twice."""
    launched_at: str = ""
    """The file of scores when the last run was launched."""
    launched_with: str = ""
    """The pristine files then."""
    references: str = ""
    """Those that the last run that succeeded has read."""
    failures: int = 0
    """Launches in a row after which it stayed so: they failed."""
    tried: float = 0.0
    turn: int = 0
    night: int = -1
    seen: str = ""
    """Signature of all that the last look depended on."""
    heads: str = ""
    """Signature of the model folder, for which the two that follow hold."""
    candidate: str | None = None
    no_head: str = ""
    """Why no head may score."""

    def to_cursor(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_cursor(cls, text: str | None, now: float) -> ArrivalState:
        """A new one where there is none, or one of another version: scores are not in it."""
        try:
            found = json.loads(text or "")
            watched = {key: Watched(**each) for key, each in found.pop("watched").items()}
            return cls(watched=watched, **found)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(born=int(now))


@dataclass(frozen=True, slots=True)
class ArrivalDecision:
    """What a tick does, why in the words that the UI shows, and what it remembers."""

    launches: bool
    reason: str
    state: ArrivalState


def is_settled(state: ArrivalState) -> bool:
    """Whether nothing is watched that may still be written."""
    return all(one.looks >= QUIET_TICKS for one in state.watched.values())


def decide_scoring(
    state: ArrivalState, seen: Arrivals, in_flight: bool, now: float, quiet_s: float
) -> ArrivalDecision:
    """What this tick does.

    in_flight: whether a run that scores is. quiet_s: seconds that a clip must lie still at least,
    so that two quick ticks do not count.
    """
    state = replace(
        state,
        watched=_watched(state, seen, now),
        failures=_failures(state, seen),
        # A time to come is of a clock that was set back since.
        tried=min(state.tried, now),
        turn=state.turn + 1,
    )
    if not state.watched:
        return ArrivalDecision(False, "every clip has its score", state)
    told = f"{len(seen.clips)} clips to score" if seen.clips else "clips without a score"
    if in_flight:
        return ArrivalDecision(
            False, f"{told}; a run that scores is in flight", replace(state, tried=now)
        )
    still = {
        key
        for key, one in state.watched.items()
        if one.looks >= QUIET_TICKS and now - one.since >= quiet_s
    }
    if not still:
        return ArrivalDecision(False, f"{told}, and not still for {QUIET_TICKS} ticks yet", state)
    wait = state.tried + retry_wait(state.failures) - now
    if wait > 0:
        why = f"the last run failed ({state.failures} so far)"
        return ArrivalDecision(
            False, f"{told}; {why}; the next is launched in {_minutes(wait)}", state
        )
    due = {k for k in still if now >= state.watched[k].tried + retry_wait(state.watched[k].tries)}
    if not due:
        next_at = min(state.watched[k].tried + retry_wait(state.watched[k].tries) for k in still)
        why = f"they are tried again in {_minutes(next_at - now)}, or when something changes"
        return ArrivalDecision(False, f"{told}; {why}", state)
    watched = {
        key: replace(one, tries=one.tries + 1, tried=now) if key in still else one
        for key, one in state.watched.items()
    }
    state = replace(
        state,
        watched=watched,
        launches=state.launches + 1,
        launched_at=seen.scores,
        launched_with=seen.references,
        failures=state.failures + 1,
        tried=now,
    )
    return ArrivalDecision(True, told, state)


def _watched(state: ArrivalState, seen: Arrivals, now: float) -> dict[str, Watched]:
    keys = [*sorted(seen.clips)[:MOST_WATCHED], *([seen.again] if seen.again else [])]
    return {key: _looked_at(state.watched.get(key), now) for key in keys}


def _looked_at(one: Watched | None, now: float) -> Watched:
    """Times that lie in the future are of a clock that was set back since."""
    if one is None:
        return Watched(0, now)
    since, tried = min(one.since, now), min(one.tried, now)
    return replace(one, looks=min(one.looks + 1, QUIET_TICKS), since=since, tried=tried)


def _failures(state: ArrivalState, seen: Arrivals) -> int:
    """A run that has succeeded has written the file of scores."""
    return state.failures if state.launched_at == seen.scores else 0


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"
