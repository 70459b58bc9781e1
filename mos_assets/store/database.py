"""Opening the DuckDB file late, closing it soon, and moving whole tables of rows in and out.

DuckDB admits one process while a writer has the file open, so no handle is kept: each call
connects, does its work in one transaction, and closes. Several short ones may share one (`held`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import duckdb
import pyarrow as pa

from mos_assets.errors import StoreError
from mos_assets.io.reading import DENIED, MACHINE_FAILED, NotAFileError, require_plain
from mos_assets.processes.memory import give_back
from mos_assets.store.failures import (
    WHERE_IT_IS_KEPT,
    explained,
    is_held,
    unreachable,
    unwritable,
)
from mos_assets.store.guards import require_held
from mos_assets.store.instance import attached
from mos_assets.store.migrations import bring_up_to_date, is_current
from mos_assets.store.schema import SCHEMAS, WRITTEN, duckdb_columns, quote

FILE_NAME = "mos_assets.duckdb"
STORAGE: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.4.0"
}
"""What a new file is written as: every DuckDB from 1.4 on reads it. DuckDB 2.0 would write one that
1.x refuses."""
_MAGIC, _MAGIC_AT = b"DUCK", 8
LOCK_WAIT_S = 60.0
"""How long to wait for another process to close the file."""


_HELD: ContextVar[Mapping[Path, duckdb.DuckDBPyConnection]] = ContextVar(
    "held", default=MappingProxyType({})
)
"""Connections that `Database.held` keeps open in this thread."""
# In a forked child what is written by them is in no file, without a message.
os.register_at_fork(after_in_child=lambda: _HELD.set(MappingProxyType({})))


@dataclass(frozen=True)
class Database:
    """The store in one folder; cheap to make, holds nothing open."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    @property
    def exists(self) -> bool:
        """Whether something has the name of the file; not whether it is one."""
        return os.path.lexists(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """One connection and one transaction for all that this thread asks of the store inside.
        For what is short; nobody else can open it meanwhile.

        Raises what `connect` raises.
        """
        if self.path in _HELD.get():
            yield
            return
        with self.connect() as connection:
            token = _HELD.set({**_HELD.get(), self.path: connection})
            try:
                yield
            finally:
                _HELD.reset(token)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One connection inside one transaction: committed at the end, rolled back on an error.

        The file is made where it is missing. Raises StoreError when it is held by another process
        for longer than a minute, is damaged or no DuckDB file, was made by a newer version of this
        package or of DuckDB, cannot be written, when its disk is full, and when this process has
        lost its lock on the bucket that it is of.
        """
        if self.path in _HELD.get():
            yield _HELD.get()[self.path]
            return
        require_held(self.folder)
        if not self.exists:
            self._create()
        try:
            # To leave without a COMMIT drops the transaction.
            with self._opened() as connection:
                connection.execute("SET TimeZone='UTC'")
                current = is_current(connection)
                connection.execute("BEGIN")
                if not current:
                    bring_up_to_date(connection, self.path)
                yield connection
                connection.execute("COMMIT")
        except duckdb.Error as error:
            told = explained(error, self.path)
            if told is None:
                raise
            raise told from error

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

    def _create(self) -> None:
        """Make the file elsewhere and link it into place: an empty one is never this program's."""
        log = self.path.with_name(f"{FILE_NAME}.wal")
        if log.exists():
            raise StoreError(
                f"{log} is there without {self.path}, to which it belongs. Put that file back, or "
                "move this one away too."
            )
        made = self.folder / f".{FILE_NAME}.{uuid4().hex}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with duckdb.connect(str(made), config=STORAGE) as connection:
                connection.execute("BEGIN")
                bring_up_to_date(connection, self.path)
                connection.execute("COMMIT")
            with suppress(FileExistsError):
                os.link(made, self.path)
        except duckdb.Error as error:
            told = explained(error, self.path)
            if told is None:
                raise
            raise told from error
        except OSError as error:
            raise self._told(error) from error
        finally:
            with suppress(OSError):
                made.unlink(missing_ok=True)

    def _told(self, error: OSError) -> StoreError | OSError:
        if error.errno in DENIED:
            return unwritable(self.path)
        if error.errno in MACHINE_FAILED:
            return unreachable(self.path, error.strerror or str(error))
        return error

    def require_file(self) -> None:
        """Raise StoreError where DuckDB would hang, or take what is there for a new database."""
        try:
            for path in (self.path, self.path.with_name(f"{FILE_NAME}.wal")):
                require_plain(path)
            with self.path.open("rb") as file:
                start = file.read(_MAGIC_AT + len(_MAGIC))
        except NotAFileError as error:
            raise StoreError(
                f"{error.filename} {error.strerror}. Move it away; {WHERE_IT_IS_KEPT}"
            ) from None
        except FileNotFoundError:
            raise StoreError(
                f"{self.path} is a link to {self.path.readlink()}, which is not there. Mount or "
                "restore that, or delete the link."
            ) from None
        except OSError as error:
            raise self._told(error) from error
        if not start:
            raise StoreError(f"{self.path} is empty. Restore it, or delete it: {WHERE_IT_IS_KEPT}")
        if start[_MAGIC_AT:] != _MAGIC:
            # DuckDB would ask the network for what reads it, where it is one of SQLite.
            raise StoreError(
                f"{self.path} is damaged or no DuckDB file: it does not begin like one. Restore "
                f"it, or move it away: {WHERE_IT_IS_KEPT}"
            )

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # What may only be read can be looked at all the same.
        read_only = not (os.access(self.path, os.W_OK) and os.access(self.folder, os.W_OK))
        deadline = time.monotonic() + LOCK_WAIT_S
        pause = 0.05
        with ExitStack() as opened:
            while True:
                try:
                    connection = opened.enter_context(
                        attached(self.path, read_only=read_only, require=self.require_file)
                    )
                    break
                except duckdb.Error as error:
                    if not is_held(error):
                        raise explained(error, self.path, opening=True) or error from error
                    if time.monotonic() > deadline:
                        raise StoreError(
                            f"{self.path} is held open by another process ({error}). Close the "
                            "DuckDB shell or wait for the run that writes to it, then try again."
                        ) from error
                time.sleep(pause)
                pause = min(1.0, pause * 1.5)
            yield connection


def limited(limit: int | None) -> str:
    """The end of a query for its first rows, or for all."""
    return "" if limit is None else f" LIMIT {limit:d}"


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
    rows: Callable[[], Iterable[pa.Table]],
    *,
    key: str,
    untold: str,
    where: str,
    parameters: Sequence[object],
) -> None:
    """As `replace_rows`, leaving alone what is there already, whatever its column `untold` says.

    `key` is a column in which no two rows are alike. `rows` gives the rows in parts, of which one
    is held at a time; it is asked again where there is something to write. Rows are compared by two
    hashes of 64 bits: to compare 20 columns takes ten times the memory.
    """
    names = SCHEMAS[table].names
    columns = ", ".join(quote(name) for name in names)
    told = ", ".join(quote(name) for name in names if name != untold)
    hashes = f"hash({quote(key)}) AS key, hash({told}) AS told"
    give_back()
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE standing AS SELECT rowid AS place, {hashes} "
        f"FROM {table} WHERE {where}",
        list(parameters),
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE incoming (key UBIGINT, told UBIGINT)")
    for part in rows():
        # DuckDB finds it by its name. What is registered is held until the transaction ends.
        incoming_rows = part.select(names)
        connection.execute(f"INSERT INTO incoming SELECT {hashes} FROM incoming_rows")
        del part, incoming_rows
        give_back()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE fresh AS FROM incoming ANTI JOIN standing USING (key, told)"
    )
    connection.execute(
        f"DELETE FROM {table} WHERE rowid IN "
        "(SELECT place FROM standing ANTI JOIN incoming USING (key, told))"
    )
    ((writing,),) = connection.execute("SELECT count(*) FROM fresh").fetchall()
    for part in rows() if writing else ():
        incoming_rows = part.select(names)  # noqa: F841
        connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} "
            f"FROM (SELECT *, {hashes} FROM incoming_rows) SEMI JOIN fresh USING (key, told)"
        )
    for name in ("standing", "incoming", "fresh"):
        connection.execute(f"DROP TABLE {name}")
