"""The gate's figures and their intervals against the thresholds, and the folds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from markupsafe import Markup

from mos_assets.evaluation.gate import GateCheck
from mos_assets.evaluation.metrics import PLCC
from mos_assets.evaluation.text import count, plain
from mos_assets.reporting.charts.svg import WIDTH, Drawing
from mos_assets.reporting.report import GateReport

_ROW = 62.0
_EDGE = 14.0
_MOST_COUNTED = 6
"""Folds; beneath more of them their numbers of clips would meet."""
_FROM = 0.5
"""Where the axis of correlations begins, if none lies below; else at 0 or at the least."""


def gate_chart(report: GateReport) -> Markup:
    """A row a figure: its value, its interval, and the side of the threshold that is asked for."""
    checks = [check for check in report.verdict.checks if check.figure is not None]
    drawing = Drawing(_ROW * len(checks), "Figures of the gate with their intervals")
    lowest = min([0.0, *(min(_ends(report, c)) for c in checks if c.comparison == ">=")])
    if all(min(_ends(report, c)) > _FROM for c in checks if c.comparison == ">="):
        lowest = _FROM
    for row, check in enumerate(checks):
        axis = (lowest, max(1.0, *_ends(report, check)))
        if check.comparison != ">=":
            axis = (0.0, 1.15 * max(_ends(report, check)))
        _figure(drawing, report, check, row * _ROW, axis)
    return drawing.markup() if checks else Markup("")


def _ends(report: GateReport, check: GateCheck) -> list[float]:
    interval = report.intervals.of(check)
    told = [] if interval is None else [interval.low, interval.high]
    return [check.figure or 0.0, check.threshold, *told]


def _figure(
    drawing: Drawing,
    report: GateReport,
    check: GateCheck,
    top: float,
    axis: tuple[float, float],
) -> None:
    figure, interval = check.figure or 0.0, report.intervals.of(check)
    low, high = axis

    def x(value: float) -> float:
        return _EDGE + (value - low) / (high - low) * (WIDTH - 2 * _EDGE)

    middle = top + 34
    asked = "≥" if check.comparison == ">=" else "≤"
    drawing.text(_EDGE, top + 16, check.words, "name")
    drawing.text(
        WIDTH - _EDGE,
        top + 16,
        f"{check.text()}, {'met' if check.passed else 'missed'} (asked {asked} {check.limit})",
        "tick",
        "end",
    )
    start, end = (check.threshold, high) if asked == "≥" else (low, check.threshold)
    drawing.rect(x(start), middle - 10, x(end) - x(start), 20, "asked", "what the gate asks for")
    drawing.line(_EDGE, middle, WIDTH - _EDGE, middle, "grid")
    if interval is not None:
        told = f"95 % interval {plain(interval.low, check.places)} to "
        told += plain(interval.high, check.places)
        wide = x(interval.high) - x(interval.low)
        drawing.rect(x(interval.low), middle - 4, wide, 8, "reach", told)
    drawing.line(x(check.threshold), middle - 12, x(check.threshold), middle + 12, "bound")
    kind = "met" if check.passed else "missed"
    drawing.circle(x(figure), middle, 5.5, kind, f"{check.words} {check.text()}")


def fold_chart(report: GateReport) -> Markup:
    """PLCC of each fold under each seed, and the mean of the folds."""
    rows = [(row.fold, row.of(PLCC)) for row in report.verdict.folds]
    known = [(fold, figure) for fold, figure in rows if figure is not None]
    if not known:
        return Markup("")
    folds = sorted({fold for fold, _ in known})
    mean = next((c for c in report.verdict.checks if c.metric == PLCC.name), None)
    figures = [figure for _, figure in known] + ([] if mean is None else [mean.threshold])
    room = 0.1 * (max(figures) - min(figures)) or 0.05
    low, high = min(figures) - room, max(figures) + room
    height = 232.0
    drawing = Drawing(height, "PLCC of each fold")
    y = _scale(low, high, height)
    for at in np.linspace(low + room, high - room, 4):
        drawing.line(44, y(at), WIDTH - 10, y(at), "grid")
        drawing.text(38, y(at) + 4, plain(float(at), 2), anchor="end")
    if mean is not None:
        drawing.line(44, y(mean.threshold), WIDTH - 10, y(mean.threshold), "bound")
        drawing.text(WIDTH - 10, y(mean.threshold) - 5, "threshold of the mean", "told", "end")
    step = (WIDTH - 60) / len(folds)
    for at, fold in enumerate(folds):
        mine = [figure for one, figure in known if one == fold]
        n = next(row.n_val for row in report.verdict.folds if row.fold == fold)
        middle = 48 + (at + 0.5) * step
        for figure in mine:
            drawing.circle(middle, y(figure), 3.4, "dot", f"fold {fold}: PLCC {plain(figure)}")
        drawing.text(middle, height - 20, str(fold), anchor="middle")
        if len(folds) <= _MOST_COUNTED:
            drawing.text(middle, height - 6, f"{count(n)} clips", anchor="middle")
    return drawing.markup()


def _scale(low: float, high: float, height: float) -> Callable[[float], float]:
    return lambda value: height - 40 - (value - low) / (high - low) * (height - 52)
