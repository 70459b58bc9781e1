"""Predictions beside ratings: density, residuals, calibration, prediction interval.

Labels of research corpora may not be published clip by clip, so nothing here plots single clips:
densities of cells that hold several, quantiles and means only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mos_assets.evaluation.metrics import PLCC
from mos_assets.evaluation.text import count, plain
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray
from mos_assets.reporting.plots.style import BLUE, CARD, PALE, RED, bins, identity, mos_axes, save
from mos_assets.reporting.report import GateReport, ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure as Canvas

_AGREES = 0.05
"""Mean ratings this near to the prediction agree with it, however small their own error."""
_DRAWN_IN = 0.15
"""Mean error at both ends of the range, in MOS units, from which predictions keep to the middle."""

_FEWER = "and fewer would give ratings away"
_LEAST_IN_CELL = 3
"""A cell of fewer clips is left out: it would give their ratings away."""
_GRIDS = ((24, 14), (16, 9), (11, 6), (7, 4))
"""Cells across and up; the fewer the clips, the coarser."""
_MOST_LEFT_OUT = 0.1
"""Share of the clips whose loss a finer grid is worth."""


def density(predicted: FloatArray, mos: FloatArray, report: GateReport, folder: Path) -> ReportPlot:
    """Predicted against rated, with the identity line; hexagons of three clips or more."""
    plcc = report.verdict.means.of(PLCC)
    title = (
        f"Out-of-fold predictions against ratings: PLCC {plain(plcc)} on "
        f"{count(report.n_clips)} clips"
    )
    near = float(np.mean(np.abs(predicted - mos) <= 0.5))
    grid, shown = _grid(predicted, mos)
    left_out = len(mos) - shown

    def paint(axes: Axes, canvas: Canvas) -> None:
        from matplotlib.colors import LinearSegmentedColormap, LogNorm
        from matplotlib.ticker import MaxNLocator

        shades = LinearSegmentedColormap.from_list("clips", ["#dbe7f3", BLUE, "#0b2545"], N=16)
        if shown:
            cells = _hexagons(axes, predicted, mos, grid, cmap=shades)
            most = max(float(np.max(np.asarray(cells.get_array()))), _LEAST_IN_CELL + 1.0)
            if most > 50:
                cells.set_norm(LogNorm(_LEAST_IN_CELL, most))
            else:
                cells.set_clim(_LEAST_IN_CELL, most)
            whole = None if most > 50 else MaxNLocator(integer=True)
            bar = canvas.colorbar(cells, ax=axes, pad=0.02, ticks=whole)
            bar.set_label("clips in a cell")
            bar.outline.set_visible(False)
        else:
            axes.text(3.0, 4.0, f"no cell holds three clips,\n{_FEWER}", ha="center")
        identity(axes, 1.8)
        axes.legend(loc="lower right", frameon=True, facecolor=CARD, edgecolor="none")
        mos_axes(axes, "predicted MOS, mean over seeds", "rated MOS")

    return save(
        "predicted_against_rated",
        title,
        f"{100 * near:.0f} % of the clips are predicted within half a MOS of their rating."
        + (f" {_left_out(left_out, shown)}" if left_out else ""),
        paint,
        folder,
    )


def _left_out(n: int, shown: int) -> str:
    if not shown:
        return f"No cell is shown: none holds three clips, {_FEWER}."
    return (
        f"Left out, as cells of fewer than three would give ratings away: {count(n)} "
        f"{'clip' if n == 1 else 'clips'}."
    )


def _grid(predicted: FloatArray, mos: FloatArray) -> tuple[tuple[int, int], int]:
    """The finest grid that leaves out few clips, else the coarsest; and the clips that it shows."""
    from matplotlib.figure import Figure as Canvas

    for grid in _GRIDS:
        cells = _hexagons(Canvas().subplots(), predicted, mos, grid)
        shown = int(np.sum(np.asarray(cells.get_array())))
        if len(mos) - shown <= _MOST_LEFT_OUT * len(mos):
            break
    return grid, shown


def _hexagons(
    axes: Axes, predicted: FloatArray, mos: FloatArray, grid: tuple[int, int], **style: Any
) -> PolyCollection:
    """Clips in each cell that holds enough of them."""
    return axes.hexbin(
        predicted,
        mos,
        gridsize=grid,
        extent=(MOS_MIN, MOS_MAX, MOS_MIN, MOS_MAX),
        mincnt=_LEAST_IN_CELL,
        linewidths=0.2,
        edgecolors=CARD,
        **style,
    )


def residuals(predicted: FloatArray, mos: FloatArray, folder: Path) -> ReportPlot:
    """Prediction minus rating by rating: median, middle half, nine of ten."""
    residual = predicted - mos
    parts = bins(mos)
    centres, rows = parts.centres, parts.rows
    quantiles = np.array([np.quantile(residual[r], [0.05, 0.25, 0.5, 0.75, 0.95]) for r in rows])
    title, sentence = (
        "Too few clips to show errors",
        f"No part of the range holds ten clips, {_FEWER}.",
    )
    if len(rows):
        low, high = (float(np.mean(residual[rows[i]])) for i in (0, -1))
        title = f"Mean error stays within {plain(max(abs(low), abs(high)), 2)} MOS at both ends"
        if low > _DRAWN_IN and high < -_DRAWN_IN:
            title = f"The worst clips come out {_off(low)}, the best {_off(high)}"
        sentence = (
            f"Clips rated near {centres[0]:.1f} are predicted {_off(low)} on average, those near "
            f"{centres[-1]:.1f} {_off(high)}; a predictor that is unsure keeps to the middle."
        )

    def paint(axes: Axes, canvas: Canvas) -> None:
        if len(rows):
            least, lower, median, upper, most = quantiles.T
            wide, half = "9 of 10 clips", "half of the clips"
            axes.fill_between(centres, least, most, color=PALE, alpha=0.45, lw=0, label=wide)
            axes.fill_between(centres, lower, upper, color=PALE, lw=0, label=half)
            axes.plot(centres, median, color=BLUE, lw=2, marker="o", ms=4.5, label="median")
            axes.legend(loc="upper right")
        axes.axhline(0.0, color=RED, lw=1.4)
        axes.set_xlim(MOS_MIN, MOS_MAX)
        axes.set_xlabel("rated MOS")
        axes.set_ylabel("prediction minus rating, MOS")

    return save("residuals", title, sentence, paint, folder)


def calibration(predicted: FloatArray, mos: FloatArray, folder: Path) -> ReportPlot:
    """Mean rating of the clips with about the same prediction, with its 95 % interval."""
    parts = bins(predicted)
    rows = parts.rows
    means = np.array([float(np.mean(mos[r])) for r in rows])
    errors = np.array([float(np.std(mos[r])) / np.sqrt(np.count_nonzero(r)) for r in rows])
    at = np.array([float(np.mean(predicted[r])) for r in rows])
    title = "Too few clips to show calibration"
    sentence = f"No range of predictions holds ten clips, {_FEWER}."
    if len(rows):
        fair = int(np.count_nonzero(np.abs(means - at) <= np.maximum(1.96 * errors, _AGREES)))
        title = (
            f"Mean ratings agree with predictions in {fair} of {len(rows)} steps of {parts.words}"
        )
        sentence = (
            f"Where the head predicts {at[0]:.1f} the ratings average {means[0]:.2f}; where it "
            f"predicts {at[-1]:.1f} they average {means[-1]:.2f}. To agree is to be nearer than "
            f"{plain(_AGREES, 2)} MOS or than the ratings' own error."
        )

    def paint(axes: Axes, canvas: Canvas) -> None:
        identity(axes, 1.4)
        if len(rows):
            told = "mean rating with 95 % interval"
            style: dict[str, Any] = {"color": BLUE, "lw": 2, "marker": "o", "ms": 5, "capsize": 3}
            axes.errorbar(at, means, yerr=1.96 * errors, label=told, **style)
        axes.legend(loc="upper left")
        mos_axes(axes, "predicted MOS, mean over seeds", "mean rated MOS")

    return save("calibration", title, sentence, paint, folder)


def _off(error: float) -> str:
    return f"{plain(abs(error), 2)} MOS too {'high' if error > 0 else 'low'}"
