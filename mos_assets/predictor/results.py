"""What a prediction is: typed, and never a bare number without where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where a prediction comes from."""

    HEAD = "head"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class MosPrediction:
    """One predicted opinion score; `float()` of it is the score."""

    mos: float
    """1..5."""
    source: Source
    head_id: str
    status: str | None
    """`Accepted` or `Proposed`; None for the fallback."""
    reason: str
    """For the fallback why no head was used, else the verdict that the head carries."""
    interval: tuple[float, float] | None = None
    """Within 1..5: holds the rating of nine in ten clips like those of the head's corpus, measured
    in the same way. None for the fallback, and for a head that can promise none."""

    def __float__(self) -> float:
        return self.mos


@dataclass(frozen=True, slots=True)
class ClipPrediction:
    """The predicted opinion score of one clip; `float()` of it is the score."""

    clip: str
    """Its path, as it was given."""
    mos: float
    """1..5."""
    interval: tuple[float, float] | None
    """Within 1..5: holds the rating of `level` of the clips like those of the head's corpus. None
    where none can be promised, as for a clip that is not comparable and for the fallback."""
    level: float | None
    """As .9; None without an interval."""
    head_id: str | None
    """None for the fallback."""
    status: str | None
    """`Accepted` or `Proposed`; None for the fallback."""
    source: Source
    reference: str | None
    """The pristine file that the clip was compared with; None where the head needs none."""
    comparable: bool
    """Whether the clip was measured exactly as the head's training rows were."""
    reason: str
    """The verdict that the head carries, and what else to know of the figure."""
    applicability: None = None
    """How well the head's corpus covers such a clip; None: heads do not say so yet."""

    def __float__(self) -> float:
        return self.mos
