"""Corpora that only test: their rows of features, and what a candidate's heads said of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mos_assets.errors import StoreError
from mos_assets.records import FloatArray, TrainingTable
from mos_assets.store.database import Database, replace_rows
from mos_assets.store.feature_rows import feature_columns
from mos_assets.store.schema import (
    ENCODERS,
    RAW_CORPUS,
    SCHEMAS,
    TEST_FEATURES,
    TRANSFER_PREDICTIONS,
    quote,
)

SHIPPED = -1
"""In place of a fold: the head that ships."""


@dataclass(frozen=True, eq=False)
class TestRows:
    """The rows of one test corpus that a head can score."""

    __test__ = False

    corpus: str
    table: TrainingTable
    """In no fold, every clip its own group: whoever judges cuts them."""
    fingerprints: tuple[str, ...]
    """Of their features, sorted."""
    incomplete: int
    """Clips that lack a feature, and take no part."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What the heads of a candidate say of the clips of one test corpus."""

    corpus: str
    clip_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[int, ...]
    """[heads], the fold that each left out."""
    judged: FloatArray
    """[seeds, heads, n]"""
    shipped: FloatArray
    """[n], of the head that ships."""


def read_test_rows(
    database: Database,
    corpus: str,
    vocab: Sequence[str],
    *,
    gaps: bool,
    source: str = TEST_FEATURES,
) -> TestRows:
    """The rows of this corpus with every feature, by clip id; with `gaps`, with some.

    vocab: slots of the head; a corpus whose encoder is none of them is of unknown origin. source:
    the table of features.
    """
    names = feature_columns(database)
    chosen = ", ".join(f"f.{quote(name)}" for name in names)
    some = f"coalesce({chosen}) IS NOT NULL" if gaps else "f.complete"
    joined = f"{source} f JOIN {RAW_CORPUS} c USING (clip_id) WHERE f.corpus = ?"
    with database.connect() as connection:
        facts = connection.sql(
            f"SELECT f.clip_id, f.fingerprint, c.mos, c.mos_std, c.n_ratings, c.mos_ci95, "
            f"c.height, c.codec, c.part FROM {joined} AND {some} ORDER BY f.clip_id",
            params=[corpus],
        ).to_arrow_table()
        # By place: a feature may be called as a column of another table is.
        values = connection.sql(
            f"SELECT {chosen} FROM {joined} AND {some} ORDER BY f.clip_id", params=[corpus]
        ).to_arrow_table()
        encoders = connection.sql(
            f"SELECT encoder FROM {ENCODERS} WHERE corpus = ?", params=[corpus]
        ).to_arrow_table()
        total = connection.sql(
            f"SELECT count(*) AS n FROM {source} WHERE corpus = ?", params=[corpus]
        ).to_arrow_table()
    (encoder,) = encoders["encoder"].to_pylist() or (vocab[0],)
    n = facts.num_rows
    clip_ids = tuple(facts["clip_id"].to_pylist())
    table = TrainingTable(
        clip_ids=clip_ids,
        feature_order=names,
        features=np.column_stack([_numbers(column) for column in values.columns]),
        mos=_numbers(facts["mos"]),
        folds=np.full(n, SHIPPED, dtype=np.int64),
        groups=clip_ids,
        mos_std=_numbers(facts["mos_std"]),
        n_ratings=_numbers(facts["n_ratings"]),
        mos_ci95=_numbers(facts["mos_ci95"]),
        height=_numbers(facts["height"]),
        codec=tuple(facts["codec"].to_pylist()),
        part=tuple(facts["part"].to_pylist()),
        encoder_vocab=tuple(vocab),
        slots=np.full(n, vocab.index(encoder) if encoder in vocab else 0, dtype=np.int64),
    )
    prints = tuple(sorted(set(facts["fingerprint"].to_pylist())))
    return TestRows(corpus, table, prints, int(total["n"][0].as_py()) - n)


def write_shown(database: Database, candidate_id: str, shown: Sequence[Shown]) -> None:
    """Replace what the heads of this candidate said of test corpora."""
    schema = SCHEMAS[TRANSFER_PREDICTIONS]
    parts = [schema.empty_table()]
    for one in shown:
        n, heads = len(one.clip_ids), len(one.folds)
        rows = n * (len(one.seeds) * heads + 1)
        cells = {
            "candidate_id": [candidate_id] * rows,
            "corpus": [one.corpus] * rows,
            "clip_id": np.tile(np.array(one.clip_ids, dtype=object), len(one.seeds) * heads + 1),
            "seed": np.repeat([*np.repeat(one.seeds, heads), one.seeds[0]], n),
            "fold": np.repeat([*np.tile(one.folds, len(one.seeds)), SHIPPED], n),
            "predicted": np.concatenate([one.judged.reshape(-1), one.shipped]),
        }
        parts.append(pa.table(cells, schema=schema))
    with database.connect() as connection:
        replace_rows(
            connection,
            TRANSFER_PREDICTIONS,
            pa.concat_tables(parts),
            where="candidate_id = ?",
            parameters=[candidate_id],
        )


def read_shown(database: Database, candidate_id: str, corpus: str) -> Shown | None:
    """What the heads of this candidate said of this corpus; None where they were not asked."""
    rows = database.fetch(
        f"SELECT clip_id, seed, fold, predicted FROM {TRANSFER_PREDICTIONS} "
        "WHERE candidate_id = ? AND corpus = ? ORDER BY fold, seed, clip_id",
        [candidate_id, corpus],
    )
    if not rows.num_rows:
        return None
    folds = np.asarray(rows["fold"].to_numpy())
    seeds = tuple(sorted(set(rows["seed"].to_pylist())))
    heads = tuple(sorted(set(folds.tolist()) - {SHIPPED}))
    predicted = np.asarray(rows["predicted"].to_numpy())
    shipped = predicted[folds == SHIPPED]
    n = len(shipped)
    judged = predicted[folds != SHIPPED]
    if len(judged) != n * len(seeds) * len(heads):
        raise StoreError(
            f"{TRANSFER_PREDICTIONS} holds {len(judged)} predictions of {n} clips by candidate "
            f"{candidate_id}, which are not those of every seed and fold; materialize "
            "trained_onnx again."
        )
    by_seed = judged.reshape(len(heads), len(seeds), n).transpose(1, 0, 2)
    return Shown(corpus, tuple(rows["clip_id"].to_pylist()[:n]), seeds, heads, by_seed, shipped)


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    return np.array(
        [math.nan if value is None else float(value) for value in column.to_pylist()],
        dtype=np.float64,
    )
