"""The votes of one session in one fixed order, and sums over its clips and raters.

Everything in this room works on panels, so that the order of the rows that the votes came in, and
the numbers that clips and raters happen to have, change no bit of any figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray, Votes

NOBODY = -1
"""In place of a rater whom the votes do not name."""
CI95 = 1.959963984540054
"""Half-width of the 95 % interval in standard errors: the normal quantile, as ITU-R BT.500-14
(A1-2.2.1, rounded there to 1.96) and ITU-T P.913 have it; no Student's t."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Votes of one session, sorted by clip name, then rater name, then vote; (n,) arrays.

    Clips and raters are numbered 0..J-1 and 0..I-1 in the order of their names.
    """

    session: int
    """As the votes number it."""
    clip_ids: IntArray
    """(J,) the votes' numbers of the clips."""
    rater_ids: IntArray
    """(I,) the votes' numbers of the raters who are named."""
    clip: IntArray
    rater: IntArray
    """NOBODY where no rater is named."""
    vote: FloatArray
    starts: IntArray = field(repr=False)
    """(J,) first row of each clip."""

    @property
    def named(self) -> bool:
        """Whether every vote names its rater."""
        return not bool(np.any(self.rater == NOBODY))

    @property
    def votes_of_clips(self) -> IntArray:
        """(J,) number of votes."""
        return np.diff(np.append(self.starts, len(self.clip)))

    @property
    def votes_of_raters(self) -> IntArray:
        """(I,) number of votes."""
        known = self.rater[self.rater != NOBODY]
        return np.bincount(known, minlength=len(self.rater_ids)).astype(np.int64)

    def by_clip(self, values: FloatArray) -> FloatArray:
        """(J,) sums of (n,) values."""
        sums: FloatArray = np.add.reduceat(values, self.starts)
        return sums

    def by_rater(self, values: FloatArray) -> FloatArray:
        """(I,) sums of (n,) values; every vote names its rater."""
        return sums_by(self.rater, len(self.rater_ids))(values)

    def clip_means(self, values: FloatArray) -> FloatArray:
        """(J,) means of (n,) values."""
        return self.by_clip(values) / self.votes_of_clips

    def clip_std(self, values: FloatArray) -> FloatArray:
        """(J,) standard deviations, n - 1 in the denominator; NaN for a single vote."""
        return spread(self.by_clip, self.clip, values, self.votes_of_clips)


Sums = Callable[[FloatArray], FloatArray]
"""Values of rows → their sums in each group."""


def sums_by(index: IntArray, size: int) -> Sums:
    """Sums over the rows of each of `size` groups."""

    def sums(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(index, values, minlength=size), dtype=np.float64)

    return sums


def spread(
    sums: Sums, index: IntArray, values: FloatArray, counts: FloatArray | IntArray
) -> FloatArray:
    """Standard deviations of groups, n - 1 in the denominator; NaN for fewer than two values."""
    means = sums(values) / np.where(counts > 0, counts, 1)
    squares = sums((values - means[index]) ** 2)
    found: FloatArray = np.sqrt(squares / np.where(counts > 1, counts - 1, np.nan))
    return found


def panels(votes: Votes) -> Iterator[Panel]:
    """A panel for each session that has votes, in the order of the sessions' names.

    Raises ValueError where the arrays are not aligned, a number names nothing, or a vote is not
    within 1..5: whoever reads votes refuses such rows.
    """
    _check(votes)
    clip_rank, rater_rank = _ranks(votes.clips), _ranks(votes.raters)
    places = np.argsort(_ranks(votes.sessions), kind="stable")
    ranks = np.append(rater_rank, NOBODY)
    order = _sorted(clip_rank[votes.clip], ranks[votes.rater], votes.vote, len(ranks))
    for session in places:
        rows = order[votes.session[order] == session]
        if len(rows):
            yield _panel(votes, int(session), rows, ranks)


def _sorted(clip: IntArray, rater: IntArray, vote: FloatArray, raters: int) -> IntArray:
    """(n,) rows by clip, then rater, then vote."""
    key = clip * (raters + 1) + (rater - NOBODY)
    order: IntArray = np.argsort(key)
    if np.any(np.diff(key[order]) == 0):
        order = np.lexsort((vote, key))
    return order


def _panel(votes: Votes, session: int, rows: IntArray, ranks: IntArray) -> Panel:
    clip_of_row = votes.clip[rows]
    new = np.append(True, clip_of_row[1:] != clip_of_row[:-1])
    rank_of_row = ranks[votes.rater[rows]]
    held, rater = np.unique(rank_of_row, return_inverse=True)
    nobody = int(len(held) > 0 and held[0] == NOBODY)
    by_rank = np.argsort(ranks[:-1], kind="stable")
    return Panel(
        session=session,
        clip_ids=clip_of_row[new],
        rater_ids=by_rank[held[nobody:]].astype(np.int64),
        clip=np.cumsum(new).astype(np.int64) - 1,
        rater=rater.astype(np.int64) - nobody,
        vote=votes.vote[rows],
        starts=np.flatnonzero(new).astype(np.int64),
    )


def _ranks(names: tuple[str, ...]) -> IntArray:
    """(k,) the place of each name in their order; names are distinct."""
    order = sorted(range(len(names)), key=names.__getitem__)
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    return ranks


def _check(votes: Votes) -> None:
    n = len(votes.vote)
    if not len(votes.clip) == len(votes.rater) == len(votes.session) == n:
        raise ValueError("the arrays of Votes must be aligned")
    for names, told in (
        (votes.clips, "clip"),
        (votes.raters, "rater"),
        (votes.sessions, "session"),
    ):
        if len(set(names)) != len(names):
            raise ValueError(f"Votes: a {told} is named twice")
    if n == 0:
        return
    for index, names, low in (
        (votes.clip, votes.clips, 0),
        (votes.rater, votes.raters, NOBODY),
        (votes.session, votes.sessions, 0),
    ):
        if index.min() < low or index.max() >= len(names):
            raise ValueError("Votes: a number stands for no clip, rater or session")
    if not bool(np.all((votes.vote >= MOS_MIN) & (votes.vote <= MOS_MAX))):
        raise ValueError(f"Votes: every vote is within {MOS_MIN:g}..{MOS_MAX:g}")
