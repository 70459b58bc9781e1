"""RMSE* and outlier ratio: errors beyond what the ratings themselves leave open.

Source: ITU-T P.1401 (01/2020), Methods, metrics and procedures for statistical evaluation,
qualification and comparison of objective quality prediction models. Errors are counted after a
mapping that takes out what one experiment shifts and bends: none, of first order, or of third
order and monotonic over the predictions. N - d divides the squares, where d is the number of
coefficients that were fitted, and 1 without a mapping.

Assumed, since the text of the Recommendation was not at hand: the edition, that d counts the
constant of a mapping as one coefficient, that ci95 is Student's t, and that the interval of the
outlier ratio is normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mos_assets.evaluation.metrics import rounded
from mos_assets.evaluation.resampling import LEVEL, Interval, interval_of_means
from mos_assets.records import FloatArray, Reported

Mapping = Literal["none", "first order", "third order"]
FREEDOM: dict[Mapping, int] = {"none": 1, "first order": 2, "third order": 4}
"""d of each mapping."""


class P1401Figures(Reported):
    """Errors of predictions after one mapping, against the ratings' own intervals."""

    mapping: Mapping
    d: int
    n: int
    """Clips whose interval is known, or deviation and number of ratings."""
    rmse: float | None
    """Of the mapped predictions, over N - d."""
    rmse_star: float | None
    """Of what exceeds ci95; epsilon-insensitive."""
    rmse_star_interval: Interval | None
    """Over contents, the mapping held as it is; P.1401 has none of its own."""
    outlier_ratio: float | None
    """Share of clips whose error exceeds ci95."""
    outlier_ratio_interval: Interval | None
    """P.1401's, normal with sqrt(r(1 - r)/N), cut to 0..1: it takes clips for independent."""
    reason: str | None
    """Why there are no figures."""


def ci95(std: FloatArray, n: FloatArray) -> FloatArray:
    """Half-width [clips] of the 95 % interval of each MOS, Student's t of n - 1 times std/sqrt(n).

    NaN where std is unknown, and with fewer than two ratings.
    """
    from scipy import stats

    known = np.isfinite(std) & np.isfinite(n) & (n >= 2)
    safe = np.where(known, n, 2.0)
    width = stats.t.ppf(0.5 + LEVEL / 2.0, safe - 1.0) * np.where(known, std, np.nan)
    return np.asarray(width / np.sqrt(safe), dtype=np.float64)


def mapped(predicted: FloatArray, mos: FloatArray, mapping: Mapping) -> FloatArray:
    """Predictions [n] after the mapping of least squares to mos [n].

    A line that would fall is level instead, and so is any mapping of predictions that are all
    alike. Where the cubic of least squares is not monotonic over the predictions, the best one is
    taken whose slope has no negative Bernstein coefficient there, which is monotonic.
    """
    low, reach = float(np.min(predicted)), float(np.ptp(predicted))
    if mapping == "none":
        return predicted
    if reach <= 1e-12 * max(1.0, abs(low)):
        return np.full(len(mos), float(np.mean(mos)))
    u = (predicted - low) / reach
    columns = [u] if mapping == "first order" else _rising(u)
    if mapping == "third order":
        free = np.polynomial.Polynomial.fit(u, mos, 3, domain=[0.0, 1.0], window=[0.0, 1.0])
        slope = free.deriv()
        _, linear, square = np.append(slope.coef, [0.0, 0.0])[:3]
        turn = min(max(-linear / (2.0 * square), 0.0), 1.0) if square else 0.0
        if min(slope(np.array([0.0, turn, 1.0]))) >= 0.0:
            return np.asarray(free(u), dtype=np.float64)
    from scipy.optimize import nnls

    design = np.column_stack(columns)
    weights, _ = nnls(design - design.mean(axis=0), mos - np.mean(mos))
    found: FloatArray = np.mean(mos) + (design - design.mean(axis=0)) @ weights
    return found


def p1401_figures(
    predicted: FloatArray,
    mos: FloatArray,
    std: FloatArray,
    n_ratings: FloatArray,
    groups: Sequence[str],
    mapping: Mapping = "third order",
    mos_ci95: FloatArray | None = None,
) -> P1401Figures:
    """RMSE* and outlier ratio of predictions [n] of one corpus; all arrays are [n].

    mos_ci95: half-widths of 95 % intervals as the labels tell them; where these are NaN, and
    without them, `ci95` of std and n_ratings. Clips whose ratings have no known interval take no
    part. Fewer than d + 1 clips have no figures.
    """
    width = ci95(std, n_ratings)
    if mos_ci95 is not None:
        width = np.where(np.isfinite(mos_ci95), mos_ci95, width)
    known = np.isfinite(width) & np.isfinite(predicted)
    d, n = FREEDOM[mapping], int(np.count_nonzero(known))
    if n <= d:
        return P1401Figures(
            mapping=mapping,
            d=d,
            n=n,
            rmse=None,
            rmse_star=None,
            rmse_star_interval=None,
            outlier_ratio=None,
            outlier_ratio_interval=None,
            reason="no clip has both a deviation and a number of ratings, or an interval"
            if n == 0
            else f"{n} clips with known deviation are too few for {d} degrees of freedom",
        )
    error = np.abs(mapped(predicted[known], mos[known], mapping) - mos[known])
    # An error equal to the interval is none, whatever its last bit.
    beyond = np.where(error > width[known] + 1e-12, error - width[known], 0.0)
    scale = n / (n - d)
    own = [group for group, row in zip(groups, known, strict=True) if row]
    found = interval_of_means(
        beyond[:, None] ** 2, own, lambda means: np.sqrt(means[:, 0] * scale), scale="plain"
    )
    ratio = float(np.mean(beyond > 0.0))
    half = 1.96 * np.sqrt(ratio * (1.0 - ratio) / n)
    return P1401Figures(
        mapping=mapping,
        d=d,
        n=n,
        rmse=rounded(float(np.sqrt(np.mean(error**2) * scale))),
        rmse_star=rounded(float(np.sqrt(np.mean(beyond**2) * scale))),
        rmse_star_interval=None
        if found is None
        else Interval(low=round(max(found[0], 0.0), 6), high=round(found[1], 6)),
        outlier_ratio=rounded(ratio),
        outlier_ratio_interval=Interval(
            low=round(max(ratio - half, 0.0), 6), high=round(min(ratio + half, 1.0), 6)
        ),
        reason=None,
    )


def _rising(u: FloatArray) -> list[FloatArray]:
    """Integrals of the three Bernstein polynomials of second degree over 0..u, u in 0..1."""
    cubic = u**3
    last = cubic / 3.0
    middle = u**2 - 2.0 * cubic / 3.0
    return [u - u**2 + last, middle, last]
