"""Opening the DuckDB file late, closing it soon, and moving whole tables of rows in and out.

DuckDB admits one process while a writer has the file open, so no handle is ever kept:
each call connects, does its work in one transaction, and closes.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from mos_assets.errors import StoreError
from mos_assets.store.migrations import bring_up_to_date
from mos_assets.store.schema import WRITTEN, duckdb_columns, quote

FILE_NAME = "mos_assets.duckdb"
LOCK_WAIT_S = 60.0
"""How long to wait for another process to close the file."""


@dataclass(frozen=True)
class Database:
    """The store in one folder; cheap to make, holds nothing open."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One connection inside one transaction: committed at the end, rolled back on an error.

        Raises StoreError when the file is held by another process for longer than a minute,
        is not a DuckDB file, or was made by another version of this package, and when its disk is
        full.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        connection = self._open()
        try:
            connection.execute("SET TimeZone='UTC'")
            connection.execute("BEGIN")
            bring_up_to_date(connection, self.path)
            yield connection
            connection.execute("COMMIT")
        except duckdb.Error as error:
            if os.strerror(errno.ENOSPC) not in str(error):
                raise
            raise StoreError(
                f"{self.path} cannot be written, since its disk is full. Make room and run again; "
                "measured clips are kept in shards beside it."
            ) from error
        finally:
            # Closing without a COMMIT drops the transaction.
            connection.close()

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The whole answer to one query."""
        with self.connect() as connection:
            return connection.sql(sql, params=list(parameters)).to_arrow_table()

    def replace(
        self, table: str, rows: pa.Table, *, where: str = "TRUE", parameters: Sequence[object] = ()
    ) -> None:
        """Delete what matches `where` and insert the rows, in one transaction."""
        with self.connect() as connection:
            replace_rows(connection, table, rows, where=where, parameters=parameters)

    def recreate(self, table: str, rows: pa.Table) -> None:
        """Replace a table whose columns depend on the settings, together with its shape."""
        with self.connect() as connection:
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({duckdb_columns(rows.schema)})")
            replace_rows(connection, table, rows)

    def _open(self) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + LOCK_WAIT_S
        pause = 0.05
        while True:
            try:
                return duckdb.connect(str(self.path))
            except duckdb.Error as error:
                if not isinstance(error, duckdb.IOException) or "lock" not in str(error).lower():
                    raise StoreError(
                        f"{self.path} cannot be opened: {error}. If the file is damaged, move it "
                        "away and materialize again; measured clips are kept in shards beside it."
                    ) from error
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"{self.path} is held open by another process ({error}). Close the "
                        "DuckDB shell or wait for the run that writes to it, then try again."
                    ) from error
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)


def replace_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: pa.Table,
    *,
    where: str = "TRUE",
    parameters: Sequence[object] = (),
) -> None:
    """Delete what matches `where` and insert the rows, by column name."""
    connection.execute(f"DELETE FROM {table} WHERE {where}", list(parameters))
    if rows.num_rows == 0:
        return
    connection.register("incoming_rows", rows)
    names = ", ".join(quote(name) for name in rows.column_names)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming_rows")
    connection.unregister("incoming_rows")


def append_row(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    row: pa.Table,
    *,
    where: str = "FALSE",
    parameters: Sequence[object] = (),
) -> None:
    """As `replace_rows`, of one row of a history, which becomes the last one written."""
    ((place,),) = connection.execute(
        f"SELECT coalesce(max({WRITTEN}), 0) + 1 FROM {table}"
    ).fetchall()
    row = row.append_column(WRITTEN, pa.array([place], pa.int64()))
    replace_rows(connection, table, row, where=where, parameters=parameters)


def update_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: pa.Table,
    *,
    key: str,
    untold: str,
    where: str,
    parameters: Sequence[object],
) -> None:
    """As `replace_rows`, leaving alone what is there already, whatever its column `untold` says.

    `key` is a column in which no two rows are alike. Rows of one key are compared by a hash of
    64 bits: to compare 20 columns takes ten times the memory.
    """
    connection.register("incoming_rows", rows)
    told = ", ".join(quote(name) for name in rows.column_names if name != untold)
    columns = ", ".join(quote(name) for name in rows.column_names)
    # EXISTS would say it as well, in five times the memory.
    like = f"SELECT {quote(key)} AS key, hash({told}) AS told FROM"
    pair = f"{quote(key)} = key AND hash({told}) = told"
    connection.execute(
        f"DELETE FROM {table} WHERE {where} AND rowid NOT IN "
        f"(SELECT rowid FROM {table} SEMI JOIN ({like} incoming_rows) ON {pair})",
        list(parameters),
    )
    connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming_rows "
        f"ANTI JOIN ({like} {table}) ON {pair}"
    )
    connection.unregister("incoming_rows")
