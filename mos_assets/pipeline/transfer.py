"""Judging the newest candidate on corpora that only test, by heads that did not see the content."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mos_assets.errors import StoreError
from mos_assets.evaluation import (
    ScoredCorpus,
    TestedCorpus,
    TransferFigures,
    distance,
    scored_by_folds,
    transfer_figures,
)
from mos_assets.evaluation.conformal import prediction_interval
from mos_assets.io.digest import digest_of
from mos_assets.io.hashing import hash_file
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.beside import read_beside
from mos_assets.pipeline.judge import report_folder
from mos_assets.pipeline.mixed import MixedTraining, judge_mixed
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.train import head_of
from mos_assets.pipeline.unchanged import inputs_digest, remember, say_again
from mos_assets.records import Clip, OutOfFold, TrainingTable
from mos_assets.release.candidate import read_candidate
from mos_assets.release.manifest import Manifest, training_table_sha256
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.plots import matrix_caption, matrix_plot
from mos_assets.reporting.transfer_report import TransferReport, transfer_page
from mos_assets.settings import RUN_FOLDS, PathSettings, RunSettings, fold_scope
from mos_assets.splitting.folds import FoldRow, assign_folds
from mos_assets.splitting.known_contents import ContentRow, KnownContents, known_contents
from mos_assets.store import (
    Database,
    corpus_rows,
    fold_rows,
    provenance,
    result_rows,
    transfer_rows,
    verdict_rows,
)
from mos_assets.store.corpus_rows import CorpusFacts
from mos_assets.store.transfer_rows import TestRows
from mos_assets.store.verdict_rows import Candidate

_LOG = logging.getLogger(__name__)
TRANSFERRED = "transfer_report"
TRANSFER_JSON = "transfer_report.json"
TRANSFER_PAGE = "transfer_report.md"
DEFAULT_NAMESPACE = ""
"""Of corpora that declare none: a name that two of them share is one content. That takes away heads
which may have seen it, and flatters nobody."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The report that was written."""

    report: TransferReport
    folder: Path
    """With its files and plot."""
    page: str
    """Markdown, with the bytes of the plot for a reader who cannot open the folder."""
    anew: bool = True
    """False where the report on exactly these rows and predictions was there already."""


def judge_transfer(
    run: RunSettings, paths: PathSettings, database: Database, log: Log = _LOG
) -> Transferred:
    """Judge the newest candidate on every corpus of MOS_TEST_CORPUS, and where several corpora
    train what they teach of each other; with neither, an empty report.

    What was judged before of the same rows and predictions by the same code and libraries stands,
    unless the run asks for it anew. Raises StoreError where there is no candidate or it was not
    shown these corpora, and FeatureError where features or folds were made under other settings.
    """
    with database.held():
        provenance.require(database, provenance.SPLIT, fold_scope(run))
        candidate = verdict_rows.latest_candidate(database, head_of(run))
        manifest, _ = read_candidate(ReleaseFiles(candidate.folder, candidate.head_id))
        facts = _Facts(candidate.head_id, candidate.candidate_id)
        if run.test_corpora or len(run.corpora) > 1:
            facts = _facts(run, database, candidate, manifest)
    folder = report_folder(paths.store_folder, candidate.head_id, candidate.candidate_id)
    settings = (run.corpora, run.folds, run.imputes, run.weights, run.align)
    inputs = inputs_digest(TRANSFERRED, facts=facts, settings=settings)
    report = None
    if not run.retrain:
        report = _judged_before(database, facts, folder, inputs, log)
    anew = report is None
    if report is None:
        report = _judge(run, facts)
        folder.mkdir(parents=True, exist_ok=True)
        plot = matrix_plot(report.matrix, folder)
        write_whole(folder / TRANSFER_JSON, report.to_json().encode())
        outcome = _report_digest(report, folder)
        remember(database, TRANSFERRED, candidate.candidate_id, inputs, outcome)
    else:
        plot = matrix_caption(report.matrix)
    write_whole(folder / TRANSFER_PAGE, transfer_page(report, plot).encode())
    return Transferred(report, folder, transfer_page(report, plot, folder), anew)


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that the report is made of."""

    head_id: str
    candidate_id: str
    table: TrainingTable | None = None
    """None where there is nothing to judge."""
    predictions: OutOfFold | None = None
    tests: tuple[ScoredCorpus, ...] = ()
    mixed: tuple[TestedCorpus, ...] = ()
    contents: tuple[ContentRow, ...] = ()
    """What tells the contents of all clips, where several corpora train."""


def _facts(
    run: RunSettings, database: Database, candidate: Candidate, manifest: Manifest
) -> _Facts:
    table, _ = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
    oof = verdict_rows.read_predictions(database, candidate, table)
    folds = dict(zip(table.clip_ids, table.folds.tolist(), strict=True))
    training = content_rows(database, run.corpora, folds)
    tests = [
        transfer_rows.read_test_rows(database, name, table.encoder_vocab, gaps=run.imputes)
        for name in run.test_corpora
    ]
    facts = _Facts(
        candidate.head_id,
        candidate.candidate_id,
        table,
        oof,
        tuple(
            _scored(database, candidate.candidate_id, rows, training, manifest) for rows in tests
        ),
    )
    if len(run.corpora) < 2:
        return facts
    if manifest.data.training_table_sha256 != training_table_sha256(table):
        raise StoreError(
            f"The newest candidate of {manifest.id} was trained on other features or ratings than "
            "the store holds now; materialize trained_onnx again."
        )
    return replace(
        facts,
        mixed=tuple(_tested(rows, manifest) for rows in tests),
        contents=(*training, *(row for rows in tests for row in contents_of(database, rows))),
    )


def _tested(rows: TestRows, manifest: Manifest) -> TestedCorpus:
    return TestedCorpus(
        rows.corpus,
        rows.table,
        None
        if rows.fingerprints in ((), (manifest.extractor_fingerprint,))
        else "its features were made in another way than those of the training rows",
    )


def _judge(run: RunSettings, facts: _Facts) -> TransferReport:
    found: tuple[TransferFigures, ...] = ()
    mixed = MixedTraining()
    if facts.table is not None and facts.predictions is not None:
        half_width = prediction_interval(facts.table, facts.predictions).half_width
        found = tuple(
            transfer_figures(replace(scored, half_width=half_width)) for scored in facts.tests
        )
        mixed = judge_mixed(run, facts.table, facts.mixed, facts.contents)
    return TransferReport(
        head_id=facts.head_id,
        candidate_id=facts.candidate_id,
        corpora=found,
        matrix=mixed.matrix,
        left_out_corpora=mixed.left_out,
    )


def _judged_before(
    database: Database, facts: _Facts, folder: Path, inputs: str, log: Log
) -> TransferReport | None:
    """The report that was made of these facts; None where there is none, or it is not whole."""
    known = result_rows.find_result(database, TRANSFERRED, inputs)
    if known is None:
        return None
    try:
        report = TransferReport.read(folder / TRANSFER_JSON)
        whole = _report_digest(report, folder) == known.outcome
        why = f"a file in {folder} was altered since."
    except (OSError, StoreError) as error:
        whole, why = False, str(error)
    if not whole:
        say_again(log, TRANSFERRED, why)
        return None
    if facts.table is not None:
        log.info("nothing that this report rests on has changed, so it stands as it is")
    return report


def _report_digest(report: TransferReport, folder: Path) -> str:
    plot = matrix_caption(report.matrix)
    files = [TRANSFER_JSON, *([] if plot is None else [plot.file])]
    return digest_of([hash_file(folder / file) for file in files])


def read_transfer(run: RunSettings, folder: Path, candidate_id: str) -> TransferReport | None:
    """The report on this candidate for these settings; None where no corpus only tests.

    Raises StoreError where it is of other corpora, or was not made.
    """
    if not run.test_corpora:
        return None
    report = TransferReport.read(folder / TRANSFER_JSON)
    corpora = tuple(found.corpus for found in report.corpora)
    if report.candidate_id != candidate_id or corpora != run.test_corpora:
        raise StoreError(
            f"{folder / TRANSFER_JSON} is on {', '.join(corpora) or 'no corpus'}, not on "
            f"{', '.join(run.test_corpora)}; materialize transfer_report again."
        )
    return report


def _scored(
    database: Database,
    candidate_id: str,
    rows: TestRows,
    training: Sequence[ContentRow],
    manifest: Manifest,
) -> ScoredCorpus:
    """The corpus with the predictions of heads that had not seen the content."""
    n = len(rows.table.mos)
    shown = transfer_rows.read_shown(database, candidate_id, rows.corpus)
    if n and (shown is None or shown.clip_ids != rows.table.clip_ids):
        raise StoreError(
            f"Candidate {candidate_id} was not shown the clips of {rows.corpus} that the store "
            "holds now; materialize trained_onnx again."
        )
    known = known_contents(training, contents_of(database, rows))
    seeds, folds = ((0,), ()) if shown is None else (shown.seeds, shown.folds)
    judged = np.empty((len(seeds), len(folds), 0)) if shown is None else shown.judged
    return scored_corpus(
        database,
        rows,
        scored_by_folds(judged, folds, [scorer.folds for scorer in known.scorers]),
        known,
        manifest,
        shipped=None if shown is None else shown.shipped,
    )


def scored_corpus(
    database: Database,
    rows: TestRows,
    predictions: np.typing.NDArray[np.float64],
    known: KnownContents,
    manifest: Manifest,
    *,
    shipped: np.typing.NDArray[np.float64] | None,
    notes: Sequence[str] = (),
    others: str = "by the mean over the heads of all folds",
) -> ScoredCorpus:
    """A test corpus as it is judged: predictions [seeds, n], NaN where no head may score.

    others: how clips are scored whose content does not train.
    """
    envelope, table = (
        manifest.applicability,
        cut(rows, corpus_rows.read_clips(database, [rows.corpus])),
    )
    return ScoredCorpus(
        name=rows.corpus,
        table=table,
        predictions=predictions,
        known=np.array([scorer.known for scorer in known.scorers], dtype=bool),
        distance=None if envelope is None else distance(envelope, table.features),
        beside=read_beside(database, table),
        shipped=shipped,
        incomplete=rows.incomplete,
        comparable=rows.fingerprints in ((), (manifest.extractor_fingerprint,)),
        notes=(*notes, *_notes(database, rows, known, manifest, others)),
    )


def _notes(
    database: Database, rows: TestRows, known: KnownContents, manifest: Manifest, others: str
) -> list[str]:
    notes: list[str] = []
    other = [each for each in rows.fingerprints if each != manifest.extractor_fingerprint]
    if other:
        notes.append(
            f"Its features were made in another way ({'; '.join(other)}) than those of the "
            f"training rows ({manifest.extractor_fingerprint}): its figures say nothing of the "
            "head."
        )
    if known.n_known:
        notes.append(
            f"{known.n_known} of its clips show {known.known_contents} contents that train too, by "
            "their names, bytes or pristine files; each is scored by the heads of the fold that "
            f"left its content out, every other clip {others}. The envelope and the half-width of "
            "the interval are the shipped head's, made of all its rows, those of these contents "
            "among them: the share outside and what the interval holds may flatter the head."
        )
    if known.n_unscorable:
        notes.append(
            f"{known.n_unscorable} clips take no part, since every head has seen their content. "
            "Where equal names mean different contents, give the corpora a `namespace` each."
        )
    notes += [
        f"Labels: {finding.sentence}"
        for _, finding in corpus_rows.read_findings(database, [rows.corpus])
    ]
    return notes


def cut(rows: TestRows, clips: Sequence[Clip]) -> TrainingTable:
    """The rows with their contents, in folds of their own, which only shortcuts are fitted on."""
    of = {clip.clip_id: clip for clip in clips}
    chosen = [of[clip_id] for clip_id in rows.table.clip_ids]
    if not chosen:
        return rows.table
    split = assign_folds(
        [FoldRow(c.clip_id, c.content_group, c.mos, c.sha256) for c in chosen], RUN_FOLDS, {}
    )
    fold_of = {row.clip_id: row for row in split.folds}
    return replace(
        rows.table,
        folds=np.array([fold_of[c.clip_id].fold for c in chosen], dtype=np.int64),
        groups=tuple(fold_of[c.clip_id].group for c in chosen),
    )


def content_rows(
    database: Database, corpora: Sequence[str], fold_of: Mapping[str, int]
) -> list[ContentRow]:
    """What tells the contents of these clips, clip_id → fold, as far as the store has them."""
    facts = {found.name: found for found in corpus_rows.read_corpora(database, corpora)}
    return [
        _content(clip, facts[clip.corpus], fold_of[clip.clip_id])
        for clip in corpus_rows.read_clips(database, corpora)
        if clip.clip_id in fold_of
    ]


def contents_of(database: Database, rows: TestRows) -> list[ContentRow]:
    """What tells the contents of a test corpus, in the order of its rows."""
    (facts,) = corpus_rows.read_corpora(database, [rows.corpus])
    of = {clip.clip_id: clip for clip in corpus_rows.read_clips(database, [rows.corpus])}
    return [_content(of[clip_id], facts, -1) for clip_id in rows.table.clip_ids]


def _content(clip: Clip, facts: CorpusFacts, fold: int) -> ContentRow:
    return ContentRow(
        clip.clip_id,
        clip.corpus,
        # A clip of no group has its own name, which another corpus may have for the same clip.
        clip.content_group.removeprefix(f"{clip.corpus}/"),
        DEFAULT_NAMESPACE if facts.namespace is None else facts.namespace,
        clip.sha256,
        clip.reference_sha256,
        fold,
    )
