"""What the head looks at, and how far a rating may lie from its prediction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.evaluation.importance import beyond_kin
from mos_assets.evaluation.plots.style import (
    BLUE,
    INK,
    PALE,
    RED,
    Plot,
    panels,
    save,
)
from mos_assets.evaluation.report import GateReport
from mos_assets.evaluation.text import count, plain, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MOST_FEATURES = 15


def importance_plot(report: GateReport, folder: Path) -> Plot | None:
    """PLCC lost by shuffling each feature on unseen clips; None where it was not measured."""
    rows = [row for row in report.importance if row.plcc_drop is not None][:_MOST_FEATURES]
    if not rows:
        return None
    first = rows[0]
    title = (
        f"{_short(first.feature)} matters most: shuffled, it costs {plain(first.plcc_drop)} PLCC"
    )
    most = max(rows, key=lambda row: row.plcc_drop_with_kin or 0.0)
    family = (most.plcc_drop_with_kin or 0.0) > 2 * (first.worth or 0.0)
    if family or first.alone_misleads:
        most = most if family else first
        title = (
            f"{_short(most.feature)} and its kin matter most: they cost "
            f"{plain(most.plcc_drop_with_kin)} PLCC"
        )
    at = np.arange(len(rows))[::-1]

    def paint(axes: Axes, canvas: Canvas) -> None:
        kin = [(y, row.plcc_drop_with_kin) for y, row in zip(at, rows, strict=True) if row.kin]
        if kin:
            axes.barh(
                [y for y, _ in kin],
                [max(drop or 0.0, 0.0) for _, drop in kin],
                color=PALE,
                height=0.74,
                label="with its kin",
            )
        axes.barh(
            at, [row.plcc_drop or 0.0 for row in rows], color=BLUE, height=0.44, label="alone"
        )
        told = [(y, row) for y, row in zip(at, rows, strict=True) if row.low is not None]
        axes.hlines(
            [y for y, _ in told],
            [row.low or 0.0 for _, row in told],
            [row.high or 0.0 for _, row in told],
            color=INK,
            lw=1.2,
            label="from fold to fold",
        )
        axes.axvline(0.0, color=RED, lw=1.0)
        axes.set_yticks(at, [_short(row.feature) for row in rows], parse_math=False)
        axes.set_xlabel("PLCC lost on unseen clips when shuffled")
        axes.grid(visible=False, axis="y")
        handles, labels = axes.get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=3)

    shown = f"The {len(rows)} most important of {count(len(report.importance))} features. "
    sentence = (
        (shown if len(rows) < len(report.importance) else "")
        + "Features that rank the clips nearly alike are kin: where the pale bar is much the "
        "longer one, the head makes do with the others when one of them is spoilt. "
        + beyond_kin(rows)
    )
    return save(
        "importance", title, sentence.rstrip(), paint, folder, height=1.8 + 0.27 * max(len(rows), 4)
    )


def interval_plot(report: GateReport, folder: Path) -> Plot | None:
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


def _short(name: str) -> str:
    """A feature's name as it fits a figure; names come from strangers' tables."""
    flat = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return flat if len(flat) <= 30 else flat[:29] + "…"
