"""One predictor that several corpora share, each by a line of its own.

What it says of contents that it has not seen, and the slopes at which predictor and lines agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.head.exact import product
from mos_assets.head.experts.ridge import RidgeSolver
from mos_assets.ratings.alignment import STEEPEST
from mos_assets.records import FloatArray, IntArray

ALPHAS = (1.0, 10.0, 100.0, 1000.0)
_ROUNDS, _SETTLED = 200, 1e-9
_FARTHEST = 2 * STEEPEST
_LEAST_VARIANCE = 1e-12
"""Of ratings; what varies less is rounding."""
_LEAST_SEEN = 2
"""Rows of a corpus in an inner fold's fit, below which it has no mean there."""


@dataclass(frozen=True, eq=False)
class Unseen:
    """Rows of one inner fold, about the means of their corpora in its fit."""

    rows: IntArray
    """[m], their places in the table."""
    of_row: IntArray
    """[m], number of their corpus."""
    mos: FloatArray
    """[m]."""
    predicted: list[FloatArray]
    """For each alpha [corpora, m]: what the ratings of one corpus alone say of the rows."""


def unseen_rows(
    inputs: FloatArray,
    mos: FloatArray,
    of_row: IntArray,
    fit: IntArray,
    judged: IntArray,
    count: int,
) -> Unseen:
    known = np.bincount(of_row[fit], minlength=count) >= _LEAST_SEEN
    judged = judged[known[of_row[judged]]]
    mean_inputs, mean_mos = corpus_means(inputs[fit], mos[fit], of_row[fit], count)
    centred = inputs[fit] - mean_inputs[of_row[fit]]
    wanted = inputs[judged] - mean_inputs[of_row[judged]]
    predicted = [np.zeros((count, len(judged))) for _ in ALPHAS]
    for corpus in np.flatnonzero(known):
        own = of_row[fit] == corpus
        # Ridge is linear in the ratings: those of each corpus are fitted once, and added up in
        # whatever slopes are tried.
        solver = RidgeSolver(centred, np.where(own, mos[fit] - mean_mos[corpus], 0.0))
        for at, alpha in enumerate(ALPHAS):
            predicted[at][corpus] = solver.solve(alpha).predict(wanted)
    return Unseen(judged, of_row[judged], mos[judged] - mean_mos[of_row[judged]], predicted)


def corpus_means(
    inputs: FloatArray, mos: FloatArray, of_row: IntArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Means of each corpus, [corpora, C] and [corpora]; zeros for one without rows."""
    member = (of_row[None, :] == np.arange(count)[:, None]).astype(np.float64)
    rows = np.maximum(member.sum(axis=1), 1.0)
    of_mos = product(member, mos[:, None])[:, 0] / rows
    return product(member, inputs) / rows[:, None], of_mos


@dataclass(frozen=True, slots=True)
class Fit:
    """Slopes that agree with the predictor which they make."""

    slopes: list[float]
    correlations: list[float]
    calibration: float
    """Slope of the reference's ratings on the predictor."""
    errors: FloatArray
    """[corpora], root mean square of what their lines leave unexplained, MOS units."""
    explained: float
    """Share of the ratings' variation within corpora, each row counting once."""
    settled: bool


def settled_fit(predicted: FloatArray, unseen: Sequence[Unseen], count: int) -> Fit:
    """predicted [corpora, m] of one alpha → the slopes at which nothing moves any more."""
    of_row = np.concatenate([part.of_row for part in unseen])
    mos = np.concatenate([part.mos for part in unseen])
    sums: list[tuple[FloatArray, FloatArray, float, int]] = []
    for corpus in range(count):
        own = np.flatnonzero(of_row == corpus)
        rows = np.concatenate([predicted[:, own], mos[None, own]])
        rows = rows - product(rows, np.ones((len(own), 1))) / max(len(own), 1)
        both = product(rows, rows.T)
        varies = float(both[-1, -1]) > _LEAST_VARIANCE * len(own)
        cross = both[:-1, -1] if varies else np.zeros(count)
        sums.append((both[:-1, :-1], cross, float(both[-1, -1]) if varies else 0.0, len(own)))
    slopes, calibration, settled = np.ones(count), math.nan, False
    for _ in range(_ROUNDS):
        raw = np.array([_slope(gram, cross, 1.0 / slopes) for gram, cross, _, _ in sums])
        calibration = float(raw[0])
        if not calibration > 0:
            break
        # One that runs against the others, or away, waits there until it is left out.
        after = np.clip(np.where(raw > 0, raw / calibration, 1.0), 1 / _FARTHEST, _FARTHEST)
        settled = bool(np.max(np.abs(after - slopes)) < _SETTLED)
        slopes = after
        if settled:
            break
    share = 1.0 / slopes
    correlations = [_correlation(gram, cross, total, share) for gram, cross, total, _ in sums]
    explained = math.fsum(
        max(0.0, 0.0 if math.isnan(r) else r) ** 2 * rows
        for r, (_, _, _, rows) in zip(correlations, sums, strict=True)
    )
    said = product(share[None, :], predicted)[0] * calibration * slopes[of_row]
    errors = corpus_errors(said - mos, of_row, count)
    return Fit(slopes.tolist(), correlations, calibration, errors, explained, settled)


def corpus_errors(off: FloatArray, of_row: IntArray, count: int) -> FloatArray:
    """Root mean square of off [m] in each corpus, [corpora]; NaN for one without rows."""
    squares = [(off[of_row == corpus] ** 2).tolist() for corpus in range(count)]
    return np.array([math.sqrt(math.fsum(row) / len(row)) if row else math.nan for row in squares])


def as_rated(
    inputs: FloatArray,
    mos: FloatArray,
    mapped: FloatArray,
    of_row: IntArray,
    splits: Sequence[tuple[IntArray, IntArray]],
    unseen: Sequence[Unseen],
    count: int,
) -> FloatArray:
    """[corpora], error on the same unseen rows where this corpus alone keeps its ratings as they
    are; NaN for the reference.

    mapped: [n], the ratings of all on one scale. One ridge, by the alpha that suits the corpus.
    """
    found = np.full(count, np.nan)
    for corpus in range(1, count):
        rated = np.where(of_row == corpus, mos, mapped)
        off: list[list[float]] = [[] for _ in ALPHAS]
        for (fit, _), part in zip(splits, unseen, strict=True):
            rows = part.rows[part.of_row == corpus]
            solver = RidgeSolver(inputs[fit], rated[fit])
            for place, alpha in enumerate(ALPHAS):
                errors = solver.solve(alpha).predict(inputs[rows]) - mos[rows]
                off[place] += (errors**2).tolist()
        found[corpus] = min(math.sqrt(math.fsum(row) / len(row)) for row in off)
    return found


def _slope(gram: FloatArray, cross: FloatArray, share: FloatArray) -> float:
    square = _quadratic(gram, share)
    return math.fsum((cross * share).tolist()) / square if square > 0 else math.nan


def _correlation(gram: FloatArray, cross: FloatArray, total: float, share: FloatArray) -> float:
    square = _quadratic(gram, share)
    if not (square > 0 and total > 0):
        return math.nan
    return math.fsum((cross * share).tolist()) / math.sqrt(square * total)


def _quadratic(gram: FloatArray, share: FloatArray) -> float:
    return math.fsum((share[:, None] * gram * share).ravel().tolist())
