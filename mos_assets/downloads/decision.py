"""What to do about one clip of a manifest, by its state and the disk: a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mos_assets.records import Download, DownloadState

NO_URL = "the manifest gives no address for the clip"


class Step(Enum):
    """What a run does about a clip."""

    PRESENT = auto()
    """It is on disk: no network, whoever put it there."""
    SKIP = auto()
    """It is not to be had."""
    FETCH = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """The step, and for a skipped clip why."""

    step: Step
    reason: str | None = None


def decide(known: Download | None, *, url: str, on_disk: bool, again: bool = False) -> Decision:
    """known: what an earlier run left; url: what the manifest says now.

    A permanent failure holds for the address that failed: another address is tried, and with
    `again` the same one too.
    """
    if on_disk:
        return Decision(Step.PRESENT)
    if not url:
        return Decision(Step.SKIP, NO_URL)
    failed = known is not None and known.state is DownloadState.FAILED and known.permanent
    if known is not None and failed and known.url == url and not again:
        return Decision(Step.SKIP, known.reason)
    return Decision(Step.FETCH)
