"""Votes of single raters, as a laboratory's table holds them, and what is estimated from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mos_assets.records.domain import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


class Estimator(StrEnum):
    """How votes become a MOS."""

    MEAN = "mean"
    P913 = "p913"
    BT500 = "bt500"


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Single ratings, one entry a vote; arrays are aligned and (n,)."""

    clips: tuple[str, ...]
    """Clip names that `clip` numbers."""
    raters: tuple[str, ...]
    """Raters that `rater` numbers: `<session>/<name>` where there are sessions, since equal column
    names in two tests are two people unless the votes say otherwise; '' names nobody known."""
    sessions: tuple[str, ...]
    """Sessions that `session` numbers; ('',) where the corpus declares none."""
    clip: IntArray
    rater: IntArray
    """-1 where the row names no rater (KonViD-150k's vote files may not)."""
    session: IntArray
    vote: FloatArray
    """Mapped to 1..5, 5 best."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipRatings:
    """One row per (session, clip) with at least one vote; arrays are aligned."""

    clip: IntArray
    session: IntArray
    mos: FloatArray
    std: FloatArray
    """Standard deviation of the votes; NaN where n == 1."""
    n: IntArray
    ci95: FloatArray
    """Half-width of the 95 % interval of `mos`; NaN where it cannot be had."""


@dataclass(frozen=True, slots=True, eq=False)
class RaterFigures:
    """One row a rater; arrays are aligned."""

    rater: IntArray
    session: IntArray
    n: IntArray
    """Votes."""
    bias: FloatArray
    """MOS units; NaN where it cannot be had."""
    inconsistency: FloatArray
    """Standard deviation of the rater's residuals, MOS units; NaN where it cannot be had."""
    agreement: FloatArray
    """Correlation with the mean of the others; NaN where it does not exist."""
    rejected: BoolArray
    """By BT.500's rule."""
    against: BoolArray
    """Goes against the panel (named in the report)."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What an estimator made of votes."""

    estimator: Estimator
    ratings: ClipRatings
    raters: RaterFigures
    ways: tuple[str, ...] = ()
    """How each session was estimated, in their order, as the end of 'estimated by ...'; '' for one
    without votes."""
