"""Features that know the answer: columns that follow the label more closely than a measure can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mos_assets.evaluation.metrics import plcc, srocc
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

SAME_CORRELATION = 0.999
"""Pearson's correlation above which a column is the label, in other units or rounded."""
LEAK_CORRELATION = 0.97
"""Correlation with the label above which a single feature is taken for a copy of it."""
CLOSE_CORRELATION = 0.89
"""Pearson's correlation that a column has with 95 % certainty which is named as close: VMAF, with
its pristine reference, reaches .886 on AVT-VQDB-UHD-1-NVC and less on AVT-VQDB-UHD-1."""
VOTE_CORRELATION = 0.4
"""The votes of one attentive viewer correlate more than this with the mean of all."""
VOTE_STEPS = 4
"""Different whole numbers of the scale that votes use, at least."""
_LEAK_ROWS = 20
"""Rows below which a correlation that high is no news."""
_ONE_SIDED = 1.645
"""Standard errors that leave 5 % above."""


class Kinship(StrEnum):
    """How a feature is like the label."""

    SAME = "is the label in other units"
    COPY = "follows the label as a copy does"
    CLOSE = "follows the label along a line, more closely than measures commonly do"
    VOTES = "takes whole numbers of the rating scale only, as the votes of one person do"


@dataclass(frozen=True, slots=True)
class Leak:
    """One feature that may have been made from the label."""

    feature: str
    correlation: float
    """Of Pearson's and Spearman's the one further from 0."""
    rows: int
    """Clips that have both the feature and a label."""
    kinship: Kinship = Kinship.COPY

    @property
    def is_certain(self) -> bool:
        """Whether it is the label and no measure at all."""
        return self.kinship is Kinship.SAME

    @property
    def sentence(self) -> str:
        """Feature, what it is like, and the figure."""
        return (
            f"{self.feature} {self.kinship}: it correlates {self.correlation:.3f} with the label "
            f"over {self.rows} clips"
        )


def leaking_features(names: Sequence[str], values: FloatArray, mos: FloatArray) -> tuple[Leak, ...]:
    """The columns of values [n, features] that are like mos [n], on 1..5, in one of four ways.

    Rows without a finite figure are left out column by column; a column with fewer than 20
    left, or without variance, is no leak.
    """
    found: list[Leak] = []
    for name, column in zip(names, values.T, strict=True):
        known = np.isfinite(column) & np.isfinite(mos)
        rows = int(known.sum())
        if rows < _LEAK_ROWS:
            continue
        both = (plcc(column[known], mos[known]), srocc(column[known], mos[known]))
        finite = [figure for figure in both if np.isfinite(figure)]
        if not finite:
            continue
        kinship = _kinship(column[known], both[0], max(map(abs, finite)))
        if kinship is not None:
            found.append(Leak(name, max(finite, key=abs), rows, kinship))
    return tuple(found)


def _kinship(column: FloatArray, linear: float, strongest: float) -> Kinship | None:
    """column: finite figures [n]; linear: Pearson's; strongest: of both, without its sign."""
    if abs(linear) > SAME_CORRELATION:
        return Kinship.SAME
    if strongest > LEAK_CORRELATION:
        return Kinship.COPY
    # What is made of the label by adding something lies along a line, which few measures do.
    # Fisher's transformation: a correlation of n rows is normal with 1/sqrt(n - 3).
    lower = np.tanh(np.arctanh(abs(linear)) - _ONE_SIDED / np.sqrt(len(column) - 3))
    if lower > CLOSE_CORRELATION:
        return Kinship.CLOSE
    votes = np.unique(column)
    on_scale = votes[0] >= MOS_MIN and votes[-1] <= MOS_MAX and bool((votes == votes.round()).all())
    if on_scale and len(votes) >= VOTE_STEPS and linear > VOTE_CORRELATION:
        return Kinship.VOTES
    return None
