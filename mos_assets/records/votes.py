"""Votes of single raters, as a laboratory's table holds them, and what estimators make of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mos_assets.records.domain import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
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
    """-1 where the row names no rater."""
    session: IntArray
    vote: FloatArray
    """Mapped to 1..5, 5 best."""


class Estimator(StrEnum):
    """How votes become a MOS."""

    MEAN = "mean"
    """The plain mean of the votes."""
    P913 = "p913"
    """ITU-T P.913 (2021) 12.6: subject bias removed, subjects weighted by their consistency."""
    BT500 = "bt500"
    """ITU-R BT.500-14: observers screened by their kurtosis, then the mean."""


@dataclass(frozen=True, slots=True)
class ClipRatings:
    """One row per (session, clip) with at least one vote; arrays are aligned and (n,)."""

    clip: IntArray
    session: IntArray
    mos: FloatArray
    std: FloatArray
    """Of the votes, MOS units; NaN where n is 1."""
    n: IntArray
    ci95: FloatArray
    """Half-width of the 95 % interval, MOS units; NaN where it cannot be had."""


@dataclass(frozen=True, slots=True)
class RaterFigures:
    """One row a rater; arrays are aligned and (n,)."""

    rater: IntArray
    session: IntArray
    n: IntArray
    bias: FloatArray
    """MOS units; NaN where it cannot be had."""
    inconsistency: FloatArray
    """Standard deviation of the rater's residuals, MOS units."""
    agreement: FloatArray
    """Correlation with the mean of the others; NaN where it does not exist."""
    rejected: BoolArray
    """By BT.500's rule."""
    against: BoolArray
    """Goes against the panel, and is named in the report."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one estimator makes of votes, each session by itself."""

    estimator: Estimator
    ratings: ClipRatings
    raters: RaterFigures
