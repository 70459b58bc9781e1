"""Ratings, raters and clips that somebody should look at."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from mos_assets.ratings.ceiling import repeats
from mos_assets.records import (
    ClipRatings,
    Estimate,
    FloatArray,
    SuspicionKind,
    SuspiciousRating,
    Votes,
)

FALSE_ALARMS = 0.01
"""Of tables without anything wrong in which one clip is named, at most; shared out over clips."""
LEAST_VOTES = 8
"""A clip with fewer votes cannot be called split."""


def suspicious_ratings(
    votes: Votes, estimate: Estimate, ratings: ClipRatings | None = None
) -> tuple[SuspiciousRating, ...]:
    """Repeats that disagree, split votes and raters named, each kind with its worst first.

    ratings: those of the estimate after `aligned`, where sessions were; else the estimate's own.
    """
    on_scale = estimate.ratings if ratings is None else ratings
    found = [
        *disagreeing_repeats(votes, on_scale),
        *split_votes(votes, estimate),
        *raters_against(votes, estimate),
    ]
    return tuple(found)


def disagreeing_repeats(votes: Votes, ratings: ClipRatings) -> tuple[SuspiciousRating, ...]:
    """Clips whose 95 % intervals in two sessions do not meet; figure: the difference of the MOS."""
    first, second = repeats(ratings)
    found = []
    for a, b in zip(first, second, strict=True):
        gap = abs(float(ratings.mos[a] - ratings.mos[b]))
        if gap > float(ratings.ci95[a] + ratings.ci95[b]):
            told = " and ".join(
                f"{ratings.mos[r]:.2f} ± {ratings.ci95[r]:.2f} in "
                f"{votes.sessions[int(ratings.session[r])]}"
                for r in (a, b)
            )
            clip = votes.clips[int(ratings.clip[a])]
            kind = SuspicionKind.REPEATS_DISAGREE
            found.append(SuspiciousRating(clip, kind, told, gap))
    return _worst_first(found)


def split_votes(votes: Votes, estimate: Estimate) -> tuple[SuspiciousRating, ...]:
    """Clips whose votes differ more than their raters' inconsistency explains; figure: std.

    The sum of squared residuals, each over its rater's variance, against chi-squared with n - 1
    degrees of freedom, FALSE_ALARMS shared out over the clips. Only votes of raters whose bias and
    inconsistency are known count, and only clips with LEAST_VOTES of them.
    """
    from scipy.special import chdtrc

    figures, rows = estimate.raters, estimate.ratings
    size = len(votes.raters) * len(votes.sessions)
    bias, deviation = np.full(size, np.nan), np.full(size, np.nan)
    key = figures.session * len(votes.raters) + figures.rater
    bias[key], deviation[key] = figures.bias, figures.inconsistency
    of_vote = votes.session * len(votes.raters) + votes.rater
    row_of = np.full(len(votes.clips) * len(votes.sessions), -1, dtype=np.int64)
    row_of[rows.session * len(votes.clips) + rows.clip] = np.arange(len(rows.clip))
    row = row_of[votes.session * len(votes.clips) + votes.clip]
    named = np.flatnonzero(votes.rater >= 0)
    use = named[(deviation[of_vote[named]] > 0) & np.isfinite(bias[of_vote[named]])]
    # In an order that the order of the votes does not change.
    use = use[np.lexsort((votes.vote[use], bias[of_vote[use]], deviation[of_vote[use]], row[use]))]
    gap = votes.vote[use] - bias[of_vote[use]] - rows.mos[row[use]]
    far = np.bincount(row[use], (gap / deviation[of_vote[use]]) ** 2, minlength=len(rows.clip))
    n = np.bincount(row[use], minlength=len(rows.clip))
    judged = np.flatnonzero((n >= LEAST_VOTES) & np.isfinite(far))
    chance = chdtrc(n[judged] - 1, far[judged])
    found = []
    for r in judged[chance < FALSE_ALARMS / max(1, len(judged))]:
        told = (
            f"{int(rows.n[r])} votes around {rows.mos[r]:.2f} with a deviation of "
            f"{rows.std[r]:.2f}, more than these raters' inconsistency explains"
        )
        clip = votes.clips[int(rows.clip[r])]
        found.append(SuspiciousRating(clip, SuspicionKind.SPLIT_VOTES, told, float(rows.std[r])))
    return _worst_first(found)


def raters_against(votes: Votes, estimate: Estimate) -> tuple[SuspiciousRating, ...]:
    """Raters who go against the panel, the lowest agreement first."""
    figures = estimate.raters
    found = []
    for row in np.flatnonzero(figures.against):
        r = float(figures.agreement[row])
        told = "always voted the same" if np.isnan(r) else f"correlates {r:.2f} with the others"
        name = votes.raters[int(figures.rater[row])]
        what = f"{name} {told}, over {int(figures.n[row])} votes"
        found.append(SuspiciousRating("", SuspicionKind.RATER_AGAINST, what, r))
    return tuple(sorted(found, key=lambda s: (np.isnan(s.figure), s.figure, s.what)))


def unexplained_residuals(
    clips: tuple[str, ...],
    mos: FloatArray,
    predicted: FloatArray,
    noise: FloatArray,
    spread: float,
) -> tuple[SuspiciousRating, ...]:
    """Clips whose out-of-fold residual no noise explains; figure: the residual's size.

    noise: (n,) variance of each MOS, NaN where unknown (such a clip is held to the spread alone);
    spread: standard deviation of the residuals that the predictor itself makes, MOS units. A
    residual is named where it is beyond the two-sided normal quantile of FALSE_ALARMS shared out
    over the clips, times sqrt(noise + spread^2). Raises ValueError for arrays that are not aligned
    or a spread that is not positive.
    """
    if not len(clips) == len(mos) == len(predicted) == len(noise):
        raise ValueError("clips, MOS, predictions and noise must be aligned")
    if not spread > 0:
        raise ValueError(f"the spread of residuals must be positive, not {spread}")
    residual = mos - predicted
    allowed = np.sqrt(np.nan_to_num(noise) + spread**2)
    quantile = -NormalDist().inv_cdf(FALSE_ALARMS / 2 / max(1, len(clips)))
    found = [
        SuspiciousRating(
            clips[row],
            SuspicionKind.UNEXPLAINED,
            f"rated {mos[row]:.2f}, predicted {predicted[row]:.2f}: "
            f"{abs(residual[row]) / allowed[row]:.1f} standard deviations of all noise",
            float(abs(residual[row])),
        )
        for row in np.flatnonzero(np.abs(residual) > quantile * allowed)
    ]
    return _worst_first(found)


def _worst_first(found: list[SuspiciousRating]) -> tuple[SuspiciousRating, ...]:
    return tuple(sorted(found, key=lambda s: (-s.figure, s.clip, s.what)))
