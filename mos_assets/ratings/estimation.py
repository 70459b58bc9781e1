"""Votes → ratings of clips and figures of raters, each session by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.ratings.estimators import ESTIMATORS, Fit
from mos_assets.ratings.estimators.bt500 import screened
from mos_assets.ratings.panel import Panel, panels
from mos_assets.ratings.raters import judge
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    ClipRatings,
    Estimate,
    Estimator,
    RaterFigures,
    Votes,
)


def estimate(votes: Votes, estimator: Estimator) -> Estimate:
    """Ratings and raters, each session by itself.

    Ratings are sorted by session and clip name, raters by session and rater name; one who voted in
    two sessions has a row in each. The same votes in another order, or numbered otherwise, give
    the same figures to the last bit. `rejected` is what BT.500's rule says whatever the estimator
    is; only `bt500` leaves votes out for it. Nobody is rejected or named where votes of the
    session do not name their raters, and no agreement exists there.

    Raises RatingsError where the estimator judges raters and votes name none, and ValueError for
    votes that nobody may have let in (see `panels`).
    """
    every = list(panels(votes))
    fits = [ESTIMATORS[estimator].fit(panel) for panel in every]
    ways = {panel.session: fit.way for panel, fit in zip(every, fits, strict=True)}
    told = tuple(ways.get(session, "") for session in range(len(votes.sessions)))
    return replace(_joined(estimator, every, fits), ways=told)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Ratings within the scale, and which were moved there."""

    ratings: ClipRatings
    moved: tuple[int, ...]
    """Rows whose MOS was outside."""
    furthest: float
    """By how much the furthest one was, MOS units; 0 where none was."""


def hold_to_scale(ratings: ClipRatings) -> Held:
    """MOS moved to 1 or 5 where an estimate lies beyond; labels must be within the scale.

    `p913` and alignment may leave it by a bias or an offset. Deviation and interval stay.
    """
    mos = np.clip(ratings.mos, MOS_MIN, MOS_MAX)
    gap = np.nan_to_num(np.abs(ratings.mos - mos))
    return Held(
        ratings=replace(ratings, mos=mos),
        moved=tuple(int(row) for row in np.flatnonzero(gap > 0)),
        furthest=float(gap.max(initial=0.0)),
    )


def _joined(estimator: Estimator, every: Sequence[Panel], fits: Sequence[Fit]) -> Estimate:
    pairs = list(zip(every, fits, strict=True))
    figures = [_of_raters(panel, fit) for panel, fit in pairs]
    whole, real = np.empty(0, dtype=np.int64), np.empty(0)
    flags = np.empty(0, dtype=np.bool_)
    return Estimate(
        estimator=estimator,
        ratings=ClipRatings(
            clip=np.concatenate([whole, *(p.clip_ids for p in every)]),
            session=np.concatenate(
                [whole, *(np.full(len(p.clip_ids), p.session, dtype=np.int64) for p in every)]
            ),
            mos=np.concatenate([real, *(fit.mos for fit in fits)]),
            std=np.concatenate([real, *(fit.std for fit in fits)]),
            n=np.concatenate([whole, *(fit.n for fit in fits)]),
            ci95=np.concatenate([real, *(fit.ci95 for fit in fits)]),
        ),
        raters=RaterFigures(
            rater=np.concatenate([whole, *(r.rater for r in figures)]),
            session=np.concatenate([whole, *(r.session for r in figures)]),
            n=np.concatenate([whole, *(r.n for r in figures)]),
            bias=np.concatenate([real, *(r.bias for r in figures)]),
            inconsistency=np.concatenate([real, *(r.inconsistency for r in figures)]),
            agreement=np.concatenate([real, *(r.agreement for r in figures)]),
            rejected=np.concatenate([flags, *(r.rejected for r in figures)]),
            against=np.concatenate([flags, *(r.against for r in figures)]),
        ),
    )


def _of_raters(panel: Panel, fit: Fit) -> RaterFigures:
    size = len(panel.rater_ids)
    agreement, against = np.full(size, np.nan), np.zeros(size, dtype=np.bool_)
    rejected = np.zeros(size, dtype=np.bool_)
    if panel.named:
        agreement, against = judge(panel, fit)
        rejected = screened(panel)
    return RaterFigures(
        rater=panel.rater_ids,
        session=np.full(size, panel.session, dtype=np.int64),
        n=panel.votes_of_raters,
        bias=fit.bias,
        inconsistency=fit.inconsistency,
        agreement=agreement,
        rejected=rejected,
        against=against,
    )
