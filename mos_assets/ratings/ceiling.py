"""What the noise of ratings leaves to be explained: within a session, and between sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.correlation import near_pearson
from mos_assets.ratings.panel import CI95
from mos_assets.records import ClipRatings, FloatArray, SessionNoise

LEAST_REPEATED = 10
"""Stimuli rated in two sessions; fewer tell nothing of the noise between them."""


@dataclass(frozen=True, slots=True)
class BothCeilings:
    """Highest PLCC that a predictor without any error has on ratings with such noise.

    Each is sqrt(1 - noise variance / variance of the MOS), 0 where the noise is larger; None where
    the noise is unknown or the MOS do not differ.
    """

    within: float | None
    """Against the noise that votes show."""
    between: float | None
    """Against what lies between sessions beyond that; 1 where it is less than votes explain."""
    combined: float | None
    """Against both; None unless both are known."""
    correlation: float | None
    """Of the repeated stimuli, between two sessions; None for fewer than LEAST_REPEATED, or where
    one session rated all alike."""
    repeated: int
    """Stimuli that tell of `between`, each pair of sessions counted."""


def noise_of_votes(ratings: ClipRatings) -> FloatArray:
    """(n,) variance of each MOS as its estimator tells it, (ci95 / CI95)^2; NaN where it does not.

    For `mean` and `bt500` that is std^2/n; for `p913` std^2/n would miss what the weights gain.
    """
    noise: FloatArray = (ratings.ci95 / CI95) ** 2
    return noise


def noise_of_labels(ci95: FloatArray | None, std: FloatArray, n: FloatArray) -> FloatArray:
    """(n,) variance of each MOS of a table: by its 95 % interval where that is known, else std^2/n;
    NaN where neither tells."""
    some = np.isfinite(n) & (n > 0)
    noise: FloatArray = std**2 / np.where(some, n, np.nan)
    return noise if ci95 is None else np.where(np.isfinite(ci95), (ci95 / CI95) ** 2, noise)


def interval_of_noise(noise: FloatArray) -> FloatArray:
    """(n,) half-widths of 95 % intervals of MOS with these variances."""
    return CI95 * np.sqrt(noise)


def noise_between(ratings: ClipRatings) -> SessionNoise:
    """What lies between sessions, of ratings on one scale, one row a session and clip."""
    first, second = repeats(ratings)
    return SessionNoise(
        variance=_between(ratings, first, second),
        repeats=len(first),
        correlation=_correlation(ratings.mos[first], ratings.mos[second]),
    )


def both_ceilings(ratings: ClipRatings) -> BothCeilings:
    """The ceilings of ratings on one scale, one row a session and clip (after `aligned`).

    Between sessions: half of the mean squared difference of a stimulus between two sessions, less
    the mean of the two noises that votes show there. It is the variance with which a session moves
    a clip; the MOS of one session carries it once.
    """
    known = np.isfinite(ratings.mos)
    mos, noise = ratings.mos[known], noise_of_votes(ratings)[known]
    variance = float(np.var(mos)) if len(mos) else 0.0
    if variance <= 1e-12:
        return BothCeilings(None, None, None, None, 0)
    told = noise[np.isfinite(noise)]
    inside = float(told.mean()) if len(told) else None
    first, second = repeats(ratings)
    outside = _between(ratings, first, second)
    return BothCeilings(
        within=_ceiling(inside, variance),
        between=_ceiling(outside, variance),
        combined=None
        if inside is None or outside is None
        else _ceiling(inside + outside, variance),
        correlation=_correlation(ratings.mos[first], ratings.mos[second]),
        repeated=len(first),
    )


def repeats(ratings: ClipRatings) -> tuple[list[int], list[int]]:
    """Rows of the same clip in two sessions, each pair once, in the order of the rows."""
    rows_of: dict[int, list[int]] = {}
    for row in np.flatnonzero(np.isfinite(ratings.mos)):
        rows_of.setdefault(int(ratings.clip[row]), []).append(int(row))
    pairs = [
        (a, b)
        for rows in rows_of.values()
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
        if ratings.session[a] != ratings.session[b]
    ]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _between(ratings: ClipRatings, first: list[int], second: list[int]) -> float | None:
    """Variance between sessions, MOS units squared; None where too few repeats tell."""
    noise = noise_of_votes(ratings)
    told = np.isfinite(noise[first]) & np.isfinite(noise[second])
    if np.count_nonzero(told) < LEAST_REPEATED:
        return None
    gaps = (ratings.mos[first] - ratings.mos[second])[told]
    explained = (noise[first] + noise[second])[told]
    return max(0.0, float(np.mean(gaps**2) - np.mean(explained)) / 2)


def _ceiling(noise: float | None, variance: float) -> float | None:
    return None if noise is None else float(np.sqrt(max(0.0, 1.0 - noise / variance)))


def _correlation(x: FloatArray, y: FloatArray) -> float | None:
    return None if len(x) < LEAST_REPEATED else near_pearson(x, y).r
