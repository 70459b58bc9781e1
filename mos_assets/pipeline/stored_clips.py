"""What the store knows of the clips that a head was trained on or shown, and whether a clip is one
of them: a name proves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mos_assets.errors import FeatureError
from mos_assets.pipeline.transfer import content_rows
from mos_assets.records import FloatArray, PastPredictions, TrainingTable
from mos_assets.release.manifest import Manifest, training_table_sha256
from mos_assets.splitting.known_contents import ContentRow, KnownContents
from mos_assets.store import Database, corpus_rows, fold_rows, transfer_rows, verdict_rows
from mos_assets.store.transfer_rows import Shown, TestRows

_SAME_ANSWER = 1e-3
"""MOS by which two answers on the same row may differ: the store's is of the head in training, the
other one of its graph."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the store knows of the training of a head."""

    past: PastPredictions
    training: Sequence[ContentRow]
    shown: Shown | None
    sha256: Mapping[str, str | None]
    """Of the bytes of clips that trained or were shown."""
    rows: Mapping[str, bytes]
    """What the heads were given of clips that trained or were shown, as far as the store can still
    tell."""
    forgotten: int
    """Clips that trained and are no longer in the store."""


def read_memory(
    database: Database, candidate: str, manifest: Manifest, rows: TestRows
) -> Memory | None:
    """What this store knows of the candidate; None where it was not trained here."""
    if not database.exists:
        return None
    past = verdict_rows.read_past_predictions(database, candidate)
    if past is None:
        return None
    corpora = [used.name for used in manifest.data.corpora]
    folds = dict(zip(past.clip_ids, past.folds.tolist(), strict=True))
    training = content_rows(database, corpora, folds)
    shown = transfer_rows.read_shown(database, candidate, rows.corpus)
    sha256 = {
        clip.clip_id: clip.sha256
        for clip in corpus_rows.read_clips(database, [*corpora, rows.corpus])
    }
    kept = {} if shown is None else _rows_shown(database, manifest, shown)
    given = {**kept, **_rows_trained(database, manifest)}
    return Memory(past, training, shown, sha256, given, len(folds) - len(training))


def _rows_trained(database: Database, manifest: Manifest) -> dict[str, bytes]:
    """Of every clip that trained; none where the store holds other rows by now."""
    corpora = [used.name for used in manifest.data.corpora]
    try:
        table, _ = fold_rows.read_training_table(
            database, corpora, gaps=manifest.missing_value is not None
        )
    except FeatureError:
        return {}
    if training_table_sha256(table) != manifest.data.training_table_sha256:
        return {}
    return _given(table)


def _rows_shown(database: Database, manifest: Manifest, shown: Shown) -> dict[str, bytes]:
    """Of every clip of the test corpus; none where the store holds other columns by now."""
    table = transfer_rows.read_test_rows(
        database, shown.corpus, manifest.encoder_vocab, gaps=manifest.missing_value is not None
    ).table
    return _given(table) if table.feature_order == manifest.feature_order else {}


def _given(table: TrainingTable) -> dict[str, bytes]:
    """What a head is given of each clip, by clip_id."""
    found = np.column_stack([table.features, table.encoder]).astype("<f8")
    return {clip_id: row.tobytes() for clip_id, row in zip(table.clip_ids, found, strict=True)}


def same_clips(
    store: Database, rows: TestRows, memory: Memory, answers: FloatArray
) -> NDArray[np.bool_]:
    """[n], whether a clip is the one of its name that the store has predictions of.

    By its bytes where both are known, else by its row of features; and by its row in any case
    where that comes from a table, which bytes say nothing of.
    """
    here = {clip.clip_id: clip.sha256 for clip in corpus_rows.read_clips(store, [rows.corpus])}
    tabled = any("table:" in fingerprint for fingerprint in rows.fingerprints)
    shown = memory.shown
    said = {} if shown is None else dict(zip(shown.clip_ids, shown.shipped.tolist(), strict=True))
    trained = set(memory.past.clip_ids)
    given = _given(rows.table)

    def same(clip_id: str, answer: float) -> bool:
        both = (here[clip_id], memory.sha256.get(clip_id))
        row = memory.rows.get(clip_id) == given[clip_id]
        if clip_id not in trained and clip_id in said:
            # The store may have been given other features since the heads were shown the clip.
            row = row and abs(said[clip_id] - answer) <= _SAME_ANSWER
        if None in both:
            return row
        return both[0] == both[1] and (row or not tabled)

    return np.array(
        [same(*each) for each in zip(rows.table.clip_ids, answers.tolist(), strict=True)],
        dtype=bool,
    )


def without_doubted(
    known: KnownContents,
    rows: TestRows,
    memory: Memory,
    same: NDArray[np.bool_],
    tested: Sequence[ContentRow],
) -> tuple[KnownContents, int]:
    """Without the clips that are called as one of the store and not proved to be it, and how many
    these are."""
    stored = {*memory.past.clip_ids, *(() if memory.shown is None else memory.shown.clip_ids)}
    doubted = [
        scorer.known and clip_id in stored and not proved
        for scorer, clip_id, proved in zip(
            known.scorers, rows.table.clip_ids, same.tolist(), strict=True
        )
    ]
    if not any(doubted):
        return known, 0
    scorers = tuple(
        replace(scorer, known=scorer.known and not doubt)
        for scorer, doubt in zip(known.scorers, doubted, strict=True)
    )
    names = {row.group for row, left in zip(tested, scorers, strict=True) if left.known}
    number = sum(scorer.known for scorer in scorers)
    return replace(known, scorers=scorers, n_known=number, known_contents=len(names)), sum(doubted)
