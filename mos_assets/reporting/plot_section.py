"""Figures inside Markdown: as files beside the page, or carried in the page itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from mos_assets.reporting.markdown import cell
from mos_assets.reporting.plots import Plot
from mos_assets.reporting.report import GateReport, ReportPlot


def with_plots(report: GateReport, figures: Sequence[Plot]) -> GateReport:
    """The report that knows its figures, which lie in its own folder."""
    notes = tuple(
        ReportPlot(file=figure.path.name, title=figure.title, sentence=figure.sentence)
        for figure in figures
    )
    return report.model_copy(update={"figures": notes})


def plot_section(figures: Sequence[ReportPlot], folder: Path | None = None) -> str:
    """Markdown that shows the figures, each with its sentence.

    folder: where the files are, to carry the pictures in the text itself for readers that
    cannot see that folder; None refers to files beside the page.
    """
    return "\n\n".join(
        f"![{cell(figure.title)}]({_target(figure, folder)})\n\n{cell(figure.sentence)}"
        for figure in figures
    )


def _target(figure: ReportPlot, folder: Path | None) -> str:
    if folder is None:
        return figure.file
    picture = base64.b64encode((folder / figure.file).read_bytes()).decode("ascii")
    return f"data:image/png;base64,{picture}"
