"""Clips that come in to be scored, and their scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IncomingClip:
    """One clip that lies in the folder."""

    clip: str
    """Its path from the folder; bytes that are not UTF-8 as `\\xff`."""
    sha256: str | None
    """None where it cannot be read."""
    size_bytes: int
    mtime_ns: int
    reference: str | None
    """Path of its pristine file; None where it has none."""
    reference_sha256: str | None
    reference_stamp: str | None
    """Size and time of that file, by which it is known again without being read."""
    reason: str | None
    """Why it or its reference cannot be used; None where both can."""
    arrived_at: datetime
    """When these bytes were first seen under this name."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """The latest score of one clip, or why it has none."""

    clip: str
    sha256: str | None
    size_bytes: int
    mtime_ns: int
    reference: str | None
    """None where the head needs none."""
    reference_sha256: str | None
    head_id: str | None
    """None where no head may score."""
    candidate_id: str | None
    """The head's weights, data and recipe."""
    status: str | None
    mos: float | None
    """1..5."""
    low: float | None
    high: float | None
    level: float | None
    """Share of such clips whose rating lies in `low`..`high`."""
    comparable: bool | None
    """Whether the clip was measured as the head's training rows were."""
    applicability: str | None
    """INSIDE or OUTSIDE of the training rows; None where the head does not say."""
    reason: str
    again: bool
    """Whether a clip without a score may have one another time: the machine failed, its reference
    was not there, or no head was."""
    arrived_at: datetime
    scored_at: datetime


INSIDE, OUTSIDE = "inside", "outside"
