"""The model card: one Markdown page from one template, without any per-clip figure."""

from __future__ import annotations

from pathlib import Path

from mos_assets.evaluation import PLCC, RMSE
from mos_assets.evaluation.slices import telling_slices
from mos_assets.evaluation.text import plain
from mos_assets.head import in_words
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.manifest import Manifest
from mos_assets.reporting.comparators import COMPARATORS
from mos_assets.reporting.feature_notes import feature_notes
from mos_assets.reporting.findings import findings, weighting
from mos_assets.reporting.front_matter import front_matter
from mos_assets.reporting.markdown import plot_section, template
from mos_assets.reporting.rating_words import public_sentences
from mos_assets.reporting.report import GateReport
from mos_assets.reporting.transfer_report import (
    HOW_TO_READ,
    TransferReport,
    transfer_notes,
    transfer_table,
)

_FEW_CONTENTS = 50
"""Fewer contents than this are worth a warning."""
_PLOTS = ("folds_and_seeds.png", "predicted_against_rated.png", "residuals.png")
"""Plots of the report that the card carries; none gives a single clip away."""


def render_card(
    manifest: Manifest,
    report: GateReport,
    pictures: Path | None = None,
    *,
    transfer: TransferReport | None = None,
) -> str:
    """The card of a judged head.

    pictures: folder of the report's plots, which the card then carries. transfer: what it is worth
    on corpora that only test.
    Raises ValueError where manifest and report are of two heads.
    """
    if manifest.id != report.head_id or manifest.gate is None:
        raise ValueError("a card describes a judged head and its own report")
    page = template("model_card.md.j2").render(
        manifest=manifest,
        report=report,
        verdict=report.verdict,
        gate=manifest.gate,
        slices=telling_slices(report.slices),
        slice_metrics=(PLCC, RMSE),
        experts=in_words(),
        notes=feature_notes(manifest.feature_order, manifest.extractor_fingerprint),
        simulated=manifest.data.label_origin is LabelOrigin.SIMULATED,
        # The card is about the head alone: what was released before it changes no byte of it.
        findings=findings(report.model_copy(update={"comparison": None})),
        weighting=weighting(report),
        advice=_advice(manifest, report),
        rated_how=public_sentences,
        comparators=COMPARATORS,
        transfer=transfer,
        how_to_read=HOW_TO_READ,
        transfer_table=transfer_table(transfer.corpora) if transfer else "",
        transfer_notes=transfer_notes(transfer.corpora) if transfer else [],
        figures=plot_section([plot for plot in report.figures if plot.file in _PLOTS], pictures)
        if pictures
        else "",
        corpus_names=[corpus.name for corpus in manifest.data.corpora],
    )
    return front_matter(manifest, transfer) + page.rstrip() + "\n"


def _advice(manifest: Manifest, report: GateReport) -> list[str]:
    """What a person who has to decide may do with this head."""
    if manifest.data.label_origin is LabelOrigin.SIMULATED:
        return [
            "No: no person rated the clips behind it. Use it to try the platform, not to judge "
            "clips.",
        ]
    found = [
        "Yes, for clips like those it was judged on, measured in the same way: it met every "
        "figure of the gate on human ratings."
        if manifest.status is Status.ACCEPTED
        else "Not to decide about a clip: it is not Accepted. It can sort many clips "
        "roughly, and it is a head to beat."
    ]
    if report.shortcuts is not None:
        found.append(report.shortcuts.sentence)
    if manifest.interval is not None:
        half_width = manifest.interval.half_width
        found.append(
            f"Two clips whose scores differ by less than about {plain(half_width, 1)} MOS may "
            "still be rated the other way round."
        )
    if report.n_groups < _FEW_CONTENTS:
        found.append(
            f"It rests on {report.n_groups} contents. On contents unlike them expect less, and "
            "rate a few clips of your own before you rely on it."
        )
    return found
