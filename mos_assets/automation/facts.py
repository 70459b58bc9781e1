"""What a decision is made from: what is seen, what ran, and what a sensor remembers.

What is remembered is what the last retrain has read, what was seen, and since when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum, auto


class Outcome(Enum):
    """Where a retrain stands."""

    IN_FLIGHT = auto()
    """Queued, starting, running or being cancelled."""
    DONE = auto()
    FAILED = auto()
    """Failed or cancelled: it covers nothing."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What lies there now."""

    signature: str
    amounts: Mapping[str, int]
    """What must not shrink unasked: clips and label rows of each corpus."""
    touched: float
    """Unix time at which a clip, its folder, a label file or a table was last changed."""
    stirred: str = ""
    """Moves with the times of the watched folders: clips came or went, even if all is as before."""
    arriving: str = ""
    """Moves with files that are not read, such as a clip that has another name until it is
    complete."""
    lies: int = 0
    """Counts the times that files were found whose bytes changed under their old size and mtime."""
    beside: str = ""
    """What the launch waits for without being launched by it: the corpora, for the tables."""
    every_file: bool = True
    """Whether each file was looked at."""
    shrinkable: frozenset[str] = frozenset()
    """Those of the amounts that may shrink unasked as long as something is left."""
    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """External asset → corpus → how much there is, for the catalogue; nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Retrain:
    """One retrain, whoever started it."""

    started: float | None
    """Unix time; None while it is queued."""
    outcome: Outcome
    ended: float | None = None
    """Unix time; None before."""
    own: bool = False
    """Whether the sensor that asks has launched it."""


@dataclass(frozen=True, slots=True)
class SensorState:
    """The cursor of a sensor."""

    covered: str | None
    """Signature that the last retrain has read; None where that is not known."""
    amounts: Mapping[str, int]
    """Amounts that belong to `covered`, or to the last one that was known."""
    seen: str
    stirred: str
    since: float
    """When `seen` and `stirred` were first seen as they are."""
    seen_since: float
    """When `seen` alone was."""
    arriving: str
    moved: float
    """When anything was last seen to move, what still arrives and `beside` included."""
    lies: int
    beside: str
    beside_since: float
    """When `beside` was first seen as it is."""
    quiet: int
    """Ticks in a row that found all of these as they were."""
    counted: float
    """End of the newest retrain that was taken into account."""
    night: int
    turn: int
    """Counts ticks; says which files of an unchanged folder are looked at next."""
    born: int
    generation: int
    """Launches so far. With `born` it makes the key of a launch, which never comes twice."""
    tries: int
    """Launches of `seen` that are not known to have read it, and others' runs that have not."""
    tried: float
    """When the last of them was launched, last seen in flight, or ended."""
    doubted: bool
    """Whether the last of them succeeded, but something came or went meanwhile."""

    def to_cursor(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_cursor(cls, text: str | None) -> SensorState | None:
        """None where there is none. A cursor of another version remembers nothing that was
        covered, so that what changed meanwhile is not lost; its amounts still count."""
        if text is None:
            return None
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        try:
            return cls(**found)
        except TypeError:
            return cls(
                covered=None,
                amounts=_amounts_of(found),
                seen="",
                stirred="",
                since=0.0,
                seen_since=0.0,
                arriving="",
                moved=0.0,
                lies=0,
                beside="",
                beside_since=0.0,
                quiet=0,
                counted=0.0,
                night=-1,
                turn=0,
                born=0,
                generation=0,
                tries=0,
                tried=0.0,
                doubted=False,
            )


def _amounts_of(cursor: object) -> dict[str, int]:
    """What can still be understood of a cursor of another version."""
    found = cursor.get("amounts") if isinstance(cursor, dict) else None
    if not isinstance(found, dict):
        return {}
    return {what: count for what, count in found.items() if isinstance(count, int)}
