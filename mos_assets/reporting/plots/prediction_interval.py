"""How far a rating may lie from its prediction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.evaluation.text import count, plain, share
from mos_assets.reporting.plots.style import BLUE, PALE, RED, panels, save
from mos_assets.reporting.report import GateReport, ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


def interval_plot(report: GateReport, folder: Path) -> ReportPlot | None:
    """Coverage of the prediction interval on held-out folds and along the predictions."""
    found = report.prediction_interval
    if found.half_width is None or found.coverage is None:
        return None
    title = (
        f"± {plain(found.half_width, 2)} MOS held {share(found.coverage)} of unseen ratings, "
        f"{share(found.level)} promised"
    )

    def paint(axes: Axes, canvas: Canvas) -> None:
        left, right = panels(canvas, title, 2, sharey=True)
        left.bar(range(len(found.folds)), [f.coverage for f in found.folds], color=BLUE, width=0.6)
        left.set_xticks(range(len(found.folds)), [f"{f.fold}\n({count(f.n)})" for f in found.folds])
        left.set_xlabel("held-out fold (clips)")
        left.set_ylabel("share of ratings inside")
        right.bar(range(len(found.bands)), [b.coverage for b in found.bands], color=PALE, ec=BLUE)
        right.set_xticks(
            range(len(found.bands)),
            [f"{b.low:.0f} to {b.high:.0f}\n({count(b.n)})" for b in found.bands],
        )
        right.set_xlabel("predicted MOS (clips)")
        for panel in (left, right):
            panel.axhline(found.level, color=RED, lw=1.6, ls="--", label="promised on average")
            panel.grid(visible=False, axis="x")
        lowest = min([f.coverage for f in found.folds] + [b.coverage for b in found.bands])
        left.set_ylim(max(0.0, min(0.6, lowest - 0.1)), 1.0)
        handles, labels = left.get_legend_handles_labels()
        canvas.legend(handles[:1], labels[:1], loc="outside lower center")

    sentence = (
        "Each fold was checked against the interval that the other folds gave. The promise is "
        "for the average over contents: a band of predictions may fall short of it."
    )
    return save("prediction_interval", title, sentence, paint, folder, height=3.6)
