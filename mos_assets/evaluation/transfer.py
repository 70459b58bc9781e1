"""What a head is worth on a corpus that it never trained on. Nothing here gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mos_assets.evaluation.beats import ShortcutVerdict, judged_against
from mos_assets.evaluation.krasula import KrasulaFigures, krasula_figures
from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, rounded
from mos_assets.evaluation.p1401 import P1401Figures, p1401_figures
from mos_assets.evaluation.resampling import (
    Figures,
    Interval,
    Reduction,
    interval_of,
    resample,
)
from mos_assets.evaluation.shortcuts import BesideColumns, shortcuts
from mos_assets.evaluation.slices import Slice, slices
from mos_assets.records import FloatArray, OutOfFold, Reported, TrainingTable

METRICS = (PLCC, SROCC, RMSE)
LEAST_CLIPS = 3
"""Fewer have no figures."""


class TransferFigures(Reported):
    """One corpus that only tests, as one head scores it.

    An interval says where other contents of the same kind would put a figure; None where that
    cannot be told, as with a single content.
    """

    corpus: str
    clips: int
    """Scored."""
    contents: int
    known_clips: int
    """Clips whose content trains too; scored by the fold heads that did not see it."""
    known_contents: int
    """Contents of theirs."""
    unknown_clips: int
    """Clips of which it is not known whether the head has seen their content; scored by the head
    that ships."""
    left_out: int
    """Clips whose content every head has seen; they take no part."""
    incomplete: int
    """Clips that lack a feature; they take no part either."""
    comparable: bool
    """Whether their features were made as those of the training rows; figures are none of the head
    where they were not."""
    plcc: float | None
    """Over all clips, means over seeds; the others likewise."""
    plcc_interval: Interval | None
    srocc: float | None
    srocc_interval: Interval | None
    rmse: float | None
    rmse_interval: Interval | None
    bias: float | None
    """Mean of prediction minus rating, in MOS units."""
    bias_interval: Interval | None
    shipped_plcc: float | None
    """Of the head that ships, which has seen the known contents: it flatters by that."""
    shipped_srocc: float | None
    shipped_rmse: float | None
    slope: float | None
    """Of the ratings over the predictions; 1 where they need no calibration."""
    intercept: float | None
    coverage: float | None
    """Share of ratings within the head's 90 % interval, of every clip."""
    coverage_inside: float | None
    """The same of clips inside the envelope of the training rows, for which it is promised."""
    outside: float | None
    """Share of clips outside that envelope; None where the head has none."""
    p1401: P1401Figures
    """RMSE* and outlier ratio after a mapping of third order."""
    krasula: KrasulaFigures
    slices: tuple[Slice, ...]
    shortcuts: ShortcutVerdict
    """Shortcuts and foreign metrics, fitted on folds of this corpus, which the head was not: they
    have the advantage. Figures are over all clips."""
    notes: tuple[str, ...]
    """What must be known to read the figures, a sentence each."""
    reason: str | None
    """Why there are no figures."""


@dataclass(frozen=True, eq=False)
class ScoredCorpus:
    """A test corpus and what heads say of it."""

    name: str
    table: TrainingTable
    """Its rows in folds of its own, which only its shortcuts are fitted on."""
    predictions: FloatArray
    """[seeds, n]; NaN in rows that no head may score."""
    known: np.typing.NDArray[np.bool_]
    """[n], whether the content trains too."""
    unknown: int = 0
    """Clips of which nobody knows whether their content trains; `known` says no."""
    shipped: FloatArray | None = None
    """[n], of the head that ships."""
    incomplete: int = 0
    comparable: bool = True
    notes: tuple[str, ...] = ()
    half_width: float | None = None
    """Of the head's 90 % interval, MOS units; None where it promises none."""
    distance: FloatArray | None = None
    """[n] from the training rows, above 1 outside; None where the head has no envelope."""
    beside: BesideColumns = field(default_factory=BesideColumns)


def scored_by_folds(
    predictions: FloatArray, folds: Sequence[int], may_score: Sequence[frozenset[int]]
) -> FloatArray:
    """[seeds, n] of predictions [seeds, heads, n], the mean over the heads that may score a row.

    folds: [heads], the fold that each head left out. may_score: [n], folds whose heads have not
    seen the row's content; without one the row is NaN. Raises ValueError where shapes do not fit.
    """
    if predictions.ndim != 3 or predictions.shape[1:] != (len(folds), len(may_score)):
        raise ValueError(
            f"predictions are [seeds, {len(folds)}, {len(may_score)}], got {predictions.shape}"
        )
    allowed = np.array([[fold in may for may in may_score] for fold in folds], dtype=bool)
    allowed = allowed.reshape(len(folds), len(may_score))
    count = allowed.sum(axis=0)
    total = np.where(allowed, predictions, 0.0).sum(axis=1)
    found: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def transfer_figures(tested: ScoredCorpus) -> TransferFigures:
    """Every figure of the corpus over the rows that have a prediction.

    Raises ValueError where the arrays do not fit together.
    """
    n = len(tested.table.mos)
    if tested.predictions.shape[1:] != (n,) or tested.known.shape != (n,):
        raise ValueError(
            f"predictions are [seeds, {n}] and known [{n}], got {tested.predictions.shape} and "
            f"{tested.known.shape}"
        )
    rows = np.flatnonzero(np.isfinite(tested.predictions).all(axis=0))
    table, predictions = tested.table.take(rows), tested.predictions[:, rows]
    beside = BesideColumns(
        {name: values[rows] for name, values in tested.beside.container.items()},
        {name: values[rows] for name, values in tested.beside.metrics.items()},
    )
    oof = OutOfFold(tuple(range(len(predictions))), predictions)
    middle = predictions.mean(axis=0)
    far = None if tested.distance is None else tested.distance[rows] > 1.0
    within = None if tested.half_width is None else _within(predictions, table.mos, tested)
    slope, intercept = _line(middle, table.mos)
    seen = tested.known[rows]
    own = None if tested.shipped is None else tested.shipped[rows]
    return TransferFigures(
        corpus=tested.name,
        clips=len(rows),
        contents=len(set(table.groups)),
        known_clips=int(np.count_nonzero(seen)),
        known_contents=len({table.groups[row] for row in np.flatnonzero(seen)}),
        unknown_clips=tested.unknown,
        left_out=n - len(rows),
        incomplete=tested.incomplete,
        comparable=tested.comparable,
        **pooled_figures(table, predictions),
        **{f"shipped_{metric.name}": _of(metric, own, table.mos) for metric in METRICS},
        slope=slope,
        intercept=intercept,
        coverage=_share(within),
        coverage_inside=None if within is None or far is None else _share(within[~far]),
        outside=_share(far),
        p1401=p1401_figures(
            middle,
            table.mos,
            table.mos_std,
            table.n_ratings,
            table.groups,
            mos_ci95=table.mos_ci95,
        ),
        krasula=krasula_figures(middle, table.mos, table.mos_std, table.n_ratings, table.mos_ci95),
        slices=slices(table, oof, METRICS),
        shortcuts=judged_against(table, oof, shortcuts(table, beside), as_one=True),
        notes=tested.notes,
        reason=None if len(rows) >= LEAST_CLIPS else f"{len(rows)} clips could be scored",
    )


def pooled_figures(table: TrainingTable, predictions: FloatArray) -> dict[str, Any]:
    """PLCC, SROCC, RMSE and bias over all rows as one fold, with intervals over contents."""
    metrics = (*METRICS, Metric("bias", "bias", _bias, weighted=_weighted_bias))
    names = [name for metric in metrics for name in (metric.name, f"{metric.name}_interval")]
    if len(table.mos) < LEAST_CLIPS:
        return dict.fromkeys(names)
    one = np.zeros(len(table.mos), dtype=np.int64)
    drawn = resample(predictions, table.mos, one, table.groups, metrics)
    found = [
        figure
        for metric in metrics
        for figure in (
            rounded(float(np.mean([metric.compute(x, table.mos) for x in predictions]))),
            interval_of(drawn, _mean_of(metric), scale=metric.scale),
        )
    ]
    return dict(zip(names, found, strict=True))


def _of(metric: Metric, predicted: FloatArray | None, mos: FloatArray) -> float | None:
    if predicted is None or len(mos) < LEAST_CLIPS:
        return None
    return rounded(metric.compute(predicted, mos))


def _mean_of(metric: Metric) -> Reduction:
    """Over seeds."""

    def over_seeds(figures: Figures) -> FloatArray:
        found: FloatArray = figures[metric.name].mean(axis=1)
        return found

    return over_seeds


def _bias(predicted: FloatArray, mos: FloatArray) -> float:
    return float(np.mean(predicted - mos))


def _weighted_bias(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    size = weights.sum(axis=1)
    found: FloatArray = (weights @ (x - y).T) / np.where(size > 0, size, np.nan)[:, None]
    return found


def _within(predictions: FloatArray, mos: FloatArray, tested: ScoredCorpus) -> FloatArray:
    """[n], share of seeds whose interval holds the rating."""
    held: FloatArray = (np.abs(predictions - mos) <= (tested.half_width or 0.0)).mean(axis=0)
    return held


def _share(found: np.typing.NDArray[np.bool_] | FloatArray | None) -> float | None:
    return None if found is None or len(found) == 0 else rounded(float(np.mean(found)))


def _line(predicted: FloatArray, mos: FloatArray) -> tuple[float | None, float | None]:
    if len(mos) < LEAST_CLIPS or float(np.ptp(predicted)) == 0.0:
        return None, None
    from scipy import stats

    line = stats.linregress(predicted, mos)
    return rounded(float(line.slope)), rounded(float(line.intercept))
