"""Fitting the layer: an offset, a slope and a weight a column, each shrunk towards none.

Residuals of the head are regressed on 1, on its score from the middle of the scale, and on its
columns, with a penalty on each of the three. How strong the penalties are, errors on left-out
contents decide, which have a closed form: with the hat matrix H of all rows, the residuals of a
content that was left out are (I - H_cc)^-1 times its fitted ones (Cook & Weisberg, Residuals and
Influence in Regression, 1982). Of the penalties whose error is within half a standard error of the
least, the strongest are taken (after Breiman et al., Classification and Regression Trees, 1984): so
few clips tell little, and the head has seen more.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from mos_assets.adapting.rows import LEAST_CLIPS, LEAST_CONTENTS, RatedRows
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray

MIDDLE = (MOS_MIN + MOS_MAX) / 2.0
NONE = np.inf
"""A penalty that leaves nothing."""
OFFSETS = (2.0, 8.0, NONE)
SLOPES = (4.0, 16.0, 64.0, NONE)
RIDGES = (16.0, 64.0, 256.0, 1024.0, NONE)
"""Penalties that are tried; in clips, of a column that varies by one unit."""
OFFSET_ALONE = (8.0, NONE, NONE)
"""Where clips or contents are too few to choose."""
_SEVERE = 1e12
_WITHIN = 0.5
"""Standard errors. 0 costs .03 MOS of RMSE where there is nothing to learn from 12 clips, 1 loses a
quarter of what there is to gain from a slope in 40."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What is added to a head's score."""

    offset: float
    slope: float
    """Of the score's distance from the middle of the scale."""
    weights: FloatArray
    """[F], of standardised columns."""
    penalties: tuple[float, float, float]
    """Of the three; infinite where there is none of it."""

    def corrected(self, scores: FloatArray, features: FloatArray) -> FloatArray:
        """[n] scores within 1..5."""
        moved = scores + self.offset + self.slope * (scores - MIDDLE) + features @ self.weights
        found: FloatArray = np.clip(moved, MOS_MIN, MOS_MAX)
        return found


def fit(rows: RatedRows) -> Correction:
    """The correction for a head by these rows; none at all where there are no rows."""
    width = rows.features.shape[1]
    if len(rows.mos) == 0:
        return Correction(0.0, 0.0, np.zeros(width), (NONE, NONE, NONE))
    few = len(rows.mos) < LEAST_CLIPS or rows.n_contents < LEAST_CONTENTS
    penalties = OFFSET_ALONE if few else _chosen(rows)
    design, residuals = _design(rows), rows.mos - rows.scores
    solved = np.linalg.solve(_penalised(design, penalties), design.T @ residuals)
    found: FloatArray = np.where(np.isfinite(_diagonal(penalties, width)), solved, 0.0)
    return Correction(float(found[0]), float(found[1]), found[2:], penalties)


def _chosen(rows: RatedRows) -> tuple[float, float, float]:
    tried = list(itertools.product(OFFSETS, SLOPES, RIDGES))
    errors = np.array([_errors_left_out(rows, penalties) for penalties in tried])
    mean = errors.mean(axis=1)
    best = int(np.argmin(mean))
    over = errors - errors[best]
    deviation = over.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
    close = [at for at in range(len(tried)) if over[at].mean() <= _WITHIN * deviation[at]]
    # The strongest of them: that which explains least freely.
    return tried[min(close, key=lambda at: (_freedom(rows, tried[at]), mean[at]))]


def _errors_left_out(rows: RatedRows, penalties: tuple[float, float, float]) -> FloatArray:
    """[contents] sums of squares on each content, fitted to the others, by its share of clips."""
    design, residuals = _design(rows), rows.mos - rows.scores
    inverse = np.linalg.inv(_penalised(design, penalties))
    fitted = residuals - design @ (inverse @ (design.T @ residuals))
    errors = []
    for mine in _by_size(rows):
        inside = design[mine]
        hats = inside @ inverse @ inside.transpose(0, 2, 1)
        left_out = np.linalg.solve(np.eye(mine.shape[1]) - hats, fitted[mine][:, :, None])
        errors += list(np.sum(left_out**2, axis=(1, 2)))
    return np.array(errors) * len(errors) / len(residuals)


def _by_size(rows: RatedRows) -> list[IntArray]:
    """Row numbers [contents, clips] of all contents of as many clips, together: it is faster."""
    order = np.argsort(rows.contents, kind="stable")
    places = np.split(order, np.flatnonzero(np.diff(rows.contents[order])) + 1)
    sizes = sorted({len(each) for each in places})
    return [np.array([each for each in places if len(each) == size]) for size in sizes]


def _freedom(rows: RatedRows, penalties: tuple[float, float, float]) -> float:
    """Effective degrees of freedom, the trace of the hat matrix."""
    design = _design(rows)
    return float(np.trace(np.linalg.solve(_penalised(design, penalties), design.T @ design)))


def _design(rows: RatedRows) -> FloatArray:
    return np.column_stack([np.ones(len(rows.mos)), rows.scores - MIDDLE, rows.features])


def _penalised(design: FloatArray, penalties: tuple[float, float, float]) -> FloatArray:
    diagonal = np.minimum(_diagonal(penalties, design.shape[1] - 2), _SEVERE)
    found: FloatArray = design.T @ design + np.diag(diagonal)
    return found


def _diagonal(penalties: tuple[float, float, float], width: int) -> FloatArray:
    offset, slope, ridge = penalties
    return np.array([offset, slope, *[ridge] * width])
