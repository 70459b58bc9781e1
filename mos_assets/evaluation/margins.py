"""How far a head is ahead of shortcuts, paired clip by clip, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.evaluation.metrics import PLCC, rounded
from mos_assets.evaluation.resampling import (
    LEAST_CONTENTS,
    Figures,
    Interval,
    Reduction,
    interval_of,
    resample,
)
from mos_assets.evaluation.shortcuts import Shortcut
from mos_assets.records import FloatArray, IntArray, OutOfFold, TrainingTable


@dataclass(frozen=True, slots=True)
class Margin:
    """Of a head over a shortcut, in PLCC."""

    figure: float | None
    interval: Interval | None
    pooled: bool
    """Whether it is of all folds as one."""


def margins_over(
    table: TrainingTable, oof: OutOfFold, found: Sequence[Shortcut], *, as_one: bool
) -> list[Margin]:
    """Of the head's PLCC over each shortcut's, on the rows that it has predicted.

    Shortcuts of the same rows share their draws, which cost most.
    """
    margins = [Margin(None, None, as_one)] * len(found)
    same: dict[bytes, list[int]] = {}
    for at, shortcut in enumerate(found):
        same.setdefault(np.isfinite(shortcut.predicted).tobytes(), []).append(at)
    for places in same.values():
        part = part_of(table, found[places[0]], as_one=as_one)
        rows = rows_of(table, found[places[0]])
        if not len(rows):
            continue
        predicted = np.array(
            [*oof.predictions[:, rows], *(found[at].predicted[rows] for at in places)]
        )
        few = as_one or len(set(part.groups)) < LEAST_CONTENTS
        waiting = list(enumerate(places))
        for pooled in (True,) if few else (False, True):
            folds = np.zeros_like(part.folds) if pooled else part.folds
            drawn = resample(predicted, part.mos, folds, part.groups, [PLCC]) if waiting else None
            if drawn is None:
                break
            for rival, at in waiting:
                over = head_over(len(oof.predictions), len(oof.predictions) + rival)
                figure = rounded(float(over(drawn.whole)[0]))
                interval = None if figure is None else interval_of(drawn, over)
                margins[at] = Margin(figure, interval, pooled)
            waiting = [(rival, at) for rival, at in waiting if margins[at].interval is None]
    return margins


def head_over(n_seeds: int, row: int) -> Reduction:
    """The head's PLCC, mean over the first `n_seeds` rows, minus that of the predictor in `row`."""

    def margin(figures: Figures) -> FloatArray:
        plcc = figures[PLCC.name]
        over: FloatArray = plcc[:, :n_seeds].mean(axis=1) - plcc[:, row]
        return over

    return margin


def rows_of(table: TrainingTable, shortcut: Shortcut) -> IntArray:
    """Places of the rows in the folds that the shortcut has predicted."""
    return np.flatnonzero((table.folds >= 0) & np.isfinite(shortcut.predicted))


def part_of(table: TrainingTable, shortcut: Shortcut, *, as_one: bool) -> TrainingTable:
    """These rows; as_one: in a single fold."""
    part = table.take(rows_of(table, shortcut))
    return replace(part, folds=np.zeros_like(part.folds)) if as_one else part
