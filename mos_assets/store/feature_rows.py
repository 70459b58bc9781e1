"""Rows of `extracted_features` and of `feature_coverage`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mos_assets.errors import FeatureError
from mos_assets.records import FeatureMatrix, FloatArray
from mos_assets.store.database import Database, limited
from mos_assets.store.schema import (
    EXTRACTED_FEATURES,
    FEATURE_COVERAGE,
    FEATURE_KEY,
    RAW_CORPUS,
    SCHEMAS,
    TEST_FEATURES,
    quote,
    with_figures,
)

_KEY = tuple(name for name, _ in FEATURE_KEY)


def write_features(database: Database, matrix: FeatureMatrix, tested: FeatureMatrix) -> None:
    """Replace the feature table, its columns and the coverage of each column.

    tested: rows of corpora that only test, which stand in a table of their own: nothing that
    trains reads it.
    """
    database.recreate(EXTRACTED_FEATURES, _rows(matrix))
    database.recreate(TEST_FEATURES, _rows(tested))
    database.replace(FEATURE_COVERAGE, _coverage(matrix))


def _rows(matrix: FeatureMatrix) -> pa.Table:
    columns: dict[str, object] = {
        "clip_id": list(matrix.clip_ids),
        "corpus": list(matrix.corpora),
        "fingerprint": list(matrix.fingerprints),
        "complete": [reason is None for reason in matrix.reasons],
        "reason": list(matrix.reasons),
    }
    clash = sorted({name.lower() for name in matrix.feature_order} & set(_KEY))
    if clash:
        raise FeatureError(
            f"A feature table has a column named {clash[0]!r}, which the platform's own table "
            "uses; rename it."
        )
    for index, name in enumerate(matrix.feature_order):
        column = matrix.values[:, index]
        columns[name] = pa.array(column, mask=~np.isfinite(column))
    return pa.table(columns, schema=with_figures(FEATURE_KEY, list(matrix.feature_order)))


def _coverage(matrix: FeatureMatrix) -> pa.Table:
    rows = []
    for index, name in enumerate(matrix.feature_order):
        column = matrix.values[:, index]
        finite = column[np.isfinite(column)]
        rows.append(
            {
                "feature": name,
                "present": int(finite.size),
                "missing": int(column.size - finite.size),
                "mean": float(finite.mean()) if finite.size else None,
                "std": float(finite.std()) if finite.size else None,
            }
        )
    return pa.Table.from_pylist(rows, schema=SCHEMAS[FEATURE_COVERAGE])


def feature_columns(database: Database) -> tuple[str, ...]:
    """Feature names of the stored table, in head order."""
    names = database.fetch(f"SELECT * FROM {EXTRACTED_FEATURES} LIMIT 0").column_names
    return tuple(name for name in names if name not in _KEY)


def row_count(database: Database) -> int:
    """Clips in the table, complete or not."""
    rows: int = database.fetch(f"SELECT count(*) AS n FROM {EXTRACTED_FEATURES}")["n"][0].as_py()
    return rows


def feature_table(database: Database, limit: int | None = None) -> pa.Table:
    """The table by clip id; its first rows, or all."""
    return database.fetch(f"SELECT * FROM {EXTRACTED_FEATURES} ORDER BY clip_id{limited(limit)}")


class LabelledFeatures(NamedTuple):
    """Every row that has features, with its rating."""

    names: tuple[str, ...]
    values: FloatArray
    """[n, features], NaN where missing."""
    mos: FloatArray
    """[n]"""
    scopes: tuple[str, ...]
    """[n], corpus and part of each row."""


def features_with_labels(database: Database) -> LabelledFeatures:
    """Features and MOS by clip id."""
    names = feature_columns(database)
    columns = "".join(f", f.{quote(name)}" for name in names)
    table = database.fetch(
        f"SELECT c.mos{columns}, concat_ws(' ', c.corpus, c.part) FROM {EXTRACTED_FEATURES} f "
        f"JOIN {RAW_CORPUS} c USING (clip_id) ORDER BY clip_id"
    )
    values = np.full((table.num_rows, len(names)), np.nan)
    for index, column in enumerate(table.columns[1:-1]):
        values[:, index] = column.to_numpy()
    # By place: a feature may be called mos itself, which is what this is looked up for.
    scopes = tuple(table.columns[-1].to_pylist())
    return LabelledFeatures(names, values, table.column(0).to_numpy(), scopes)


def coverage_table(database: Database) -> pa.Table:
    """One row a feature: how many clips have it, its mean and population standard deviation."""
    return database.fetch(f"SELECT * FROM {FEATURE_COVERAGE}")


def training_clip_ids(database: Database, *, gaps: bool) -> frozenset[str]:
    """Ids of the clips that have every chosen feature; with `gaps`, at least one of them."""
    condition = trains(database, gaps)
    table = database.fetch(f"SELECT clip_id FROM {EXTRACTED_FEATURES} WHERE {condition}")
    return frozenset(table["clip_id"].to_pylist())


def trains(database: Database, gaps: bool) -> str:
    """The condition, in SQL, under which a row of the table trains."""
    if not gaps:
        return "complete"
    some = ", ".join(quote(name) for name in feature_columns(database))
    return f"coalesce({some}) IS NOT NULL"


def incomplete_reasons(database: Database) -> tuple[tuple[str, int], ...]:
    """(reason, rows) of the rows that do not train, the most frequent first."""
    table = database.fetch(
        f"SELECT reason, count(*) AS n FROM {EXTRACTED_FEATURES} WHERE NOT complete "
        "GROUP BY reason ORDER BY n DESC, reason"
    )
    return tuple(zip(table["reason"].to_pylist(), table["n"].to_pylist(), strict=True))


def complete_fingerprints(database: Database) -> tuple[str, ...]:
    """The distinct fingerprints of the complete rows."""
    table = database.fetch(
        f"SELECT DISTINCT fingerprint FROM {EXTRACTED_FEATURES} WHERE complete ORDER BY fingerprint"
    )
    return tuple(table["fingerprint"].to_pylist())


def constant_features(database: Database) -> tuple[str, ...]:
    """Names of the features that have one value only over the complete rows."""
    names = feature_columns(database)
    if not names:
        return ()
    counts = ", ".join(f"max({quote(n)}) > min({quote(n)}) AS {quote(n)}" for n in names)
    row = database.fetch(f"SELECT {counts} FROM {EXTRACTED_FEATURES} WHERE complete").to_pylist()[0]
    return tuple(name for name in names if row[name] is False)
