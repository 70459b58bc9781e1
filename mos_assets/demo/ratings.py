"""The simulated viewers of the demo corpus, and the labels that they give.

The opinion behind the votes is `4.75 - 3.4 * severity + bias(scene)`: it falls as severity
rises, by the same amount in every scene. Each viewer adds a leniency of their own and the
error of the moment, and votes a whole number from 1 to 5 (ITU-T P.910, absolute category
rating). Nobody has seen these clips: every label is `simulated`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.records import MOS_MAX, MOS_MIN, SEED, FloatArray

VIEWERS = 24
_BEST = 4.75
_SLOPE = 3.4
_BIAS_STD = 0.18
_LENIENCY_STD = 0.3
_ERROR_STD = 0.5


@dataclass(frozen=True, slots=True)
class Rating:
    """Votes of all viewers for one clip, summed up."""

    mos: float
    std: float
    """Sample standard deviation of the votes."""
    n: int


def opinion(severity: float, bias: float) -> float:
    """What a viewer without leniency or error thinks, in MOS units; falls with severity."""
    return _BEST - _SLOPE * severity + bias


def rate(severities: FloatArray, seed: int = SEED) -> tuple[tuple[Rating, ...], ...]:
    """Ratings of clips by severity [scenes, degradations], in the same arrangement.

    Scenes draw one after the other from their own stream, so a scene's ratings do not depend
    on how many others there are.
    """
    leniency = np.random.default_rng([seed, 0]).normal(0.0, _LENIENCY_STD, VIEWERS)
    rated = []
    for index, row in enumerate(severities):
        rng = np.random.default_rng([seed, 1, index])
        bias = float(rng.normal(0.0, _BIAS_STD))
        rated.append(tuple(_rating(opinion(float(s), bias), leniency, rng) for s in row))
    return tuple(rated)


def _rating(mean: float, leniency: FloatArray, rng: np.random.Generator) -> Rating:
    errors = rng.normal(0.0, _ERROR_STD, VIEWERS)
    votes = np.clip(np.rint(mean + leniency + errors), MOS_MIN, MOS_MAX)
    return Rating(float(votes.mean()), float(votes.std(ddof=1)), VIEWERS)
