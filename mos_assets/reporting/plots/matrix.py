"""What corpora teach of each other: trained on against tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.evaluation.mixed import CrossFigures
from mos_assets.evaluation.text import count, plain
from mos_assets.reporting.plots.style import BLUE, CARD, GRID, INK, PALE, save
from mos_assets.reporting.report import ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_LEAST_SPAN = 0.1
"""PLCC that the shades span at least, so that cells which are alike look alike."""
_MOST_UPRIGHT = 3
"""Columns; of more their names would meet."""
_MOST_NUMBERED = 8
"""Columns; of more the cells are too narrow for two figures."""


def matrix_caption(cells: Sequence[CrossFigures]) -> ReportPlot | None:
    """File and words of the plot of these cells; None without any cell."""
    if not cells:
        return None
    told = [cell.plcc for cell in cells if cell.plcc is not None]
    return ReportPlot(
        file="train_test_matrix.png",
        title=f"PLCC {plain(min(told))} to {plain(max(told))}, by what trained and what was tested"
        if told
        else "What the corpora teach of each other cannot be told",
        sentence="PLCC of closed forms, which stand in for the head, means over several cuts into "
        "folds; no clip is scored by what saw its content. An empty cell has no figures.",
    )


def matrix_plot(cells: Sequence[CrossFigures], folder: Path) -> ReportPlot | None:
    """A heat map of PLCC with the figures in the cells; None without any cell.

    folder: made where it is missing.
    """
    caption = matrix_caption(cells)
    if caption is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(dict.fromkeys(cell.trained for cell in cells))
    columns = list(dict.fromkeys(cell.tested for cell in cells))
    at = {(rows.index(cell.trained), columns.index(cell.tested)): cell for cell in cells}
    figures = np.full((len(rows), len(columns)), np.nan)
    for place, cell in at.items():
        figures[place] = np.nan if cell.plcc is None else cell.plcc
    told = np.isfinite(figures)
    lowest, most = (np.min(figures[told]), np.max(figures[told])) if told.any() else (0.0, 1.0)
    least = min(lowest, most - _LEAST_SPAN)

    crowded = len(columns) > _MOST_UPRIGHT

    def paint(axes: Axes, canvas: Canvas) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("plcc", ["#e3ecf6", PALE, BLUE], N=24)
        missing = shades.with_extremes(bad=GRID)
        axes.imshow(figures, cmap=missing, vmin=least, vmax=most, aspect="auto")
        for (row, column), cell in at.items():
            dark = told[row, column] and figures[row, column] > least + 0.7 * (most - least)
            words = plain(cell.plcc)
            if cell.rmse is not None and len(columns) <= _MOST_NUMBERED:
                words += f"\nRMSE {plain(cell.rmse, 2)}"
            axes.text(column, row, words, ha="center", va="center", color=CARD if dark else INK)
        axes.set_xticks(
            range(len(columns)),
            [f"{_short(name)}\n({_clips(cells, name)})" for name in columns],
            parse_math=False,
            rotation=20 if crowded else 0,
            ha="right" if crowded else "center",
        )
        axes.set_yticks(
            range(len(rows)),
            ["all together" if len(some) > 1 else _short(some[0]) for some in rows],
            parse_math=False,
        )
        axes.set_xlabel("tested on (clips)")
        axes.set_ylabel("trained on")
        axes.grid(visible=False)
        axes.set_xticks(np.arange(0.5, len(columns) - 1), minor=True)
        axes.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
        axes.grid(visible=True, which="minor", color=CARD, lw=3)
        axes.tick_params(which="both", length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)

    return save(
        caption.file.removesuffix(".png"),
        caption.title,
        caption.sentence,
        paint,
        folder,
        height=1.7 + 0.62 * len(rows) + 0.6 * crowded,
    )


def _clips(cells: Sequence[CrossFigures], name: str) -> str:
    return count(max(cell.clips for cell in cells if cell.tested == name))


def _short(name: str) -> str:
    """A corpus's name as it fits a figure."""
    flat = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return flat if len(flat) <= 24 else flat[:23] + "…"
