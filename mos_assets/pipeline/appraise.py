"""Judging a released head on a corpus that somebody has at hand, without any training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mos_assets.errors import CorpusError, FeatureError, ReleaseError
from mos_assets.evaluation import ScoredCorpus, scored_by_folds, transfer_figures
from mos_assets.pipeline.assemble import assemble
from mos_assets.pipeline.ingest import ingest
from mos_assets.pipeline.measure import measure
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.shots import find_shots
from mos_assets.pipeline.stored_clips import Memory, read_memory, same_clips, without_doubted
from mos_assets.pipeline.transfer import contents_of, scored_corpus
from mos_assets.records import FloatArray, TrainingTable
from mos_assets.release.manifest import Manifest
from mos_assets.release.record import released_candidate
from mos_assets.release.session import OpenHead, flaw_of, open_head, run_head
from mos_assets.reporting.transfer_report import TransferReport
from mos_assets.settings import Loopback, Missing, PathSettings, RunSettings, Sampling, Settings
from mos_assets.splitting.known_contents import KnownContents, known_contents
from mos_assets.store import Database, run_lock, transfer_rows
from mos_assets.store.opening import refresh
from mos_assets.store.schema import EXTRACTED_FEATURES
from mos_assets.store.transfer_rows import TestRows

JUDGED_FOLDER = "judged"
"""In the store: what was measured of each corpus that was judged so, a small store a corpus."""
_ROWS = 4096
"""Rows that a graph is given at once."""
BY_SHIPPED = "by the head that ships"


def appraise(
    head_id: str, folder: Path, run: RunSettings, paths: PathSettings, log: Log
) -> TransferReport:
    """What the released head is worth on the corpus in this folder.

    Features come from its tables, or are measured and kept in the store. Contents that trained are
    judged by what the store holds of heads that had not seen them, where a clip is proved to be the
    one that they were given; the head that ships scores all others. Raises ReleaseError,
    CorpusError and FeatureError for what cannot be used.
    """
    head = open_head(paths.model_folder, head_id)
    manifest = head.release.manifest
    folder = folder.absolute()
    if not folder.is_dir():
        raise CorpusError(f"{folder} is no folder of a corpus.")
    candidate = released_candidate(head.release.files, manifest)
    store, rows = _rows(manifest, folder, run, paths, log)
    refresh(paths.store_place)
    memory = read_memory(Database(paths.store_folder), candidate, manifest, rows)
    answers = _answers(head, rows.table)
    if memory is None:
        known = known_contents([], contents_of(store, rows))
        predictions, unknown = answers[None, :], len(answers)
        notes = [
            "Nobody knows which of its contents the head has seen: it was not trained in this "
            "store. Figures of contents that it has seen flatter it."
        ]
    else:
        # On a corpus that trained itself, its clips are both.
        tested = [replace(row, clip_id=f":{row.clip_id}") for row in contents_of(store, rows)]
        known = known_contents(memory.training, tested)
        same = same_clips(store, rows, memory, answers)
        known, unknown = without_doubted(known, rows, memory, same, tested)
        predictions, notes = _unseen(rows, memory, known, same, answers)
        if unknown:
            notes.append(
                f"Of {unknown} clips it is not known whether the head has seen their content: they "
                "are called as clips that trained, and neither their bytes nor their features are "
                f"proved to be those. They are scored {BY_SHIPPED}, which flatters where it has."
            )
    scored = scored_corpus(
        store,
        rows,
        predictions,
        replace(known, n_unscorable=0),
        manifest,
        shipped=answers,
        notes=notes,
        others=BY_SHIPPED,
    )
    figures = transfer_figures(replace(_with_interval(scored, manifest), unknown=unknown))
    return TransferReport(head_id=head_id, candidate_id=candidate, corpora=(figures,))


def _with_interval(scored: ScoredCorpus, manifest: Manifest) -> ScoredCorpus:
    interval = manifest.interval
    return replace(scored, half_width=None if interval is None else interval.half_width)


def _rows(
    manifest: Manifest, folder: Path, run: RunSettings, paths: PathSettings, log: Log
) -> tuple[Database, TestRows]:
    """The corpus in a small store of its own, and its rows as the head takes them."""
    told = dict(text.split("=", 1) for text in manifest.data.settings if "=" in text)
    place = paths.store_folder / JUDGED_FOLDER / folder.name
    measured = manifest.comparison
    asked = Settings.of(
        corpus=folder.name,
        features=manifest.data.features,
        missing=Missing.EXCLUDE if manifest.missing_value is None else Missing.IMPUTE,
        reference=told.get("MOS_REFERENCE", RunSettings.model_fields["reference"].default),
        sampling=Sampling.EVERY if measured is None else measured.sampling,
        loopback=(measured and measured.loopback) or Loopback.ONE,
        konvid_150k_floor=1,
        workers=run.workers,
        cluster=run.cluster,
        corpus_root=str(folder.parent),
        store=str(place),
        ffmpeg=paths.ffmpeg,
    )
    database = Database(place)
    with run_lock.acquire(place, f"mos judge --corpus {folder}"):
        ingest(asked.run, asked.paths, database, log.info)
        measure(asked.run, asked.paths, database, log)
        find_shots(asked.run, asked.paths, database, log)
        assemble(asked.run, asked.paths, database, log)
        rows = transfer_rows.read_test_rows(
            database,
            folder.name,
            manifest.encoder_vocab,
            gaps=manifest.missing_value is not None,
            source=EXTRACTED_FEATURES,
        )
    if rows.table.feature_order != manifest.feature_order:
        odd = sorted(set(rows.table.feature_order) ^ set(manifest.feature_order))
        raise FeatureError(
            f"{manifest.id} takes other columns than {folder} has of {manifest.data.features} "
            f"({odd[0] if odd else 'in another order'}); give it a table with the same columns."
        )
    return database, rows


def _answers(head: OpenHead, table: TrainingTable) -> FloatArray:
    """[n] of the head that is released."""
    gap = head.release.manifest.missing_value
    features = (
        table.features if gap is None else np.where(np.isnan(table.features), gap, table.features)
    )
    slots: FloatArray = np.zeros((len(features), len(table.encoder_vocab)), np.float32)
    slots[np.arange(len(features)), table.encoder] = 1.0
    found = [np.empty(0)]
    for start in range(0, len(features), _ROWS):
        some = slice(start, start + _ROWS)
        with np.errstate(over="ignore"):
            given: FloatArray = features[some].astype(np.float32)
        answers = run_head(head.session, given, slots[some])
        flaw = flaw_of(answers, len(given))
        if flaw is not None:
            raise ReleaseError(f"{head.release.files.onnx} cannot be used: {flaw}.")
        found.append(np.asarray(answers, dtype=np.float64))
    return np.concatenate(found)


def _unseen(
    rows: TestRows,
    memory: Memory,
    known: KnownContents,
    same: NDArray[np.bool_],
    answers: FloatArray,
) -> tuple[FloatArray, list[str]]:
    """[seeds, n]: of contents that trained by heads that had not seen them, NaN where the store has
    nothing of theirs; of all others what the head answers."""
    past, shown = memory.past, memory.shown
    seen = np.array([scorer.known for scorer in known.scorers], dtype=bool)
    found = np.tile(np.where(seen, np.nan, answers), (len(past.predictions), 1))
    trained = {row.clip_id for row in memory.training}
    place = {clip_id: at for at, clip_id in enumerate(past.clip_ids)}
    proved = np.flatnonzero(seen & same).tolist()
    for at in proved:
        clip_id = rows.table.clip_ids[at]
        if clip_id in trained:
            found[:, at] = past.predictions[:, place[clip_id]]
    if shown is not None and len(shown.seeds) == len(found):
        of = {clip_id: at for at, clip_id in enumerate(shown.clip_ids)}
        both = [at for at in proved if rows.table.clip_ids[at] in of]
        chosen = [of[rows.table.clip_ids[at]] for at in both]
        may = [known.scorers[at].folds for at in both]
        found[:, both] = scored_by_folds(shown.judged[:, :, chosen], shown.folds, may)
    notes: list[str] = []
    lost = int(np.isnan(found).any(axis=0).sum())
    if lost:
        notes.append(
            f"{lost} clips take no part: the head has seen their content, and the store has no "
            "prediction of theirs by heads that had not. Name the corpus in MOS_TEST_CORPUS and "
            "train again to have them."
        )
    if memory.forgotten:
        notes.append(
            f"{memory.forgotten} clips that the head trained on are no longer in the store: of "
            "their contents nobody knows that it has seen them."
        )
    return found, notes
