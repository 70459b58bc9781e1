"""The gate report as one HTML file for the person who decides. It names clips and stays here.

Nothing is fetched and no script runs: styles, drawings and pictures are inside. Every text is
escaped, since names come from strangers.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from mos_assets.evaluation.feature_sets import FeatureComparison
from mos_assets.evaluation.metrics import PLCC, RMSE
from mos_assets.evaluation.resampling import LEVEL, Interval
from mos_assets.evaluation.slices import telling_slices
from mos_assets.evaluation.text import and_list, count, lowered, plain, share
from mos_assets.records import LabelOrigin
from mos_assets.reporting.advice import main_fact, next_steps, no_better_than_the_mean
from mos_assets.reporting.charts import fold_chart, gate_chart, residual_chart, scatter
from mos_assets.reporting.charts.agreement import MOST_DOTS
from mos_assets.reporting.charts.svg import visible
from mos_assets.reporting.clips import JudgedClip, Thumbnail, worst
from mos_assets.reporting.feature_sets import HOW_TO_READ, verdict_on_sets
from mos_assets.reporting.findings import findings
from mos_assets.reporting.markdown import interval_text, shortcut_name, signed
from mos_assets.reporting.rating_words import sentences
from mos_assets.reporting.report import GateReport

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_FEATURES = 15
"""Rows of the table of features."""
_MOST_LISTED = 500
"""Rows of the table of every clip."""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A head of other features on the same clips and folds."""

    features: str
    """As MOS_FEATURES names them."""
    head_id: str
    n_features: int | None
    """None where nobody can tell."""
    figures: Mapping[str, float | None]
    """Means over seeds and folds, by metric."""
    margin: float | None = None
    """PLCC of the head that the page is about minus this one's."""
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A feature block that a run could name."""

    name: str
    columns: int | None
    """None where nobody has looked yet."""
    what: str
    used: bool
    """Whether this head has it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page shows and the report does not hold."""

    clips: tuple[JudgedClip, ...]
    """As of `judged_clips`."""
    thumbnails: Mapping[str, Thumbnail]
    """Of every one of the worst clips, by clip id."""
    features: str
    """Of this head, as MOS_FEATURES names them."""
    others: tuple[FeatureSet, ...]
    blocks: tuple[Block, ...]
    sets: FeatureComparison | None = None
    """What the blocks reach on these very rows; None where nobody has compared them."""


def render_html(report: GateReport, around: Surroundings) -> str:
    """The page; the same report and surroundings, the same text."""
    fact = main_fact(report)
    said = {fact, no_better_than_the_mean(report)}
    if report.shortcuts is not None and not report.shortcuts.passed:
        said.add(report.shortcuts.sentence)
    return _template().render(
        report=report,
        verdict=report.verdict,
        around=around,
        others=sorted(around.others, key=lambda each: (each.margin is None, each.margin or 0.0)),
        fact=fact,
        steps=next_steps(report),
        findings=[each for each in findings(report) if each not in said],
        said_of_ratings=sentences,
        level=share(LEVEL),
        human=report.label_origin is LabelOrigin.HUMAN,
        compared=None if around.sets is None else verdict_on_sets(around.sets),
        how_to_read_sets=HOW_TO_READ,
        slices=telling_slices(report.slices),
        most_rmse=max([part.of(RMSE) or 0.0 for part in report.slices], default=0.0) or 1.0,
        rmse=RMSE,
        plcc=PLCC,
        worst=worst(around.clips),
        any_picture=any(each.jpeg for each in around.thumbnails.values()),
        no_picture=sorted({each.reason for each in around.thumbnails.values() if each.reason}),
        listed=around.clips[:_MOST_LISTED],
        most_dots=MOST_DOTS,
        features=report.importance[:_MOST_FEATURES],
        most_lost=max([row.worth or 0.0 for row in report.importance], default=0.0) or 1.0,
        gate_chart=gate_chart(report),
        fold_chart=fold_chart(report),
        scatter=scatter(around.clips) if around.clips else None,
        residuals=residual_chart(around.clips) if around.clips else None,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mos_assets.reporting"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        # Names may hold characters that turn the line around or that no file of text may hold.
        finalize=_shown,
    )
    written = (plain, count, share, and_list, lowered, interval_text, signed, shortcut_name)
    environment.filters.update({f.__name__: f for f in (*written, as_picture)})
    return environment.get_template("gate_report.html.j2")


def _shown(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def as_picture(thumbnail: Thumbnail) -> str:
    """Its bytes as an address that an image can have."""
    return f"data:image/jpeg;base64,{base64.b64encode(thumbnail.jpeg or b'').decode('ascii')}"
