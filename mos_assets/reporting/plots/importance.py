"""What the head looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.evaluation.text import count, plain
from mos_assets.reporting.plots.style import BLUE, INK, PALE, RED, save
from mos_assets.reporting.report import GateReport, ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MOST_FEATURES = 15


def importance_plot(report: GateReport, folder: Path) -> ReportPlot | None:
    """PLCC lost by shuffling each feature on unseen clips; None where it was not measured."""
    rows = [row for row in report.importance if row.plcc_drop is not None][:_MOST_FEATURES]
    if not rows:
        return None
    first = rows[0]
    title = (
        f"{_short(first.feature)} matters most: shuffled, it costs {plain(first.plcc_drop)} PLCC"
    )
    most = max(rows, key=lambda row: row.plcc_drop_with_correlated or 0.0)
    family = (most.plcc_drop_with_correlated or 0.0) > 2 * (first.worth or 0.0)
    if family or first.alone_misleads:
        most = most if family else first
        title = (
            f"{_short(most.feature)} and what it correlates with matter most: they cost "
            f"{plain(most.plcc_drop_with_correlated)} PLCC"
        )
    at = np.arange(len(rows))[::-1]

    def paint(axes: Axes, canvas: Canvas) -> None:
        related = np.array([bool(row.correlated) for row in rows])
        together = np.array([max(row.plcc_drop_with_correlated or 0.0, 0.0) for row in rows])
        if related.any():
            words = "with correlated features"
            axes.barh(at[related], together[related], color=PALE, height=0.74, label=words)
        alone = [row.plcc_drop or 0.0 for row in rows]
        axes.barh(at, alone, color=BLUE, height=0.44, label="alone")
        told = np.array([row.low is not None for row in rows])
        ends = np.array([(row.low or 0.0, row.high or 0.0) for row in rows])[told].T
        axes.hlines(at[told], *ends, color=INK, lw=1.2, label="from fold to fold")
        axes.axvline(0.0, color=RED, lw=1.0)
        axes.set_yticks(at, [_short(row.feature) for row in rows], parse_math=False)
        axes.set_xlabel("PLCC lost on unseen clips when shuffled")
        axes.grid(visible=False, axis="y")
        handles, labels = axes.get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=3)

    shown = f"The {len(rows)} most important of {count(len(report.importance))} features. "
    sentence = (
        (shown if len(rows) < len(report.importance) else "")
        + "Correlated features rank the clips nearly alike: where the pale bar is much the "
        "longer one, the head makes do with the others when one of them is spoilt. "
        + report.costlier_alone(_MOST_FEATURES)
    )
    return save(
        "importance", title, sentence.rstrip(), paint, folder, height=1.8 + 0.27 * max(len(rows), 4)
    )


def _short(name: str) -> str:
    """A feature's name as it fits a figure; names come from strangers' tables."""
    flat = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return flat if len(flat) <= 30 else flat[:29] + "…"
