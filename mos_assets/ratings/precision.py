"""How much a row may count in training by the precision of its rating."""

from __future__ import annotations

import math

import numpy as np

from mos_assets.records import FloatArray

PRIOR_VOTES = 5.0
"""Votes with the table's mean variance that are added to each clip's: few votes that happen to
agree are no proof of precision."""


def precision_weights(std: FloatArray, n: FloatArray, rest: float) -> FloatArray:
    """(k,) weights with mean 1: proportional to 1 / (variance / n + rest^2).

    std: (k,) deviation of the votes, MOS units; NaN where unknown; n: (k,) votes, NaN where
    unknown; rest: what separates a MOS from any prediction beside the noise of votes (the spread
    of a predictor's residuals), MOS units, positive, so that no weight runs away. The variance of
    a clip is drawn to the mean variance of the table by PRIOR_VOTES. A row with n alone gets the
    mean variance; a row without n counts 1, and so do all where no deviation is known.

    Raises ValueError for a rest that is not positive, or votes below one.
    """
    if not rest > 0:
        raise ValueError(f"rest must be positive, not {rest}")
    counted = np.isfinite(n)
    if bool(np.any(n[counted] < 1)):
        raise ValueError("a rating has at least one vote")
    freedom = np.where(counted & np.isfinite(std), np.nan_to_num(n, nan=1.0) - 1, 0.0)
    squares = freedom * np.nan_to_num(std) ** 2
    weights = np.ones(len(n))
    known = math.fsum(freedom.tolist())
    if known <= 0:
        return weights
    # Sums that do not depend on the processor: the bytes of heads follow from them.
    mean = math.fsum(squares.tolist()) / known
    variance = (squares + PRIOR_VOTES * mean) / (freedom + PRIOR_VOTES)
    precise = 1.0 / (variance[counted] / n[counted] + rest**2)
    weights[counted] = precise / (math.fsum(precise.tolist()) / len(precise))
    return weights
