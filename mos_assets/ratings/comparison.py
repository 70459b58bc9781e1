"""What the estimators that were not chosen would have made of the same votes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.ratings.estimation import estimate
from mos_assets.records import BoolArray, Estimate, Estimator, Votes


@dataclass(frozen=True, slots=True)
class Comparison:
    """One estimator beside the chosen one."""

    other: Estimator
    largest_move: float | None
    """The largest difference of a MOS, MOS units; None where no clip has both."""
    clip: str
    """The clip it is of; '' where there is none."""
    interval_ratio: float | None
    """The other's mean 95 % interval over the chosen one's, on clips that have both; None where
    none has, or where the chosen one's are all 0."""
    rejected: tuple[str, ...]
    """Raters whose votes the other leaves out."""
    against: tuple[str, ...]
    """Raters who go against the panel by the other's weights."""


def compare(votes: Votes, chosen: Estimate) -> tuple[Comparison, ...]:
    """Every other estimator that these votes allow, in the order of `Estimator`.

    Where votes name no rater there is nothing to compare, and the result is empty.
    """
    if bool(np.any(votes.rater < 0)):
        return ()
    return tuple(
        _beside(votes, chosen, estimate(votes, other))
        for other in Estimator
        if other is not chosen.estimator
    )


def _beside(votes: Votes, chosen: Estimate, other: Estimate) -> Comparison:
    # Both have a row a session and clip, in one order.
    moves = np.abs(other.ratings.mos - chosen.ratings.mos)
    some = np.isfinite(moves)
    row = int(np.argmax(np.where(some, moves, -1.0))) if some.any() else None
    both = np.isfinite(chosen.ratings.ci95) & np.isfinite(other.ratings.ci95)
    width = float(chosen.ratings.ci95[both].mean()) if both.any() else 0.0
    screens = other.estimator is Estimator.BT500
    return Comparison(
        other=other.estimator,
        largest_move=None if row is None else float(moves[row]),
        clip="" if row is None else votes.clips[int(chosen.ratings.clip[row])],
        interval_ratio=float(other.ratings.ci95[both].mean()) / width if width > 0 else None,
        rejected=_names(votes, other, other.raters.rejected) if screens else (),
        against=_names(votes, other, other.raters.against),
    )


def _names(votes: Votes, estimate: Estimate, which: BoolArray) -> tuple[str, ...]:
    return tuple(votes.raters[int(rater)] for rater in estimate.raters.rater[which])
