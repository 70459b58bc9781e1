"""How well differences of predictions tell pairs of clips apart, as far as viewers could.

Krasula, Fliegel, Le Callet & Klíma, On the accuracy of objective image and video quality models:
new methodology for performance evaluation, QoMEX 2016. No mapping and no range of the metric
matters. A pair is different where a two-sided z-test of its two MOS says so at 95 %, each pair for
itself, as in the paper.
"""

from __future__ import annotations

import numpy as np

from mos_assets.evaluation.metrics import rounded
from mos_assets.evaluation.resampling import LEVEL
from mos_assets.ratings import noise_of_labels
from mos_assets.records import FloatArray, Reported

MOST_CLIPS = 2_000
"""Two million pairs; of more clips, so many are taken, evenly spaced."""


class KrasulaFigures(Reported):
    """Areas under two curves, 0.5 where the predictions tell nothing."""

    different_similar: float | None
    """How well the size of a difference tells pairs that viewers rate differently from others."""
    better_worse: float | None
    """How well its sign and size tell the better clip of a pair that viewers rate differently."""
    n: int
    """Clips that were paired, the noise of whose rating is known."""
    n_different: int
    n_similar: int
    reason: str | None
    """Why a figure is missing."""


def krasula_figures(
    predicted: FloatArray,
    mos: FloatArray,
    std: FloatArray,
    n_ratings: FloatArray,
    mos_ci95: FloatArray | None = None,
) -> KrasulaFigures:
    """Both areas over all pairs; the arrays are [n].

    The noise of a rating is `noise_of_labels`. Clips without a known interval that have no known
    deviation, or fewer than two ratings, take no part.
    """
    noise = noise_of_labels(mos_ci95, std, n_ratings)
    told = n_ratings >= 2 if mos_ci95 is None else np.isfinite(mos_ci95) | (n_ratings >= 2)
    known = np.flatnonzero(np.isfinite(predicted) & np.isfinite(noise) & told)
    known = known[:: -(-len(known) // MOST_CLIPS)] if len(known) else known
    x, y = predicted[known], mos[known]
    variance = noise[known]
    first, second = np.triu_indices(len(known), k=1)
    apart, moved = y[first] - y[second], x[first] - x[second]
    error = np.sqrt(variance[first] + variance[second])
    different = np.abs(apart) > _critical() * error
    n_different = int(np.count_nonzero(different))
    n_similar = len(apart) - n_different
    toward = moved[different] * np.sign(apart[different])
    reason = None
    if not len(known):
        reason = "no clip has both a deviation and a number of ratings, or an interval"
    elif not n_different:
        reason = "viewers rate no pair of clips differently"
    elif not n_similar:
        reason = "viewers rate every pair of clips differently"
    return KrasulaFigures(
        different_similar=rounded(auc(np.abs(moved[different]), np.abs(moved[~different]))),
        # Each pair both ways round, since which of the two comes first means nothing.
        better_worse=rounded(auc(toward, -toward)),
        n=len(known),
        n_different=n_different,
        n_similar=n_similar,
        reason=reason,
    )


def auc(positive: FloatArray, negative: FloatArray) -> float:
    """Chance that one of `positive` exceeds one of `negative`, ties counting half; NaN without
    either (Mann & Whitney 1947)."""
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    level = np.searchsorted(ordered, positive, side="right")
    return float((below.sum() + level.sum()) / 2.0 / (len(positive) * len(negative)))


def _critical() -> float:
    from scipy import stats

    return float(stats.norm.ppf(0.5 + LEVEL / 2.0))
