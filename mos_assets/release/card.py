"""The model card: one Markdown page from one template, without any per-clip figure."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.evaluation import (
    CHECK_WORDS,
    GateReport,
    and_list,
    cell,
    figure_section,
    plain,
    reading,
)
from mos_assets.records import LabelOrigin
from mos_assets.release.comparators import COMPARATORS
from mos_assets.release.feature_notes import feature_notes
from mos_assets.release.manifest import Manifest

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE = "model_card.md.j2"
CARD_FIGURES = ("predicted_against_rated.png", "folds_and_seeds.png")
"""Figures of the report that the card carries; neither gives a single clip away."""


def render_card(manifest: Manifest, report: GateReport, pictures: Path | None = None) -> str:
    """The card of a judged head.

    pictures: folder of the report's figures, which the card then carries.
    Raises ValueError where manifest and report are of two heads.
    """
    if manifest.id != report.head_id or manifest.gate is None:
        raise ValueError("a card describes a judged head and its own report")
    page = _template().render(
        manifest=manifest,
        report=report,
        verdict=report.verdict,
        gate=manifest.gate,
        words=CHECK_WORDS,
        notes=feature_notes(manifest.feature_order, manifest.extractor_fingerprint),
        simulated=manifest.data.label_origin is LabelOrigin.SIMULATED,
        reading=reading(report),
        comparators=COMPARATORS,
        figures=figure_section(
            [figure for figure in report.figures if figure.file in CARD_FIGURES], pictures
        )
        if pictures
        else "",
        corpus_names=[corpus.name for corpus in manifest.data.corpora],
    )
    return page.rstrip() + "\n"


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mos_assets.release"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown, and cells are escaped by the `cell` filter
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain=plain, and_list=and_list, cell=cell)
    return environment.get_template(_TEMPLATE)
