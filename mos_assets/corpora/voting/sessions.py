"""Tests of one corpus side by side, and their scales made one where that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.records import ClipRatings, Estimate, Finding, Label, SessionFacts, Votes


def facts_of(votes: Votes) -> tuple[SessionFacts, ...]:
    """Clips, raters and votes of each session, in the order of `votes.sessions`."""
    facts = []
    for at, name in enumerate(votes.sessions):
        mine = votes.session == at
        raters = votes.rater[mine]
        facts.append(
            SessionFacts(
                name=name,
                clips=len(np.unique(votes.clip[mine])),
                raters=len(np.unique(raters[raters >= 0])),
                votes=int(mine.sum()),
            )
        )
    return tuple(facts)


def aligned_ratings(
    votes: Votes, estimate: Estimate, facts: Sequence[SessionFacts], place: str
) -> tuple[ClipRatings, tuple[SessionFacts, ...], tuple[Finding, ...]]:
    raise NotImplementedError


def aligned_labels(labels: Sequence[Label]) -> tuple[list[Label], tuple[Finding, ...]]:
    raise NotImplementedError
