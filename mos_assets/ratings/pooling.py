"""One rating a clip from those of several sessions on one scale."""

from __future__ import annotations

import numpy as np

from mos_assets.ratings.alignment import Alignment, aligned
from mos_assets.records import ClipRatings, IntArray


def pooled(ratings: ClipRatings, alignment: Alignment) -> ClipRatings:
    """One row a clip and reference session, mapped and averaged over the sessions of its component.

    mos: weighted by the number of votes, as `repeated = "mean"` weighs label files; not by inverse
    variance, which would let a session in which all happened to agree decide alone. n: votes.
    std: of all votes around the pooled MOS, so what lies between sessions is in it. ci95: of the
    weighted mean, sessions independent; NaN where one lacks it. A clip rated in sessions that are
    kept apart has a row for each. Rows without MOS are left out. `session` is the reference.
    """
    on_scale = aligned(ratings, alignment)
    reference = np.arange(max((m.session for m in alignment.maps), default=-1) + 1)
    for found in alignment.maps:
        reference[found.session] = found.reference
    use = np.isfinite(on_scale.mos)
    clip, session = on_scale.clip[use], reference[on_scale.session[use]]
    # Rows of a clip are added in the order of their figures, whatever order they came in.
    order = np.lexsort((on_scale.n[use], on_scale.mos[use], session, clip))
    clip, session = clip[order], session[order]
    mos, std = on_scale.mos[use][order], on_scale.std[use][order]
    n, ci95 = on_scale.n[use][order].astype(np.float64), on_scale.ci95[use][order]
    if len(clip) == 0:
        return ClipRatings(clip, session, mos, std, n.astype(np.int64), ci95)
    new = np.append(True, (np.diff(clip) != 0) | (np.diff(session) != 0))
    starts, row = np.flatnonzero(new), np.cumsum(new) - 1
    votes = np.add.reduceat(n, starts)
    mean = np.add.reduceat(n * mos, starts) / votes
    alone = np.add.reduceat(np.ones(len(clip)), starts) == 1
    # A session with one vote has no deviation of its own, and none is missing from the sum.
    inside = np.where(n > 1, (n - 1) * std**2, 0.0)
    squares = np.add.reduceat(inside + n * (mos - mean[row]) ** 2, starts)
    spread = np.sqrt(squares / np.where(votes > 1, votes - 1, np.nan))
    width = np.sqrt(np.add.reduceat((n * ci95) ** 2, starts)) / votes
    counted: IntArray = votes.astype(np.int64)
    return ClipRatings(
        clip=clip[new],
        session=session[new],
        mos=np.where(alone, mos[new], mean),
        std=np.where(alone, std[new], spread),
        n=counted,
        ci95=np.where(alone, ci95[new], width),
    )
