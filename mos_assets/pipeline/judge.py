"""Judging: the verdict on the newest candidate, and the report on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from mos_assets.corpora import label_names
from mos_assets.errors import ReleaseError, StoreError, TrainingError
from mos_assets.evaluation import (
    GATE,
    BesideColumns,
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
from mos_assets.io.digest import digest_of
from mos_assets.io.hashing import hash_file
from mos_assets.io.reading import read_plain
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.beside import read_beside
from mos_assets.pipeline.download import takes_whole_corpora
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.report_page import write_page
from mos_assets.pipeline.train import head_of
from mos_assets.pipeline.unchanged import inputs_digest, remember, say_again
from mos_assets.records import (
    CorpusAlignment,
    DeclaredFeatures,
    FeatureLoss,
    LabelOrigin,
    OutOfFold,
    PastPredictions,
    RatedCorpus,
    TrainingTable,
)
from mos_assets.release.candidate import read_candidate
from mos_assets.release.loading import current_files, read_current
from mos_assets.release.manifest import Manifest, training_table_sha256
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.record import released_candidate
from mos_assets.reporting.build import build_report
from mos_assets.reporting.markdown import plot_section, render_markdown
from mos_assets.reporting.plots import draw
from mos_assets.reporting.report import GateReport
from mos_assets.reporting.suspicious import suspicious_page, unexplained_ratings
from mos_assets.settings import PathSettings, RunSettings, fold_scope
from mos_assets.splitting.cuts import further_cuts
from mos_assets.store import (
    Database,
    corpus_rows,
    declared_rows,
    fold_rows,
    provenance,
    rating_rows,
    result_rows,
    verdict_rows,
)
from mos_assets.store.verdict_rows import VerdictRow

REPORT_JSON = "gate_report.json"
REPORT_PAGE = "gate_report.md"
SUSPICIOUS_PAGE = "suspicious_ratings.md"
"""Beside the report; names clips, and goes nowhere else."""
JUDGED, COMPARED = "gate_report", "comparison"
_Rival = PastPredictions | Comparison | None
CLOSED_FORMS = "the experts of the head that no seed moves"
"""What is fitted to further cuts in place of the head."""


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """The report that was written."""

    report: GateReport
    folder: Path
    """With its files and plots."""
    html: Path
    """The report as one page for who decides; names clips, and goes nowhere else."""
    pictures: str
    """Its plots as Markdown that holds their bytes, for a reader who cannot open the folder."""
    page: str
    """The report as Markdown, with these pictures."""
    suspicious: pa.Table
    """Ratings to look at, the worst of each kind first; names clips."""
    anew: bool
    """False where the report on exactly these predictions was there already."""


def judge(
    run: RunSettings,
    paths: PathSettings,
    database: Database,
    gate: Gate,
    log: Log = _LOG,
) -> Judged:
    """Judge the newest candidate by this gate, on its out-of-fold predictions.

    Where it was judged before of the same rows and predictions by the same gate, code and
    libraries, and the report is still whole, that report holds, unless the run asks for it anew.
    Raises StoreError where there is no candidate, or the store holds other features or ratings now,
    and FeatureError where the folds were made under other settings.
    """
    with database.held():
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
        facts = _facts(run, paths, database, table, candidate, manifest)
        rival = _released(paths.model_folder, database, candidate)
    folder = report_folder(paths.store_folder, candidate.head_id, candidate.candidate_id)
    inputs = inputs_digest(JUDGED, table=table, predictions=predictions, facts=facts)
    compared = inputs_digest(COMPARED, judged=inputs, rival=rival)
    report = None
    # A gate of somebody else's may hold code that no digest knows.
    if gate is GATE and not run.retrain:
        report = _judged_before(database, candidate.candidate_id, folder, inputs, log)
    anew = report is None
    if report is None:
        report = _judge(table, predictions, facts, gate, rival, folder)
    elif result_rows.find_result(database, COMPARED, compared) is None:
        # Another head is in place, most often this one itself: the rest of the report stands.
        comparison = _compared(table, _on_own_scales(table, predictions, facts), rival)
        report = report.model_copy(update={"comparison": comparison})
    raw = report.to_json().encode()
    write_whole(folder / REPORT_JSON, raw)
    page = render_markdown(report)
    write_whole(folder / REPORT_PAGE, _with_section(page, plot_section(report.figures)).encode())
    with database.held():
        clips = corpus_rows.read_clips(database, run.corpora)
        names = {clip.clip_id: clip.clip_name for clip in clips}
        unexplained = unexplained_ratings(table, predictions, names)
        rating_rows.write_unexplained(database, run.corpora, report.candidate_id, unexplained)
        suspicious = rating_rows.suspicious_table(database, run.corpora)
        doubted = suspicious_page(report.head_id, _rows(suspicious))
        write_whole(folder / SUSPICIOUS_PAGE, doubted.encode())
        verdict_rows.write_verdict(database, _row(report, folder))
        if gate is GATE:
            outcome = _report_digest(raw, report, folder)
            remember(database, JUDGED, candidate.candidate_id, inputs, outcome)
            remember(database, COMPARED, candidate.candidate_id, compared, "")
    html = write_page(run, paths, database, table, predictions, clips, report, folder)
    pictures = plot_section(report.figures, folder)
    return Judged(report, folder, html, pictures, _with_section(page, pictures), suspicious, anew)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a report says that stands neither in the rows nor in the predictions."""

    head_id: str
    candidate_id: str
    corpora: tuple[str, ...]
    label_origin: LabelOrigin
    full_size: bool
    imputes: bool
    losses: tuple[FeatureLoss, ...]
    label_findings: tuple[str, ...]
    alignment: CorpusAlignment | None
    weighed: int | None
    declared: tuple[DeclaredFeatures, ...]
    rated: tuple[RatedCorpus, ...]
    beside: BesideColumns


def _facts(
    run: RunSettings,
    paths: PathSettings,
    database: Database,
    table: TrainingTable,
    candidate: verdict_rows.Candidate,
    manifest: Manifest,
) -> _Facts:
    return _Facts(
        head_id=candidate.head_id,
        candidate_id=candidate.candidate_id,
        corpora=run.corpora,
        label_origin=manifest.data.label_origin,
        full_size=run.is_full_size and takes_whole_corpora(run, paths),
        imputes=run.imputes,
        losses=verdict_rows.read_losses(database, candidate.candidate_id),
        label_findings=(
            *(
                f"{corpus}: {finding.sentence}"
                for corpus, finding in corpus_rows.read_findings(database, run.corpora)
            ),
        ),
        alignment=manifest.alignment,
        weighed=manifest.weighed,
        declared=tuple(declared_rows.read_declared(database, run.corpora, used=False)),
        rated=tuple(rating_rows.read_rated(database, run.corpora)),
        beside=read_beside(database, table),
    )


def _judge(
    table: TrainingTable,
    predictions: OutOfFold,
    facts: _Facts,
    gate: Gate,
    rival: _Rival,
    folder: Path,
) -> GateReport:
    """The report; its plots are in the folder."""
    predictions = _on_own_scales(table, predictions, facts)
    report = build_report(
        table,
        predictions,
        head_id=facts.head_id,
        candidate_id=facts.candidate_id,
        corpora=facts.corpora,
        label_origin=facts.label_origin,
        full_size=facts.full_size,
        losses=facts.losses,
        label_findings=(*facts.label_findings, *_feature_doubts(table)),
        alignment=facts.alignment,
        weighed=facts.weighed,
        declared=facts.declared,
        comparison=_compared(table, predictions, rival),
        rated=facts.rated,
        gate=gate,
        beside=facts.beside,
        splits=_further_cuts(table, gaps=facts.imputes),
    )
    folder.mkdir(parents=True, exist_ok=True)
    return report.model_copy(update={"figures": draw(table, predictions, report, folder)})


def _on_own_scales(table: TrainingTable, predictions: OutOfFold, facts: _Facts) -> OutOfFold:
    if facts.alignment is None:
        return predictions
    recipe = Recipe(impute=facts.imputes, align=True)
    return replace(predictions, lines=fold_lines(table, recipe))


def _compared(table: TrainingTable, predictions: OutOfFold, rival: _Rival) -> Comparison | None:
    return compare(table, predictions, rival) if isinstance(rival, PastPredictions) else rival


def _judged_before(
    database: Database, candidate_id: str, folder: Path, inputs: str, log: Log
) -> GateReport | None:
    """The report that was made of these inputs; None where there is none, or a byte is another."""
    known = result_rows.find_result(database, JUDGED, inputs)
    if known is None:
        return None
    try:
        raw = read_plain(folder / REPORT_JSON)
        report = GateReport.read(folder / REPORT_JSON)
        whole = _report_digest(raw, report, folder) == known.outcome
        why = f"a file in {folder} was altered since."
    except (OSError, StoreError) as error:
        whole, why = False, str(error)
    if not whole:
        say_again(log, JUDGED, why)
        return None
    log.info(
        f"nothing that the verdict on candidate {candidate_id} rests on has changed, so the report "
        "stands; only what is known beside it is written anew"
    )
    return report


def _report_digest(raw: bytes, report: GateReport, folder: Path) -> str:
    return digest_of(raw, [hash_file(folder / plot.file) for plot in report.figures])


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


def _released(model_folder: Path, database: Database, candidate: verdict_rows.Candidate) -> _Rival:
    """The head that is released now, to hold the candidate against, or why that is not possible;
    None where none is released, or it is this one."""
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
    return past


def report_folder(store: Path, head_id: str, candidate_id: str) -> Path:
    """Where the reports on a candidate lie."""
    return store / "reports" / head_id / candidate_id


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
