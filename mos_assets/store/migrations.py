"""Bringing a store of an earlier version up to date, in the transaction that opens it.

What only adds (a table, a column) needs nothing but its line in `schema`: it is made, and NULL
where rows are there already. Anything else is a step of `STEPS`, with `SCHEMA_VERSION` raised.
A store is either as it was or whole in its new shape; no row of it is ever left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from mos_assets.errors import StoreError
from mos_assets.io.hashing import hash_text
from mos_assets.store.schema import (
    CANDIDATES,
    DUCKDB_TYPES,
    FIXED_COLUMNS,
    GATE_FIGURES,
    GATE_REPORTS,
    RELEASES,
    SCHEMA_VERSION,
    SCHEMAS,
    duckdb_columns,
    quote,
)

_STAMP = "store_version"
"""One row: the version that wrote the tables, and the digest of their declared columns."""
_OLDEST = 1


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make the tables those of `schema`, whatever earlier version of this package wrote them.

    The caller has begun a transaction. Raises StoreError where a newer version of this package,
    or another program, wrote the file.
    """
    version, shape = _stamp(connection, path)
    if (version, shape) == (SCHEMA_VERSION, SHAPE):
        return
    if not _OLDEST <= version <= SCHEMA_VERSION:
        raise _newer(path, f"its schema is {version}, this version knows up to {SCHEMA_VERSION}")
    _add_what_is_missing(connection)
    for before in range(version, SCHEMA_VERSION):
        if before in STEPS:
            STEPS[before](connection)
    unknown = _unknown_columns(connection)
    if unknown:
        raise _newer(path, f"this version does not know {', '.join(unknown)}")
    connection.execute(f"DELETE FROM {_STAMP}")
    connection.execute(f"INSERT INTO {_STAMP} VALUES (?, ?)", [str(SCHEMA_VERSION), SHAPE])


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is nothing to do; asked outside of a transaction, which an error would end.

    To list the tables takes as long as to open the file.
    """
    try:
        rows = connection.execute(f"SELECT * FROM {_STAMP}").fetchall()
    except duckdb.CatalogException:
        return False
    return rows == [(str(SCHEMA_VERSION), SHAPE)]


def _stamp(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, str | None]:
    """Version and shape that the file says of itself; a file without any table gets a stamp."""
    tables = {
        name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    }
    if not tables:
        connection.execute(f"CREATE TABLE {_STAMP} (version VARCHAR, shape VARCHAR)")
        return SCHEMA_VERSION, None
    rows = connection.execute(f"SELECT * FROM {_STAMP}").fetchall() if _STAMP in tables else []
    if len(rows) != 1 or not str(rows[0][0]).isdecimal():
        raise StoreError(
            f"{path} is a DuckDB file and no store of mos_assets: it does not say by which version "
            "it was written. Set MOS_STORE to another folder, or restore the file from a backup."
        )
    if len(rows[0]) == 1:
        # As the versions before 5 wrote it.
        connection.execute(f"ALTER TABLE {_STAMP} ADD COLUMN shape VARCHAR")
        return int(rows[0][0]), None
    return int(rows[0][0]), rows[0][1]


def _add_what_is_missing(connection: duckdb.DuckDBPyConnection) -> None:
    present = _columns(connection)
    for table, schema in FIXED_COLUMNS.items():
        if table not in present:
            connection.execute(f"CREATE TABLE {table} ({duckdb_columns(schema)})")
            continue
        for field in schema:
            if field.name not in present[table]:
                connection.execute(
                    f"ALTER TABLE {table} ADD COLUMN {quote(field.name)} {DUCKDB_TYPES[field.type]}"
                )


def _unknown_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Columns in our tables that are not declared; other tables are nobody's business."""
    present = _columns(connection)
    return [
        f"{table}.{name}"
        for table, schema in SCHEMAS.items()
        for name in sorted(present[table] - set(schema.names))
    ]


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _newer(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} was written by a newer version of mos_assets: {why}. Install that version, or "
        "set MOS_STORE to another folder."
    )


def _number_what_was_written(connection: duckdb.DuckDBPyConnection) -> None:
    """4 → 5: rows of the histories get the number by which they are in order.

    DuckDB keeps rows in the order in which they were inserted, and a row that was written again
    was deleted and inserted.
    """
    for table in (CANDIDATES, GATE_REPORTS, RELEASES):
        connection.execute(f"UPDATE {table} SET written = rowid + 1")


def _a_row_a_gate_figure(connection: duckdb.DuckDBPyConnection) -> None:
    """5 → 6: the figures of a verdict, which were columns, are rows."""
    for name in ("mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread"):
        if name not in _columns(connection)[GATE_REPORTS]:
            continue  # somebody had dropped the table, and it was made anew
        connection.execute(
            f"INSERT INTO {GATE_FIGURES} SELECT candidate_id, ?, {name} FROM {GATE_REPORTS} "
            "ORDER BY written",
            [name],
        )
        connection.execute(f"ALTER TABLE {GATE_REPORTS} DROP COLUMN {name}")


STEPS: Mapping[int, Callable[[duckdb.DuckDBPyConnection], None]] = {
    4: _number_what_was_written,
    5: _a_row_a_gate_figure,
}
"""Version of an older store → what takes its rows to the next version, where more than an added
table or column is needed. It finds every table and column of `schema` in place, beside those that
it is there to empty, and drops the latter."""

SHAPE = hash_text(
    repr([(name, duckdb_columns(schema)) for name, schema in sorted(FIXED_COLUMNS.items())])
)[:16]
"""Moves with every table and column of `schema`."""
