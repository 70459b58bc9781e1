"""Whether a sensor launches: a pure function of what it saw, what it sees, and what runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Action(Enum):
    """What a tick does."""

    LAUNCH = auto()
    REMEMBER = auto()
    """Keep the new signature without a launch."""
    WAIT = auto()
    """Do nothing and keep the old signature, so that the change is not lost."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick does, and why, in the words that the UI shows."""

    action: Action
    reason: str


def decide(previous: str | None, current: str, runs_in_flight: int) -> Decision:
    """previous: signature of the last launch, None on the first tick; current: signature now;
    runs_in_flight: retrains that are queued or running."""
    if previous is None:
        return Decision(Action.REMEMBER, "first look; the next change starts a retrain")
    if current == previous:
        return Decision(Action.WAIT, "nothing changed")
    if runs_in_flight:
        return Decision(
            Action.WAIT, f"changed, and {runs_in_flight} retrain is in flight; it follows after"
        )
    return Decision(Action.LAUNCH, "changed")
