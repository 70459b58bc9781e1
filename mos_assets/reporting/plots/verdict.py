"""What the gate saw: every fold and seed against the thresholds, and where the head is weak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mos_assets.evaluation.criteria import MEAN_RMSE, PLCC_SPREAD, SpreadOverSeeds
from mos_assets.evaluation.gate import GateCheck
from mos_assets.evaluation.metrics import RMSE
from mos_assets.evaluation.slices import Slice, telling_slices
from mos_assets.evaluation.text import count, plain
from mos_assets.records import FloatArray
from mos_assets.reporting.plots.style import BLUE, INK, PALE, QUIET, RED, panels, save
from mos_assets.reporting.report import GateReport, ReportPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_MOST_SLICES = 16


def folds_and_seeds(report: GateReport, folder: Path) -> ReportPlot:
    """The gate figures: folds as dots, seeds as bars, thresholds, intervals."""
    verdict = report.verdict
    met = sum(check.passed for check in verdict.checks)
    spread = verdict.check(PLCC_SPREAD)
    title = (
        f"{met} of {len(verdict.checks)} gate figures met; "
        f"seeds differ by {plain(spread.figure, spread.places)} PLCC"
    )

    def paint(axes: Axes, canvas: Canvas) -> None:
        drawn = panels(canvas, title, len(verdict.checks))
        for panel, check in zip(drawn, verdict.checks, strict=True):
            if check.statistic == SpreadOverSeeds.word:
                _spread_panel(panel, report, check)
            else:
                _figure_panel(panel, report, check)
        handles, labels = drawn[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=4)

    seeds = "seed" if verdict.n_seeds == 1 else "seeds"
    sentence = (
        f"Each dot is one of {verdict.n_folds} folds under one of {verdict.n_seeds} {seeds}; the "
        f"shade is the 95 % interval of the figure. Folds differ by {plain(verdict.fold_spread)} "
        f"PLCC, and sampling alone would make that {plain(verdict.expected_fold_spread)}."
    )
    return save("folds_and_seeds", title, sentence, paint, folder)


def _figure_panel(panel: Axes, report: GateReport, check: GateCheck) -> None:
    verdict = report.verdict
    interval = report.intervals.of(check)
    if interval is not None:
        ends, told = (interval.low, interval.high), "95 % interval"
        panel.axhspan(*ends, color=PALE, alpha=0.35, lw=0, label=told)
    for at, seed in enumerate(verdict.seeds):
        mine = _drawable(
            [row.figures[check.metric] for row in verdict.folds if row.seed == seed.seed]
        )
        fold, seed_mean = ("a fold", "mean of a seed") if at == 0 else (None, None)
        dot: dict[str, Any] = {"marker": "o", "ms": 4.5, "color": "white", "mec": BLUE, "mew": 1.0}
        panel.plot([at] * len(mine), mine, ls="", label=fold, **dot)
        across, means = [at - 0.32, at + 0.32], [np.mean(mine)] * 2
        panel.plot(across, means, color=INK, lw=2.2, label=seed_mean)
    panel.axhline(check.threshold, color=RED, lw=1.6, ls="--", label="threshold")
    _finish(panel, check.words, check, len(verdict.seeds))


def _spread_panel(panel: Axes, report: GateReport, check: GateCheck) -> None:
    """Each seed's mean above the lowest one: the highest bar is the spread."""
    verdict = report.verdict
    label = next(metric.label for metric in report.metrics if metric.name == check.metric)
    if check.figure is not None:
        means = _drawable([seed.figures[check.metric] for seed in verdict.seeds])
        panel.bar(range(len(means)), means - means.min(), width=0.64, color=INK)
    panel.axhline(check.threshold, color=RED, lw=1.6, ls="--")
    panel.set_ylabel(f"mean {label} above the lowest seed", fontsize=8.5)
    panel.set_ylim(0.0, 1.25 * max(check.threshold, check.figure or 0.0))
    _finish(panel, f"{label} spread", check, len(verdict.seeds))


def _drawable(figures: Sequence[float | None]) -> FloatArray:
    """What does not exist leaves a gap, as NaN does in matplotlib."""
    return np.array([np.nan if figure is None else figure for figure in figures])


def _finish(panel: Axes, title: str, check: GateCheck, n_seeds: int) -> None:
    from matplotlib.ticker import MaxNLocator

    met = "met" if check.passed else "missed"
    panel.set_title(f"{title}\n{plain(check.figure, check.places)} {met}", fontsize=9.5)
    panel.tick_params(axis="y", labelsize=8.5)
    panel.grid(visible=False, axis="x")
    panel.margins(y=0.12)
    panel.set_xlabel("seed")
    panel.set_xlim(-0.6, max(n_seeds, 1) - 0.4)
    panel.set_xticks(range(n_seeds), [str(at + 1) for at in range(n_seeds)])
    panel.yaxis.set_major_locator(MaxNLocator(5))


def slices_plot(report: GateReport, folder: Path) -> ReportPlot | None:
    """RMSE and bias of each part of the corpus, with its clips; None without such parts."""
    parts = [part for part in telling_slices(report.slices) if part.of(RMSE) is not None]
    parts = parts[:_MOST_SLICES]
    if not parts:
        return None
    worst = max(parts, key=lambda part: part.of(RMSE) or 0.0)
    title = f"Largest error: {_name(worst)}, RMSE {plain(worst.of(RMSE), 2)}"
    labels = [f"{_name(part)}  ({count(part.n)})" for part in parts]
    at = np.arange(len(parts))[::-1]

    def paint(axes: Axes, canvas: Canvas) -> None:
        left, right = panels(canvas, title, 2, sharey=True)
        left.barh(at, [part.of(RMSE) or 0.0 for part in parts], color=BLUE, height=0.62)
        threshold = report.verdict.check(MEAN_RMSE).threshold
        left.axvline(threshold, color=RED, lw=1.6, ls="--", label="gate, whole corpus")
        left.set_yticks(at, labels, parse_math=False)
        left.set_xlabel("RMSE, MOS")
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16 - 0.5 / len(parts)))
        right.barh(at, [part.bias or 0.0 for part in parts], color=PALE, ec=BLUE, height=0.62)
        right.axvline(0.0, color=QUIET, lw=1.2)
        right.set_xlabel("mean of prediction minus rating, MOS")
        for panel in (left, right):
            panel.grid(visible=False, axis="y")

    sentence = (
        "Parts of the corpus with at least twenty clips, the number of clips in brackets; a bar "
        "to the right of nought in the second panel means predicted too high."
    )
    return save("slices", title, sentence, paint, folder, height=1.9 + 0.27 * len(parts))


def _name(part: Slice) -> str:
    words = {"height": "height", "codec": "codec", "mos": "MOS", "part": "part"}
    name = part.name if len(part.name) <= 24 else part.name[:23] + "…"
    return name if part.dimension == "held out" else f"{words[part.dimension]} {name}"
