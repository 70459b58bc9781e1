"""Features that know the answer: columns that follow the label more closely than a measure can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.evaluation.metrics import plcc, srocc
from mos_assets.records import FloatArray

LEAK_CORRELATION = 0.97
"""Correlation with the label above which a single feature is taken for a copy of it."""
_LEAK_ROWS = 20
"""Rows below which a correlation that high is no news."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One feature that follows the label too closely to be a measurement."""

    feature: str
    correlation: float
    """Of Pearson's and Spearman's the one further from 0."""
    rows: int
    """Clips that have both the feature and a label."""


def leaking_features(names: Sequence[str], values: FloatArray, mos: FloatArray) -> tuple[Leak, ...]:
    """The columns of values [n, features] whose correlation with mos [n] is above .97.

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
        if finite and max(map(abs, finite)) > LEAK_CORRELATION:
            found.append(Leak(name, max(finite, key=abs), rows))
    return tuple(found)
