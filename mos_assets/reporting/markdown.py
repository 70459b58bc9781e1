"""Pages in Markdown: the gate report, and what it shares with the card."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.evaluation.baselines import SVR_MOST_CLIPS
from mos_assets.evaluation.beats import ShortcutRow
from mos_assets.evaluation.resampling import LEVEL, Interval
from mos_assets.evaluation.shortcuts import names_of
from mos_assets.evaluation.slices import telling_slices
from mos_assets.evaluation.text import and_list, count, lowered, plain, share
from mos_assets.records import FigureRow, LabelOrigin, Named
from mos_assets.reporting.findings import findings, weighting
from mos_assets.reporting.rating_words import between_sentence, sentences
from mos_assets.reporting.report import GateReport, ReportPlot

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_FEATURES = 30
"""Rows of the table of features."""


def render_markdown(report: GateReport) -> str:
    """The report; its first line is the verdict in words. Same report, same text."""
    return template("gate_report.md.j2").render(
        report=report,
        verdict=report.verdict,
        human=report.label_origin is LabelOrigin.HUMAN,
        findings=findings(report),
        said_of_ratings=sentences,
        weighting=weighting(report),
        level=share(LEVEL),
        most_features=_MOST_FEATURES,
        svr_most=SVR_MOST_CLIPS,
        slices=telling_slices(report.slices),
    )


@lru_cache(maxsize=2)
def template(name: str) -> Template:
    """A page of `templates/` with every filter that the pages use."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mos_assets.reporting"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # The text is Markdown, not HTML; names that come from files pass through `cell`.
        autoescape=False,  # noqa: S701
    )
    written = (plain, count, share, and_list, lowered, cell, cells, interval_text, between_sentence)
    environment.filters.update(
        {f.__name__: f for f in written},
        signed=signed,
        shortcut_name=shortcut_name,
        shortcut_cells=shortcut_cells,
    )
    return environment.get_template(name)


def plot_section(plots: Sequence[ReportPlot], folder: Path | None = None) -> str:
    """Markdown that shows the plots, each with its sentence.

    folder: where the files are, to carry the pictures in the text itself for readers that
    cannot see that folder; None refers to files beside the page.
    """
    return "\n\n".join(
        f"![{cell(plot.title)}]({_target(plot, folder)})\n\n{cell(plot.sentence)}" for plot in plots
    )


def _target(plot: ReportPlot, folder: Path | None) -> str:
    if folder is None:
        return plot.file
    picture = base64.b64encode((folder / plot.file).read_bytes()).decode("ascii")
    return f"data:image/png;base64,{picture}"


def cells(row: FigureRow[float], metrics: Sequence[Named], places: int = 3) -> str:
    """The metrics of a row, as the middle of a row of a table."""
    return " | ".join(plain(row.of(metric), places) for metric in metrics)


def shortcut_name(row: ShortcutRow) -> str:
    """A shortcut in a table: what it is, its columns, and whether its figures are of all folds as
    one, then with the head's beside them."""
    name = row.name if row.columns in ((), (row.name,)) else f"{row.name} ({names_of(row.columns)})"
    if not row.pooled or row.plcc is None:
        return name
    return f"{name}, all folds as one (this head: PLCC {plain(row.head_plcc)})"


def shortcut_cells(row: ShortcutRow, metrics: Sequence[Named], places: int = 3) -> str:
    """The metrics of a shortcut, as the middle of a row; an en dash where it was not asked."""
    return " | ".join(plain(getattr(row, metric.name, None), places) for metric in metrics)


def signed(figure: float | None, places: int = 3) -> str:
    """A figure with its sign, as a difference is written."""
    text = plain(figure, places)
    return f"+{text}" if figure is not None and figure > 0 else text


def interval_text(interval: Interval | None, places: int = 3) -> str:
    """The interval in a table; an en dash where there is none."""
    if interval is None:
        return "–"
    return f"{plain(interval.low, places)} … {plain(interval.high, places)}"


_MARKS = re.compile(
    r"[\\`*\[\]{}|!~$@]"  # code, emphasis, links, pictures, columns, formulas, addresses
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore marks nothing up
    r"|:(?=//)|(?<=www)\.",  # addresses that become links by themselves
    re.IGNORECASE,
)


def cell(text: object) -> str:
    """Text that holds words of a stranger's file, for a table cell or within a line of Markdown.

    It is shown as it is: it can neither break the table nor pass for HTML, and no picture, link,
    code, emphasis or formula in it comes to life.
    """
    flat = " ".join(str(text).split())
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        flat = flat.replace(mark, entity)
    return _MARKS.sub(r"\\\g<0>", flat)
