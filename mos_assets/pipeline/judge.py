"""Judging: the verdict on the newest candidate, and the report on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from mos_assets.corpora import label_names
from mos_assets.errors import ReleaseError, StoreError, TrainingError
from mos_assets.evaluation import (
    Comparison,
    Gate,
    SplitRanges,
    compare,
    leaking_features,
    not_compared,
    split_ranges,
    split_table,
)
from mos_assets.evaluation.splits import LEAST_CUTS
from mos_assets.head import Recipe, closed_forms, fold_lines
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.beside import read_beside
from mos_assets.pipeline.download import takes_whole_corpora
from mos_assets.pipeline.train import head_of
from mos_assets.records import OutOfFold, TrainingTable
from mos_assets.release.candidate import read_candidate
from mos_assets.release.loading import current_files, read_current
from mos_assets.release.manifest import training_table_sha256
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.record import released_candidate
from mos_assets.reporting.build import build_report
from mos_assets.reporting.markdown import plot_section, render_markdown
from mos_assets.reporting.plots import draw
from mos_assets.reporting.report import GateReport
from mos_assets.reporting.suspicious import suspicious_page, unexplained_ratings
from mos_assets.reporting.transfer_report import TransferReport
from mos_assets.settings import PathSettings, RunSettings, fold_scope
from mos_assets.splitting.cuts import further_cuts
from mos_assets.store import (
    Database,
    corpus_rows,
    declared_rows,
    fold_rows,
    provenance,
    rating_rows,
    verdict_rows,
)
from mos_assets.store.verdict_rows import VerdictRow

REPORT_JSON = "gate_report.json"
REPORT_PAGE = "gate_report.md"
SUSPICIOUS_PAGE = "suspicious_ratings.md"
"""Beside the report; names clips, and goes nowhere else."""
CLOSED_FORMS = "the experts of the head that no seed moves"
"""What is fitted to further cuts in place of the head."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The report that was written."""

    report: GateReport
    folder: Path
    """With its files and plots."""
    pictures: str
    """Its plots as Markdown that holds their bytes, for a reader who cannot open the folder."""
    page: str
    """The report as Markdown, with these pictures."""
    suspicious: pa.Table
    """Ratings to look at, the worst of each kind first; names clips."""


def judge(run: RunSettings, paths: PathSettings, database: Database, gate: Gate) -> Judged:
    """Judge the newest candidate by this gate, on its out-of-fold predictions.

    Raises StoreError where there is none, or the store holds other features or ratings now, and
    FeatureError where the folds were made under other settings.
    """
    provenance.require(database, provenance.SPLIT, fold_scope(run))
    table, _ = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
    candidate = verdict_rows.latest_candidate(database, head_of(run))
    predictions = verdict_rows.read_predictions(database, candidate, table)
    manifest, _ = read_candidate(ReleaseFiles(candidate.folder, candidate.head_id))
    if manifest.data.training_table_sha256 != training_table_sha256(table):
        raise StoreError(
            f"Candidate {candidate.candidate_id} was trained on other features or ratings than "
            "the store holds now; materialize trained_onnx again."
        )
    if manifest.alignment is not None:
        recipe = Recipe(impute=run.imputes, align=True)
        predictions = replace(predictions, lines=fold_lines(table, recipe))
    report = build_report(
        table,
        predictions,
        head_id=candidate.head_id,
        candidate_id=candidate.candidate_id,
        corpora=run.corpora,
        label_origin=manifest.data.label_origin,
        full_size=run.is_full_size and takes_whole_corpora(run, paths),
        losses=verdict_rows.read_losses(database, candidate.candidate_id),
        label_findings=[
            *(
                f"{corpus}: {finding.sentence}"
                for corpus, finding in corpus_rows.read_findings(database, run.corpora)
            ),
            *_feature_doubts(table),
        ],
        alignment=manifest.alignment,
        weighed=manifest.weighed,
        declared=declared_rows.read_declared(database, run.corpora, used=False),
        comparison=_with_released(paths.model_folder, database, table, predictions, candidate),
        rated=rating_rows.read_rated(database, run.corpora),
        gate=gate,
        beside=read_beside(database, table),
        splits=_further_cuts(table, gaps=run.imputes),
    )
    folder = report_folder(paths.store_folder, report)
    folder.mkdir(parents=True, exist_ok=True)
    plots = draw(table, predictions, report, folder)
    report = report.model_copy(update={"figures": plots})
    page = render_markdown(report)
    write_whole(folder / REPORT_JSON, report.to_json().encode())
    write_whole(folder / REPORT_PAGE, _with_section(page, plot_section(report.figures)).encode())
    names = corpus_rows.clip_names(database, run.corpora)
    unexplained = unexplained_ratings(table, predictions, names)
    rating_rows.write_unexplained(database, run.corpora, report.candidate_id, unexplained)
    suspicious = rating_rows.suspicious_table(database, run.corpora)
    doubted = suspicious_page(report.head_id, _rows(suspicious))
    write_whole(folder / SUSPICIOUS_PAGE, doubted.encode())
    verdict_rows.write_verdict(database, _row(report, folder))
    pictures = plot_section(report.figures, folder)
    return Judged(report, folder, pictures, _with_section(page, pictures), suspicious)


def _further_cuts(table: TrainingTable, *, gaps: bool) -> SplitRanges:
    """What the closed forms reach where the same clips are cut elsewhere."""
    rows = split_table(table)
    cuts = further_cuts(rows.groups, len(set(rows.folds.tolist())), LEAST_CUTS)
    try:
        return split_ranges(rows, cuts, closed_forms(rows, impute=gaps).out_of_fold, CLOSED_FORMS)
    except TrainingError as error:
        return SplitRanges(
            cuts=0,
            n=len(rows.mos),
            n_contents=len(set(rows.groups)),
            predictor=CLOSED_FORMS,
            ranges=(),
            reason=str(error),
        )


def _feature_doubts(table: TrainingTable) -> list[str]:
    """What may be wrong with the features that were trained on, a sentence each."""
    scopes = [
        f"{clip_id.partition('/')[0]} {part or ''}"
        for clip_id, part in zip(table.clip_ids, table.part, strict=True)
    ]
    leaks = leaking_features(table.feature_order, table.features, table.mos, scopes)
    named = label_names(table.feature_order, table.features)
    return [
        *(leak.sentence for leak in leaks),
        *(f"the feature {name!r} is called as ratings are" for name in named),
    ]


def _with_released(
    model_folder: Path,
    database: Database,
    table: TrainingTable,
    predictions: OutOfFold,
    candidate: verdict_rows.Candidate,
) -> Comparison | None:
    """The candidate beside the head that is released now; None where none is, or it is this one."""
    files = current_files(model_folder, candidate.head_id)
    if not any(path.exists() for path in files.all):
        return None
    try:
        current = read_current(model_folder, candidate.head_id)
        released = released_candidate(current.files, current.manifest)
    except ReleaseError as error:
        return not_compared(candidate.head_id, f"it is damaged ({error})")
    if released == candidate.candidate_id:
        return None
    past = verdict_rows.read_past_predictions(database, released)
    if past is None:
        return not_compared(
            released,
            "it was not trained in this store, so that nobody knows which of these clips it has "
            "seen",
        )
    return compare(table, predictions, past)


def report_folder(store: Path, report: GateReport | TransferReport) -> Path:
    """Where the report on a candidate lies."""
    return store / "reports" / report.head_id / report.candidate_id


def _rows(suspicious: pa.Table) -> list[tuple[str, str, str | None, str]]:
    return [
        (row["corpus"], row["kind"], row["clip"], row["what"]) for row in suspicious.to_pylist()
    ]


def _row(report: GateReport, folder: Path) -> VerdictRow:
    verdict = report.verdict
    return VerdictRow(
        candidate_id=report.candidate_id,
        head_id=report.head_id,
        judged_at=verdict_rows.now(),
        corpora=",".join(report.corpora),
        label_origin=str(report.label_origin),
        n_clips=report.n_clips,
        status=str(verdict.status),
        figures={check.name: check.figure for check in verdict.checks},
        folder=folder,
    )


def _with_section(page: str, figures: str) -> str:
    return f"{page.rstrip()}\n\n## Figures\n\n{figures}\n" if figures else page
