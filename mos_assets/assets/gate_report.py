"""The asset `gate_report`: the candidate judged, and a check for each figure of the gate."""

import dagster as dg

from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.reporting import known, preview, user_errors
from mos_assets.assets.templates import AssetTemplate, OwnCheck, asset
from mos_assets.assets.trained_onnx import trained_onnx
from mos_assets.evaluation import GATE, Gate
from mos_assets.evaluation.beats import ShortcutVerdict
from mos_assets.pipeline.judge import judge

SUSPICIOUS_PREVIEW = 50
HEAD, STATUS, VERDICT = "head", "status", "verdict"
"""Metadata that `automation/notifications.py` reads of earlier runs."""
BEATS_SHORTCUTS = "beats_shortcuts"


def gate_report_by(gate: Gate) -> AssetTemplate:
    """The asset, judging by this table, with one check a row and one that no table has."""

    @asset(
        deps=[trained_onnx],
        code_version=graph_code,
        group=Group.VERDICT,
        kinds={"scipy", "matplotlib"},
        description=(
            "The verdict on the newest candidate: gate figures on out-of-fold predictions, what "
            "sampling alone explains, baselines on the same folds, slices and figures. JSON, "
            "Markdown, HTML and plots in the store; the history of verdicts in tables "
            "`gate_reports` and `gate_figures`."
        ),
        own_checks=[
            OwnCheck(
                row.name,
                description=f"{row.words} against the gate. A miss is a result: it does not stop "
                "the run, and the card records it.",
            )
            for row in gate.criteria
        ]
        + [
            OwnCheck(
                BEATS_SHORTCUTS,
                description="The head is more than a shortcut: its PLCC lies above that of the "
                "best single column, of container columns and of picture sizes, each with 95 % "
                "confidence. Without it no head is Accepted; it does not stop the run.",
            )
        ],
    )
    def gate_report(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
        return _judged(context, platform, gate)

    return gate_report


gate_report = gate_report_by(GATE)


def _judged(
    context: dg.AssetExecutionContext, platform: Platform, gate: Gate
) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        done = judge(settings.run, settings.paths, platform.database, gate, context.log)
    report = done.report
    verdict = report.verdict
    context.log.info(verdict.sentence)
    return dg.MaterializeResult(
        tags=asset_tags(settings.run, report.candidate_id),
        metadata={
            HEAD: report.head_id,
            STATUS: str(verdict.status),
            VERDICT: verdict.sentence,
            **{
                check.name: round(check.figure, 4)
                for check in verdict.checks
                if check.figure is not None
            },
            "candidate": report.candidate_id,
            # False: the report on these very predictions was there, and stands.
            "judged": done.anew,
            "n_clips": report.n_clips,
            # The UI cannot read the store folder, so the pictures travel in the text.
            "figures": dg.MetadataValue.md(done.pictures),
            "report": dg.MetadataValue.md(done.page),
            "suspicious_ratings": preview(done.suspicious.slice(0, SUSPICIOUS_PREVIEW)),
            "suspicious_ratings_count": done.suspicious.num_rows,
            "html": dg.MetadataValue.path(str(done.html)),
            "folder": dg.MetadataValue.path(str(done.folder)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=check.name,
                passed=check.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={
                    "figure": "does not exist" if check.figure is None else round(check.figure, 4),
                    "threshold": f"{check.comparison} {check.threshold:g}",
                    "candidate": report.candidate_id,
                },
            )
            for check in verdict.checks
        ]
        + [
            dg.AssetCheckResult(
                check_name=BEATS_SHORTCUTS,
                passed=bool(verdict.beats_shortcuts),
                severity=dg.AssetCheckSeverity.ERROR,
                description=report.shortcuts.sentence if report.shortcuts else None,
                metadata={**_nearest(report.shortcuts), "candidate": report.candidate_id},
            )
        ],
    )


def _nearest(shortcuts: ShortcutVerdict | None) -> dict[str, str | float]:
    """The shortcut that the head beats by least, and by how much; empty where that is not known."""
    rows = shortcuts.rows if shortcuts else ()
    found = [
        (interval.low, interval.high, row.margin_plcc, row.name)
        for row in rows
        if row.counts and (interval := row.margin_plcc_interval) is not None
    ]
    if not found:
        return {}
    low, high, margin, name = min(found, key=lambda each: each[0])
    return {
        "nearest": name,
        "margin_plcc_low": low,
        "margin_plcc_high": high,
        **known(margin_plcc=margin),
    }
