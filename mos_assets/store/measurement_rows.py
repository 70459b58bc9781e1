"""Rows of `clip_measurements` and `shot_metadata`.

Measurements are keyed by the clip's bytes, the part and its fingerprint, so results of
earlier settings stay and are found again when those settings return.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pyarrow as pa

from mos_assets.records import Measurement, ShotRow
from mos_assets.store.database import Database, limited, replace_rows
from mos_assets.store.schema import (
    CLIP_MEASUREMENTS,
    MEASUREMENT_KEY,
    MERGED_SHARDS,
    SCHEMAS,
    SHOT_METADATA,
    quote,
)

_KEY = tuple(name for name, _ in MEASUREMENT_KEY)


def add_shard(database: Database, name: str, sha256: str, rows: pa.Table) -> None:
    """Add the rows of one shard and remember its bytes; rows of the same key are replaced."""
    figures = [figure for figure in rows.column_names if figure not in _KEY]
    with database.connect() as connection:
        present = {
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = ?",
                [CLIP_MEASUREMENTS],
            ).fetchall()
        }
        for figure in figures:
            if figure not in present:
                connection.execute(
                    f"ALTER TABLE {CLIP_MEASUREMENTS} ADD COLUMN {quote(figure)} DOUBLE"
                )
        connection.register("new_measurements", rows)
        replace_rows(
            connection,
            CLIP_MEASUREMENTS,
            rows,
            where="(content, part, fingerprint) IN "
            "(SELECT (content, part, fingerprint) FROM new_measurements)",
        )
        connection.unregister("new_measurements")
        connection.execute(f"DELETE FROM {MERGED_SHARDS} WHERE name = ?", [name])
        connection.execute(f"INSERT INTO {MERGED_SHARDS} VALUES (?, ?)", [name, sha256])


def forget_shard(database: Database, name: str) -> None:
    """Its bytes are not remembered any more; its rows stay."""
    with database.connect() as connection:
        connection.execute(f"DELETE FROM {MERGED_SHARDS} WHERE name = ?", [name])


def rows_beside(database: Database, held: pa.Table | None) -> pa.Table:
    """Every measurement whose key (content, part, fingerprint) is not among these."""
    with database.connect() as connection:
        beside = ""
        if held is not None:
            connection.register("held", held)
            beside = "ANTI JOIN held USING (content, part, fingerprint)"
        return connection.sql(
            f"SELECT * FROM {CLIP_MEASUREMENTS} {beside} ORDER BY content, part, fingerprint"
        ).to_arrow_table()


def merged_shards(database: Database) -> frozenset[tuple[str, str]]:
    """(name, sha256) of the shards whose rows are in the database."""
    table = database.fetch(f"SELECT name, sha256 FROM {MERGED_SHARDS}")
    return frozenset(zip(table["name"].to_pylist(), table["sha256"].to_pylist(), strict=True))


def measured_keys(database: Database, fingerprints: Iterable[str]) -> frozenset[tuple[str, str]]:
    """(content, fingerprint) of every measurement of these fingerprints, failures included."""
    table = database.fetch(
        f"SELECT content, fingerprint FROM {CLIP_MEASUREMENTS} WHERE list_contains(?, fingerprint)",
        [sorted(fingerprints)],
    )
    return frozenset(
        zip(table["content"].to_pylist(), table["fingerprint"].to_pylist(), strict=True)
    )


def read_measurements(database: Database, fingerprints: Iterable[str]) -> tuple[Measurement, ...]:
    """Every measurement of these fingerprints."""
    table = database.fetch(
        f"SELECT * FROM {CLIP_MEASUREMENTS} WHERE list_contains(?, fingerprint) "
        "ORDER BY content, part, fingerprint",
        [sorted(fingerprints)],
    )
    figures = [name for name in table.column_names if name not in _KEY]
    return tuple(
        Measurement(
            content=row["content"],
            part=row["part"],
            fingerprint=row["fingerprint"],
            figures={name: row[name] for name in figures if row[name] is not None},
            reason=row["reason"],
        )
        for row in table.to_pylist()
    )


def measurement_table(
    database: Database, hashes: Iterable[str], fingerprints: Iterable[str]
) -> pa.Table:
    """Measurements of these clips under these fingerprints."""
    return database.fetch(
        f"SELECT * FROM {CLIP_MEASUREMENTS} WHERE list_contains(?, fingerprint) "
        "AND split_part(content, '+', 1) IN (SELECT unnest(?)) ORDER BY content, part",
        [sorted(fingerprints), sorted(hashes)],
    )


def write_shots(database: Database, corpora: Sequence[str], rows: Sequence[ShotRow]) -> None:
    """Replace the shot metadata of these corpora."""
    schema = SCHEMAS[SHOT_METADATA]
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    for name, values in columns.items():
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            raise ValueError(f"shot_metadata.{name} must be finite or NULL")
    database.replace(
        SHOT_METADATA,
        pa.table(columns, schema=schema),
        where="list_contains(?, corpus)",
        parameters=[list(corpora)],
    )


def read_shots(database: Database, corpora: Sequence[str]) -> tuple[ShotRow, ...]:
    """The shot metadata of these corpora, by clip id."""
    return tuple(ShotRow(**row) for row in shot_table(database, corpora).to_pylist())


def shot_table(database: Database, corpora: Sequence[str], limit: int | None = None) -> pa.Table:
    """The shot metadata of these corpora as it is stored, by clip id; its first rows, or all."""
    return database.fetch(
        f"SELECT * FROM {SHOT_METADATA} WHERE list_contains(?, corpus) "
        f"ORDER BY clip_id{limited(limit)}",
        [list(corpora)],
    )
