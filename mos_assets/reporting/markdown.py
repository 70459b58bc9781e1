"""The gate report as Markdown, for the store and for the card."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mos_assets.evaluation.baselines import SVR_MOST_CLIPS
from mos_assets.evaluation.interval import Interval
from mos_assets.evaluation.resampling import LEVEL
from mos_assets.evaluation.text import and_list, count, lowered, plain, share
from mos_assets.records import FigureRow, LabelOrigin, Named
from mos_assets.reporting.findings import findings
from mos_assets.reporting.report import GateReport

TEMPLATE = "gate_report.md.j2"
_MOST_FEATURES = 30
"""Rows of the table of features."""


def render_markdown(report: GateReport) -> str:
    """The report; its first line is the verdict in words. Same report, same text."""
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
    environment.filters.update(
        plain=plain,
        signed=_signed,
        count=count,
        cell=cell,
        share=share,
        interval_text=interval_text,
        and_list=and_list,
        lowered=lowered,
        cells=cells,
    )
    return environment.get_template(TEMPLATE).render(
        report=report,
        verdict=report.verdict,
        human=report.label_origin is LabelOrigin.HUMAN,
        findings=findings(report),
        level=share(LEVEL),
        most_features=_MOST_FEATURES,
        svr_most=SVR_MOST_CLIPS,
    )


def cells(row: FigureRow[float], metrics: Sequence[Named], places: int = 3) -> str:
    """The metrics of a row, as the middle of a row of a table."""
    return " | ".join(plain(row.of(metric), places) for metric in metrics)


def _signed(figure: float | None, places: int = 3) -> str:
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
