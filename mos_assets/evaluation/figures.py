"""The report's figures: PNG files that are byte for byte the same for the same predictions.

Labels of research corpora may not be published clip by clip, so nothing here plots single clips:
densities, quantiles and means only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mos_assets.evaluation.gate import CHECK_WORDS, CheckName
from mos_assets.evaluation.report import GateReport
from mos_assets.evaluation.wording import count, plain
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, FoldScore, OutOfFold, TrainingTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_CARD, _INK, _QUIET, _GRID = "#fbfaf7", "#1f2430", "#646b78", "#e2e0d9"
_BLUE, _PALE, _RED = "#2563a8", "#a9c6e6", "#c2410c"
_WIDTH_PX, _DPI = 1140, 150
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": _CARD,
    "figure.facecolor": _CARD,
    "savefig.facecolor": _CARD,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "axes.grid": True,
    "grid.color": _GRID,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}
_AGREES = 0.05
"""Mean ratings this near to the prediction agree with it, however small their own error."""
_DRAWN_IN = 0.15
"""Mean error at both ends of the range, in MOS units, from which predictions keep to the middle."""
_BIN_ROWS = 10
"""A bin of fewer clips is not drawn: its quantiles would be single ratings."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One PNG file."""

    name: str
    path: Path
    title: str
    """Says the finding."""
    sentence: str
    """What the figure shows, for a caption or in its place."""


def draw(
    table: TrainingTable, oof: OutOfFold, report: GateReport, folder: Path
) -> tuple[Figure, ...]:
    """Draw the report's figures into `folder`, which is made where it is missing.

    Without finite predictions in the folds there is nothing to draw and the result is empty.
    """
    inside = table.folds >= 0
    predicted, mos = oof.predictions[:, inside].mean(axis=0), table.mos[inside]
    if len(mos) == 0 or not (np.isfinite(predicted).all() and np.isfinite(mos).all()):
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    return (
        _density(predicted, mos, report, folder),
        _residuals(predicted, mos, report, folder),
        _calibration(predicted, mos, report, folder),
        _scores(report, folder),
    )


def _density(predicted: FloatArray, mos: FloatArray, report: GateReport, folder: Path) -> Figure:
    plcc = report.verdict.check("mean_plcc").figure
    title = (
        f"Out-of-fold predictions against ratings: PLCC {plain(plcc)} on "
        f"{count(report.n_clips)} clips"
    )
    near = float(np.mean(np.abs(predicted - mos) <= 0.5))

    def paint(axes: Axes, canvas: Canvas) -> None:
        from matplotlib.colors import LinearSegmentedColormap, LogNorm
        from matplotlib.ticker import MaxNLocator

        shades = LinearSegmentedColormap.from_list("clips", ["#dbe7f3", _BLUE, "#0b2545"], N=16)
        cells = axes.hexbin(
            predicted,
            mos,
            gridsize=(24, 14),
            extent=(MOS_MIN, MOS_MAX, MOS_MIN, MOS_MAX),
            mincnt=1,
            cmap=shades,
            linewidths=0.2,
            edgecolors=_CARD,
        )
        most = max(float(np.max(np.asarray(cells.get_array()))), 2.0)
        if most > 50:
            cells.set_norm(LogNorm(1, most))
        else:
            cells.set_clim(1, most)
        axes.plot(
            [MOS_MIN, MOS_MAX], [MOS_MIN, MOS_MAX], color=_RED, lw=1.8, label="prediction = rating"
        )
        axes.legend(loc="lower right", frameon=True, facecolor=_CARD, edgecolor="none")
        whole = None if most > 50 else MaxNLocator(integer=True)
        bar = canvas.colorbar(cells, ax=axes, pad=0.02, ticks=whole)
        bar.set_label("clips in a cell")
        bar.outline.set_visible(False)
        _mos_axes(axes, "predicted MOS, mean over seeds", "rated MOS")

    return _save(
        "predicted_against_rated",
        title,
        f"{100 * near:.0f} % of the clips are predicted within half a MOS of their rating.",
        paint,
        folder,
    )


def _residuals(predicted: FloatArray, mos: FloatArray, report: GateReport, folder: Path) -> Figure:
    residual = predicted - mos
    centres, rows = _bins(mos)
    quantiles = np.array([np.quantile(residual[r], [0.05, 0.25, 0.5, 0.75, 0.95]) for r in rows])
    title, sentence = "Too few clips to show errors", "No part of the range holds ten clips."
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
            axes.fill_between(
                centres,
                quantiles[:, 0],
                quantiles[:, 4],
                color=_PALE,
                alpha=0.45,
                lw=0,
                label="9 of 10 clips",
            )
            axes.fill_between(
                centres,
                quantiles[:, 1],
                quantiles[:, 3],
                color=_PALE,
                lw=0,
                label="half of the clips",
            )
            axes.plot(
                centres, quantiles[:, 2], color=_BLUE, lw=2, marker="o", ms=4.5, label="median"
            )
            axes.legend(loc="upper right")
        axes.axhline(0.0, color=_RED, lw=1.4)
        axes.set_xlim(MOS_MIN, MOS_MAX)
        axes.set_xlabel("rated MOS")
        axes.set_ylabel("prediction minus rating, MOS")

    return _save("residuals", title, sentence, paint, folder)


def _calibration(
    predicted: FloatArray, mos: FloatArray, report: GateReport, folder: Path
) -> Figure:
    _, rows = _bins(predicted)
    means = np.array([float(np.mean(mos[r])) for r in rows])
    errors = np.array([float(np.std(mos[r])) / np.sqrt(np.count_nonzero(r)) for r in rows])
    at = np.array([float(np.mean(predicted[r])) for r in rows])
    title, sentence = (
        "Too few clips to show calibration",
        "No range of predictions holds ten clips.",
    )
    if len(rows):
        fair = int(np.count_nonzero(np.abs(means - at) <= np.maximum(1.96 * errors, _AGREES)))
        title = (
            f"Mean ratings agree with predictions in {fair} of {len(rows)} steps of a quarter MOS"
        )
        sentence = (
            f"Where the head predicts {at[0]:.1f} the ratings average {means[0]:.2f}; where it "
            f"predicts {at[-1]:.1f} they average {means[-1]:.2f}. To agree is to be nearer than "
            f"{plain(_AGREES, 2)} MOS or than the ratings' own error."
        )

    def paint(axes: Axes, canvas: Canvas) -> None:
        axes.plot(
            [MOS_MIN, MOS_MAX], [MOS_MIN, MOS_MAX], color=_RED, lw=1.4, label="prediction = rating"
        )
        if len(rows):
            axes.errorbar(
                at,
                means,
                yerr=1.96 * errors,
                color=_BLUE,
                lw=2,
                marker="o",
                ms=5,
                capsize=3,
                label="mean rating with 95 % interval",
            )
        axes.legend(loc="upper left")
        _mos_axes(axes, "predicted MOS, mean over seeds", "mean rated MOS")

    return _save("calibration", title, sentence, paint, folder)


def _scores(report: GateReport, folder: Path) -> Figure:
    verdict = report.verdict
    met = sum(check.passed for check in verdict.checks)
    spread = verdict.check("plcc_spread").figure
    title = f"{met} of 4 gate figures met; seeds differ by {plain(spread, 4)} PLCC"
    panels: tuple[tuple[CheckName, Callable[[FoldScore], float]], ...] = (
        ("mean_plcc", lambda row: row.plcc),
        ("mean_srocc", lambda row: row.srocc),
        ("mean_rmse", lambda row: row.rmse),
    )

    def paint(axes: Axes, canvas: Canvas) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.set_title("")
        canvas.clear()
        canvas.suptitle(title, x=0.02, ha="left", fontsize=11.0, fontweight="bold")
        for panel, (name, value) in zip(canvas.subplots(1, 3), panels, strict=True):
            check = verdict.check(name)
            for at, seed in enumerate(verdict.seeds):
                mine = [value(row) for row in verdict.folds if row.seed == seed.seed]
                panel.plot(
                    [at] * len(mine),
                    mine,
                    ls="",
                    marker="o",
                    ms=5,
                    color=_PALE,
                    mec=_BLUE,
                    mew=0.6,
                    label="a fold" if at == 0 else None,
                )
                panel.plot(
                    [at - 0.3, at + 0.3],
                    [np.mean(mine)] * 2,
                    color=_INK,
                    lw=2.2,
                    label="mean of a seed" if at == 0 else None,
                )
            panel.axhline(check.threshold, color=_RED, lw=1.4, ls="--", label="threshold")
            panel.set_title(f"{CHECK_WORDS[name]} {plain(check.figure)}", fontsize=10.0)
            panel.set_xlabel("seed")
            panel.set_xlim(-0.6, len(verdict.seeds) - 0.4)
            panel.set_xticks(
                range(len(verdict.seeds)), [str(n + 1) for n in range(len(verdict.seeds))]
            )
            panel.yaxis.set_major_locator(MaxNLocator(6))
            panel.grid(visible=False, axis="x")
            panel.margins(y=0.12)
        handles, labels = canvas.axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=3)

    seeds = "seed" if verdict.n_seeds == 1 else "seeds"
    sentence = (
        f"Each dot is one of {verdict.n_folds} folds under one of {verdict.n_seeds} {seeds}; folds "
        f"differ by {plain(verdict.fold_spread)} PLCC, and sampling alone would make that "
        f"{plain(verdict.expected_fold_spread)}."
    )
    return _save("folds_and_seeds", title, sentence, paint, folder)


def _bins(values: FloatArray) -> tuple[FloatArray, list[np.typing.NDArray[np.bool_]]]:
    """Centres and members of the quarter-MOS bins that hold enough clips."""
    edges = np.arange(MOS_MIN, MOS_MAX + 0.25, 0.25)
    which = np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)
    kept = [b for b in range(len(edges) - 1) if np.count_nonzero(which == b) >= _BIN_ROWS]
    return np.array([edges[b] + 0.125 for b in kept]), [which == b for b in kept]


def _off(error: float) -> str:
    return f"{plain(abs(error), 2)} MOS too {'high' if error > 0 else 'low'}"


def _mos_axes(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(MOS_MIN, MOS_MAX)
    axes.set_ylim(MOS_MIN, MOS_MAX)
    axes.set_xticks(range(1, 6))
    axes.set_yticks(range(1, 6))
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _save(
    name: str, title: str, sentence: str, paint: Callable[[Axes, Canvas], None], folder: Path
) -> Figure:
    """Paint one figure in the house style; no date and no program name enter the file."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewCanvas

    path = folder / f"{name}.png"
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        canvas = NewCanvas(figsize=(_WIDTH_PX / _DPI, 4.4), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        axes.set_title(title)
        paint(axes, canvas)
        _write_png(canvas, path)
    return Figure(name=name, path=path, title=title, sentence=sentence)


def _write_png(canvas: Canvas, path: Path) -> None:
    """Write with a palette, which halves the file; no shade moves visibly."""
    import io

    from PIL import Image

    raw = io.BytesIO()
    canvas.savefig(raw, format="png", metadata={"Software": None})
    raw.seek(0)
    with Image.open(raw) as image:
        flat = image.convert("RGB").quantize(colors=88, dither=Image.Dither.NONE)
        flat.save(path, format="PNG", optimize=True)
