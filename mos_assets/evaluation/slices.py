"""Where the head is good and where it is not: its figures on parts of the corpus."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from mos_assets.evaluation.metrics import Metric, mean, rounded
from mos_assets.records import FigureRow, FloatArray, OutOfFold, TrainingTable

LEAST_CLIPS = 20
"""A smaller slice has no figures: they would be noise."""
_MOST_VALUES = 12
"""More distinct picture heights than this are binned."""
_HEIGHT_EDGES = (0.0, 240.0, 360.0, 480.0, 540.0, 720.0, 1080.0, 1440.0, 2160.0, math.inf)
MOS_EDGES = (1.0, 2.0, 3.0, 4.0, 5.0)

Dimension = Literal["height", "codec", "mos", "part", "held out"]
HELD_OUT: Dimension = "held out"
_LEAST_COMPARED = 2
"""A part says something only beside another one."""
Mask = np.typing.NDArray[np.bool_]


class Slice(FigureRow[float]):
    """Metrics on one part of the corpus, pooled over folds, means over seeds."""

    dimension: Dimension
    name: str
    n: int
    bias: float | None
    """Mean of prediction minus rating, in MOS units."""
    reason: str | None
    """Why a figure is None."""


def slices(table: TrainingTable, oof: OutOfFold, metrics: Sequence[Metric]) -> tuple[Slice, ...]:
    """Figures by picture height, codec, rated MOS and corpus part, and of rows never trained on.

    A dimension that says nothing (all unknown, or one value for every clip) is left out, but for
    the rows of fold -1, which always have their own slice.
    """
    inside = table.folds >= 0
    found: list[Slice] = []
    for dimension, name, rows in _parts(table):
        if (rows & inside).any():
            found.append(_slice(dimension, name, rows & inside, table, oof, metrics))
    held_out = ~inside
    if held_out.any():
        parts = sorted(
            {part or "unnamed" for part, out in zip(table.part, held_out, strict=True) if out}
        )
        out = f"part {', '.join(parts)}" if parts != ["unnamed"] else "rows that never trained"
        found.append(_slice(HELD_OUT, out, held_out, table, oof, metrics))
    return tuple(found)


def telling_slices(found: Sequence[Slice]) -> tuple[Slice, ...]:
    """Slices that can be held against one another: of dimensions of which two have figures, and
    rows that never trained."""
    with_figures = Counter(
        part.dimension for part in found if any(x is not None for x in part.figures.values())
    )
    return tuple(
        part
        for part in found
        if part.dimension == HELD_OUT or with_figures[part.dimension] >= _LEAST_COMPARED
    )


def _parts(table: TrainingTable) -> Iterator[tuple[Dimension, str, Mask]]:
    inside = table.folds >= 0
    yield from _by_height(table.height, inside)
    yield from _by_value("codec", table.codec, inside)
    for low, high in pairwise(MOS_EDGES):
        last = high == MOS_EDGES[-1]
        rows = (table.mos >= low) & ((table.mos <= high) if last else (table.mos < high))
        yield "mos", f"{low:.0f} to {high:.0f}", rows
    yield from _by_value("part", table.part, inside)


def _by_height(height: FloatArray, inside: Mask) -> Iterator[tuple[Dimension, str, Mask]]:
    known = np.isfinite(height)
    values = np.unique(height[known & inside])
    if len(values) == 0 or (len(values) == 1 and known[inside].all()):
        return
    if len(values) <= _MOST_VALUES:
        for value in values:
            yield "height", f"{value:.0f}", known & (height == value)
    else:
        for low, high in pairwise(_HEIGHT_EDGES):
            name = f"up to {high:.0f}" if math.isfinite(high) else f"above {low:.0f}"
            yield "height", name, known & (height > low) & (height <= high)
    yield "height", "unknown", ~known


def _by_value(
    dimension: Dimension, values: tuple[str | None, ...], inside: Mask
) -> Iterator[tuple[Dimension, str, Mask]]:
    present = {value for value, row in zip(values, inside, strict=True) if row}
    if len(present) < 2:
        return
    for value in sorted(present, key=lambda v: (v is None, v or "")):
        yield dimension, value or "unknown", np.array([v == value for v in values])


def _slice(
    dimension: Dimension,
    name: str,
    rows: Mask,
    table: TrainingTable,
    oof: OutOfFold,
    metrics: Sequence[Metric],
) -> Slice:
    n = int(np.count_nonzero(rows))
    figures: dict[str, float | None] = dict.fromkeys(metric.name for metric in metrics)
    bias, reason = None, None
    if n < LEAST_CLIPS:
        reason = f"{n} clips are too few, {LEAST_CLIPS} are needed"
    else:
        mos, predicted = table.mos[rows], oof.predictions[:, rows]
        figures = {
            metric.name: rounded(mean([metric.compute(x, mos) for x in predicted]))
            for metric in metrics
        }
        bias = rounded(mean([float(np.mean(x - mos)) for x in predicted]))
        if None in (bias, *figures.values()):
            reason = "predictions or ratings are constant or not finite"
    return Slice(dimension=dimension, name=name, n=n, bias=bias, reason=reason, figures=figures)
