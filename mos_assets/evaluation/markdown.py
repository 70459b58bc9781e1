"""The gate report as Markdown, for the store and for the card."""

from __future__ import annotations

from mos_assets.evaluation.baselines import SVR_MOST_CLIPS
from mos_assets.evaluation.gate import CHECK_WORDS, GATE, CheckName, GateCheck
from mos_assets.evaluation.interval import bounds
from mos_assets.evaluation.reading import reading
from mos_assets.evaluation.report import GateReport
from mos_assets.evaluation.resampling import LEVEL
from mos_assets.evaluation.wording import and_list, cell, count, plain, share
from mos_assets.records import LabelOrigin

TEMPLATE = "gate_report.md.j2"


def render_markdown(report: GateReport) -> str:
    """The report; its first line is the verdict in words. Same report, same text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mos_assets.evaluation", "templates"),
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
        bounds=bounds,
        and_list=and_list,
    )
    return environment.get_template(TEMPLATE).render(
        report=report,
        verdict=report.verdict,
        checks=[
            (c, _word(c.name), _figure(c), _interval_of(report, c.name))
            for c in report.verdict.checks
        ],
        human=report.label_origin is LabelOrigin.HUMAN,
        reading=reading(report),
        level=share(LEVEL),
        gate=GATE,
        words=CHECK_WORDS,
        svr_most=SVR_MOST_CLIPS,
    )


def _word(name: CheckName) -> str:
    return CHECK_WORDS[name]


def _figure(check: GateCheck) -> str:
    places = 4 if check.name == "plcc_spread" else 3
    return plain(check.figure, places, beside=check.threshold)


def _interval_of(report: GateReport, name: CheckName) -> str:
    return bounds(report.intervals.of(name), 4 if name == "plcc_spread" else 3)


def _signed(figure: float | None, places: int = 3) -> str:
    text = plain(figure, places)
    return f"+{text}" if figure is not None and figure > 0 else text
