"""Features that know the answer: columns that follow the label more closely than a measure can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mos_assets.correlation import near_pearson, near_spearman
from mos_assets.evaluation.metrics import plcc, srocc
from mos_assets.records import FloatArray

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
"""Different steps of the scale that votes use, at least."""
VOTE_SCALES = (
    *((1, 5, 1), (0, 4, 1), (1, 7, 1), (1, 9, 1), (0, 10, 1), (-3, 3, 1)),
    *((0, 100, 25), (0, 100, 20), (0, 100, 10)),
)
"""(lowest, highest, step) of the scales on which people vote."""
_LEAK_ROWS = 20
"""Rows below which a correlation that high is no news."""
_PLAIN = 1e-4
"""Margin, and the least relative span, within which a correlation is left to scipy."""
_ONE_SIDED = 1.645
"""Standard errors that leave 5 % above."""


class Kinship(StrEnum):
    """How a feature is like the label."""

    SAME = "is the label in other units"
    COPY = "follows the label as a copy does"
    CLOSE = "follows the label along a line, more closely than measures commonly do"
    VOTES = "takes the steps of a rating scale only, as the votes of one person do"


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


def leaking_features(
    names: Sequence[str], values: FloatArray, mos: FloatArray, scopes: Sequence[str] = ()
) -> tuple[Leak, ...]:
    """The columns of values [n, features] that are like mos [n], on 1..5, in one of four ways.

    scopes: [n], corpus and part of each row; each is asked alone as well, since labels may be
    scaled in each, and a column is named for what it is most like. Rows without a finite figure
    are left out column by column; a column with fewer than 20 left, or without variance, is no
    leak.
    """
    found = {leak.feature: leak for leak in _leaks(names, values, mos)}
    if len(set(scopes)) > 1:
        for scope in sorted(set(scopes)):
            rows = np.array([own == scope for own in scopes])
            for leak in _leaks(names, values[rows], mos[rows]):
                known = found.setdefault(leak.feature, leak)
                if _CLOSENESS[leak.kinship] > _CLOSENESS[known.kinship]:
                    found[leak.feature] = leak
    return tuple(found[name] for name in names if name in found)


_CLOSENESS = {kinship: -at for at, kinship in enumerate(Kinship)}


def _leaks(names: Sequence[str], values: FloatArray, mos: FloatArray) -> list[Leak]:
    found: list[Leak] = []
    for name, column in zip(names, values.T, strict=True):
        known = np.isfinite(column) & np.isfinite(mos)
        rows = int(known.sum())
        if rows < _LEAK_ROWS:
            continue
        if _is_far(column[known], mos[known]):
            continue
        both = (plcc(column[known], mos[known]), srocc(column[known], mos[known]))
        finite = [figure for figure in both if np.isfinite(figure)]
        if not finite:
            continue
        kinship = _kinship(column[known], both[0], max(map(abs, finite)))
        if kinship is not None:
            found.append(Leak(name, max(finite, key=abs), rows, kinship))
    return found


def _is_far(column: FloatArray, mos: FloatArray) -> bool:
    """Whether numpy's correlations, which are right to many more digits than the margin, rule out
    every kinship: most columns, and without the second of CPU that it takes to load scipy."""
    if np.ptp(column) <= _PLAIN * np.abs(column).max() or np.ptp(mos) < _PLAIN:
        return False
    linear, ranked = near_pearson(column, mos).or_nan, near_spearman(column, mos).or_nan
    if not max(abs(linear), abs(ranked)) < CLOSE_CORRELATION - _PLAIN:
        return False
    return linear < VOTE_CORRELATION - _PLAIN or not _are_votes(np.unique(column))


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
    if linear > VOTE_CORRELATION and _are_votes(np.unique(column)):
        return Kinship.VOTES
    return None


def _are_votes(values: FloatArray) -> bool:
    """Whether these different figures, sorted, are steps of one scale for votes."""
    return len(values) >= VOTE_STEPS and any(
        values[0] >= low and values[-1] <= high and bool(((values - low) % step == 0).all())
        for low, high, step in VOTE_SCALES
    )
