"""How much the figures hang on where the folds were cut; reported, and never part of the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, mean, rounded
from mos_assets.records import SEED, FloatArray, IntArray, Reported, TrainingTable

LEAST_CUTS = 10
"""Fewer say little of a range."""
MOST_CLIPS = 2_000
"""Of more clips, whole contents are drawn until so many are together: the cost is bounded."""

OutOfFoldOf = Callable[[TrainingTable], FloatArray]
"""A table with folds → out-of-fold predictions [n]."""


class SplitRange(Reported):
    """One metric over further cuts: means over folds of one cut each."""

    metric: str
    here: float | None
    """On the folds of the verdict, by the same predictor."""
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    """Over cuts, with one degree of freedom taken."""


class SplitRanges(Reported):
    """What the closed forms reach on further cuts of the same clips."""

    cuts: int
    n: int
    """Clips that were cut."""
    n_contents: int
    predictor: str
    """What was fitted in place of the head, which would cost too much."""
    ranges: tuple[SplitRange, ...]
    reason: str | None = None
    """Why there is none."""

    def of(self, metric: str) -> SplitRange | None:
        """The range of that metric; None where it was not asked for."""
        return next((row for row in self.ranges if row.metric == metric), None)


def split_ranges(
    table: TrainingTable,
    cuts: IntArray,
    predict: OutOfFoldOf,
    predictor: str,
    metrics: Sequence[Metric] = (PLCC, SROCC, RMSE),
) -> SplitRanges:
    """Fit on every cut [cuts, n] of the rows of `table`, and on its own folds.

    Rows of fold -1 must not be among them; see `split_table`. Raises ValueError for fewer cuts
    than `LEAST_CUTS`, and where they do not fit the table.
    """
    if len(cuts) < LEAST_CUTS or cuts.shape[1:] != table.mos.shape or (table.folds < 0).any():
        raise ValueError(
            f"cuts are [at least {LEAST_CUTS}, {len(table.mos)}] of rows that all train, "
            f"got {cuts.shape}"
        )
    found = [
        _figures(own, predict(own), metrics)
        for own in (table, *(replace(table, folds=cut) for cut in cuts))
    ]
    return SplitRanges(
        cuts=len(cuts),
        n=len(table.mos),
        n_contents=len(set(table.groups)),
        predictor=predictor,
        ranges=tuple(
            _range(metric.name, found[0][at], [each[at] for each in found[1:]])
            for at, metric in enumerate(metrics)
        ),
    )


def split_table(table: TrainingTable, most: int = MOST_CLIPS) -> TrainingTable:
    """The rows that train, of so many contents that there are `most` clips at most.

    Contents are drawn in an order of chance, whole ones; the same table gives the same rows.
    """
    inside = np.flatnonzero(table.folds >= 0)
    if len(inside) > most:
        names, of_row, sizes = np.unique(
            [table.groups[row] for row in inside], return_inverse=True, return_counts=True
        )
        order = np.random.default_rng([SEED, len(inside)]).permutation(len(names))
        kept = order[: max(2, int(np.searchsorted(np.cumsum(sizes[order]), most, side="right")))]
        inside = inside[np.isin(of_row, kept)]
    return table.take(inside)


def _figures(
    table: TrainingTable, predicted: FloatArray, metrics: Sequence[Metric]
) -> list[float | None]:
    folds = np.unique(table.folds)
    return [
        mean(
            [
                metric.compute(predicted[table.folds == fold], table.mos[table.folds == fold])
                for fold in folds
            ]
        )
        for metric in metrics
    ]


def _range(name: str, here: float | None, each: Sequence[float | None]) -> SplitRange:
    """A cut without a figure leaves the range untold, since one without it is narrower."""
    present = [figure for figure in each if figure is not None]
    told = len(present) == len(each)
    return SplitRange(
        metric=name,
        here=rounded(here),
        low=rounded(min(present)) if told else None,
        high=rounded(max(present)) if told else None,
        mean=rounded(mean(present)) if told else None,
        std=rounded(float(np.std(present, ddof=1))) if told else None,
    )
