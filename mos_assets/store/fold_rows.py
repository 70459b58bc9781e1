"""Rows of `folds` and `fold_groups`, and the training table of features and folds together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mos_assets.errors import FeatureError, StoreError
from mos_assets.records import ENCODER_VOCABULARY, FloatArray, TrainingTable
from mos_assets.store.database import Database, limited, replace_rows
from mos_assets.store.feature_rows import feature_columns, trains
from mos_assets.store.schema import (
    ENCODER_SLOTS,
    ENCODERS,
    EXTRACTED_FEATURES,
    FOLD_GROUPS,
    FOLDS,
    RAW_CORPUS,
    SCHEMAS,
    quote,
)


def known_fold_groups(database: Database, scope: str, n_folds: int) -> dict[str, int]:
    """Content group → fold, as assigned before in this scope, or, where that is new, in the
    largest one of fewer corpora: a corpus that joins others moves none of their clips."""
    table = database.fetch(
        f"""
        WITH known AS (
            SELECT scope, count(*) AS groups FROM {FOLD_GROUPS}
            WHERE n_folds = ? AND list_has_all(string_split(?, ','), string_split(scope, ','))
            GROUP BY scope
        )
        SELECT content_group, fold FROM {FOLD_GROUPS}
        WHERE n_folds = ? AND scope = (
            SELECT scope FROM known ORDER BY scope = ? DESC, groups DESC, scope LIMIT 1
        )
        """,
        [n_folds, scope, n_folds, scope],
    )
    return dict(zip(table["content_group"].to_pylist(), table["fold"].to_pylist(), strict=True))


def write_folds(
    database: Database,
    *,
    scope: str,
    n_folds: int,
    group_folds: Mapping[str, int],
    rows: Sequence[tuple[str, str, str, int]],
) -> None:
    """Keep the assignment of groups for ever, and replace the fold of each clip.

    rows: (clip_id, corpus, content_group, fold), fold -1 for rows that never train.
    """
    groups = pa.table(
        {
            "scope": [scope] * len(group_folds),
            "n_folds": [n_folds] * len(group_folds),
            "content_group": list(group_folds),
            "fold": list(group_folds.values()),
        },
        schema=SCHEMAS[FOLD_GROUPS],
    )
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    clips = pa.table(
        dict(zip(SCHEMAS[FOLDS].names, [list(c) for c in columns], strict=True)),
        schema=SCHEMAS[FOLDS],
    )
    with database.connect() as connection:
        replace_rows(
            connection,
            FOLD_GROUPS,
            groups,
            where="scope = ? AND n_folds = ?",
            parameters=[scope, n_folds],
        )
        replace_rows(connection, FOLDS, clips)


def fold_table(database: Database, limit: int | None = None) -> pa.Table:
    """The fold of each clip, by clip id; the first rows, or all."""
    return database.fetch(f"SELECT * FROM {FOLDS} ORDER BY clip_id{limited(limit)}")


def torn_contents(database: Database) -> tuple[str, ...]:
    """Content groups, and hashes of bytes, of the corpus that lie in more than one fold.

    Looked up in the corpus itself, not in the groups that the split was made with. Rows that
    never train count as a fold of their own: their content must not train either.
    """
    torn = database.fetch(
        f"""
        WITH placed AS (
            SELECT c.content_group, c.sha256, d.fold
            FROM {FOLDS} d JOIN {RAW_CORPUS} c USING (clip_id)
        )
        SELECT content_group AS content FROM placed
        GROUP BY content_group HAVING count(DISTINCT fold) > 1
        UNION ALL
        SELECT sha256 FROM placed WHERE sha256 IS NOT NULL
        GROUP BY sha256 HAVING count(DISTINCT fold) > 1
        ORDER BY content
        """
    )
    return tuple(torn["content"].to_pylist())


def fold_summary(database: Database) -> pa.Table:
    """Clips, groups and mean MOS of each fold, to four digits: the last of DuckDB's mean differ
    with the order in which its threads end."""
    return database.fetch(
        f"SELECT fold, count(*) AS clips, count(DISTINCT {FOLDS}.content_group) AS groups, "
        f"round(avg(mos), 4) AS mean_mos FROM {FOLDS} JOIN {RAW_CORPUS} USING (clip_id) "
        "GROUP BY fold ORDER BY fold"
    )


def read_training_table(
    database: Database, corpora: Sequence[str], *, gaps: bool
) -> tuple[TrainingTable, str]:
    """The rows of these corpora that train, with their folds, and their one fingerprint.

    With `gaps`, rows that lack some features are among them, with NaN in their place. Raises
    FeatureError where no row trains, or where rows of different fingerprints would do so together.
    """
    features = feature_columns(database)
    joined = f"{EXTRACTED_FEATURES} f JOIN {FOLDS} d USING (clip_id)"
    joined += f" JOIN {RAW_CORPUS} c USING (clip_id)"
    which = f"WHERE {trains(database, gaps)} AND list_contains(?, f.corpus)"
    table = database.fetch(
        f"""
        SELECT f.clip_id, d.fold, d.content_group, c.mos, c.mos_std, c.n_ratings,
               c.height AS lines, c.codec AS decoder, c.part AS corpus_part,
               c.mos_ci95, c.session AS test,
               coalesce(e.encoder, ?) AS slot
        FROM {joined} LEFT JOIN {ENCODERS} e ON e.corpus = f.corpus
        {which}
        ORDER BY f.clip_id
        """,
        [ENCODER_VOCABULARY[0], list(corpora)],
    )
    if table.num_rows == 0:
        raise FeatureError(
            "No clip has all of the chosen features and a fold. The checks of extracted_features "
            "name what is missing; materialize extracted_features and folds after mending it."
        )
    found = database.fetch(f"SELECT DISTINCT f.fingerprint FROM {joined} {which}", [list(corpora)])
    fingerprints = sorted(found["fingerprint"].to_pylist())
    if len(fingerprints) > 1:
        raise FeatureError(
            "Rows with different extractor fingerprints would train together: "
            f"{'; '.join(fingerprints)}. Use the same source of features for every corpus."
        )
    # Feature names come from anywhere and may equal a column of another table.
    names = ", ".join(f"f.{quote(name)}" for name in features)
    matrix = database.fetch(
        f"SELECT {names} FROM {joined} {which} ORDER BY f.clip_id", [list(corpora)]
    )
    values = np.column_stack([_numbers(matrix, name) for name in features])
    if matrix.num_rows != table.num_rows or not (gaps or np.isfinite(values).all()):
        raise StoreError("a row marked complete must hold every feature, exactly once")
    slots = _repeated(table["slot"])
    stored = database.fetch(f"SELECT encoder FROM {ENCODER_SLOTS} ORDER BY position")
    known = [name for name in stored["encoder"].to_pylist() if name not in ENCODER_VOCABULARY]
    last = max((known.index(slot) + 1 for slot in set(slots) if slot in known), default=0)
    vocab = (*ENCODER_VOCABULARY, *known[:last])
    training = TrainingTable(
        clip_ids=tuple(table["clip_id"].to_pylist()),
        feature_order=features,
        features=values,
        mos=_numbers(table, "mos"),
        folds=np.asarray(table["fold"].to_numpy(), dtype=np.int64),
        groups=tuple(table["content_group"].to_pylist()),
        mos_std=_numbers(table, "mos_std"),
        n_ratings=_numbers(table, "n_ratings"),
        height=_numbers(table, "lines"),
        codec=_repeated(table["decoder"]),
        part=_repeated(table["corpus_part"]),
        encoder_vocab=vocab,
        slots=np.array([vocab.index(slot) for slot in slots], dtype=np.int64),
        mos_ci95=_numbers(table, "mos_ci95"),
        sessions=_repeated(table["test"]),
    )
    return training, fingerprints[0]


def _repeated(column: pa.ChunkedArray) -> tuple[Any, ...]:
    """A column of few different words, each of which is one object."""
    whole = column.combine_chunks().dictionary_encode()
    words = whole.dictionary.to_pylist()
    return tuple([None if at is None else words[at] for at in whole.indices.to_pylist()])


def _numbers(table: pa.Table, name: str) -> FloatArray:
    """One column, NaN where it is NULL."""
    return np.array(table[name].cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
