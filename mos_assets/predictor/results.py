"""What a prediction is: typed, and never a bare number without where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mos_assets.evaluation.applicability import Standing


class Source(StrEnum):
    """Where a prediction comes from."""

    HEAD = "head"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class MosPrediction:
    """One predicted opinion score; `float()` of it is the score.

    Where the clip lies beside the training rows is found out when `applicability`, `interval` or
    `reason` is asked for, which a caller of the score alone need not wait for.
    """

    mos: float
    """1..5."""
    source: Source
    head_id: str
    status: str | None
    """`Accepted` or `Proposed`, or `Adapted` by a layer of the user's; None for the fallback."""
    verdict: str
    """For the fallback why no head was used, else the verdict that the head carries."""
    _within: tuple[float, float] | None = field(default=None, repr=False)
    _standing: Callable[[], Standing] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def applicability(self) -> Standing | None:
        """Whether the clip lies where the training rows did, and if not, which columns and how far.
        None for the fallback, and for a head that does not say where they lay."""
        return None if self._standing is None else self._standing()

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Within 1..5: holds the rating of nine in ten clips like those of the head's corpus,
        measured in the same way. None for the fallback, for a head that can promise none, and for
        a clip outside the training rows."""
        found = None if self._within is None else self.applicability
        return self._within if found is None or found.inside else None

    @cached_property
    def reason(self) -> str:
        """The verdict, and why no interval is promised where the head has one."""
        if self._within is None or self.interval is not None or self.applicability is None:
            return self.verdict
        return f"{self.verdict}; no interval is promised: {self.applicability.sentence}"

    def __float__(self) -> float:
        return self.mos

    def __repr__(self) -> str:
        shown = (self.mos, self.source, self.head_id, self.status, self.interval, self.reason)
        names = ("mos", "source", "head_id", "status", "interval", "reason")
        told = ", ".join(f"{n}={v!r}" for n, v in zip(names, shown, strict=True))
        return f"{type(self).__name__}({told})"

    def __getstate__(self) -> dict[str, object]:
        """All that can be asked, without the head that answers it."""
        asked = (self.applicability, self.interval, self.reason)
        names = ("applicability", "interval", "reason")
        return {**self.__dict__, **dict(zip(names, asked, strict=True)), "_standing": None}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a clip's score was computed from."""

    features: Mapping[str, float | None]
    """By name, raw units: those of the head's `feature_order`; None where it filled a gap."""
    encoder: str
    """What the head was told of the encoder."""
    bit_rate: int | None
    """Coded bits of the pictures a second; None where the file does not say how long it lasts."""


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
    """`Accepted` or `Proposed`, or `Adapted` by a layer of the user's; None for the fallback."""
    source: Source
    reference: str | None
    """The pristine file that the clip was compared with; None where the head needs none."""
    comparable: bool
    """Whether the clip was measured exactly as the head's training rows were, or as those are
    declared to have been."""
    reason: str
    """The verdict that the head carries, and what else to know of the figure."""
    applicability: Standing | None = None
    """As in `MosPrediction`."""
    declared: bool = False
    """Whether it is comparable only by a declaration that nobody has proved."""
    measured: Measured | None = field(default=None, compare=False, repr=False)
    """None for the fallback."""

    def __float__(self) -> float:
        return self.mos
