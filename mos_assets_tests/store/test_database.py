"""The store opens late, closes soon, waits for others, and keeps a transaction whole."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mos_assets.errors import StoreError
from mos_assets.store import Database, database
from mos_assets.store.schema import ENCODERS, REJECTED_ROWS, SCHEMAS, quote

ROW = {"corpus": "a", "source": "labels.csv", "line": 2, "clip_name": None, "reason": "torn"}


def rows(*found: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(found), schema=SCHEMAS[REJECTED_ROWS])


def test_rows_come_back_with_their_nulls(tmp_path: Path) -> None:
    store = Database(tmp_path)
    store.replace(REJECTED_ROWS, rows(ROW))
    assert store.fetch(f"SELECT * FROM {REJECTED_ROWS}").to_pylist() == [ROW]


def test_replace_deletes_only_what_matches(tmp_path: Path) -> None:
    store = Database(tmp_path)
    store.replace(REJECTED_ROWS, rows(ROW, {**ROW, "corpus": "b"}))
    store.replace(REJECTED_ROWS, rows(), where="corpus = ?", parameters=["a"])
    assert store.fetch(f"SELECT corpus FROM {REJECTED_ROWS}")["corpus"].to_pylist() == ["b"]


def test_an_error_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = Database(tmp_path)
    store.replace(REJECTED_ROWS, rows(ROW))
    with pytest.raises(RuntimeError), store.connect() as connection:
        connection.execute(f"DELETE FROM {REJECTED_ROWS}")
        raise RuntimeError("the power went")
    assert store.fetch(f"SELECT * FROM {REJECTED_ROWS}").num_rows == 1


def test_waits_for_another_process_to_let_go(tmp_path: Path) -> None:
    """A second process cannot even read while a writer has the file open."""
    store = Database(tmp_path)
    store.replace(REJECTED_ROWS, rows(ROW))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True);"
            "time.sleep(1.0); c.close()",
            str(store.path),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    start = time.monotonic()
    assert store.fetch(f"SELECT * FROM {REJECTED_ROWS}").num_rows == 1
    assert time.monotonic() - start > 0.3
    holder.communicate()


def test_a_file_held_for_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Database(tmp_path)
    store.replace(REJECTED_ROWS, rows(ROW))
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.2)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True);"
            "sys.stdin.read()",
            str(store.path),
        ],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(StoreError, match="held open by another process"):
            store.fetch("SELECT 1")
    finally:
        holder.communicate()


def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    store = Database(tmp_path)
    store.path.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(StoreError, match="move it away"):
        store.fetch("SELECT 1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = Database(tmp_path)
    log = tmp_path / f"{store.path.name}.wal"
    before = store.fetch("SELECT table_name FROM duckdb_tables()")
    with pytest.raises(StoreError, match="disk is full"), store.connect() as connection:
        connection.execute("CREATE TABLE more AS SELECT * FROM range(10)")
        log.symlink_to("/dev/full")
    log.unlink()
    assert store.fetch("SELECT table_name FROM duckdb_tables()") == before


def test_identifiers_from_strangers_are_quoted(tmp_path: Path) -> None:
    nasty = 'x"; DROP TABLE raw_corpus; --'
    with Database(tmp_path).connect() as connection:
        connection.execute(f"CREATE TABLE t ({quote(nasty)} DOUBLE)")
        names = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 't'"
        ).fetchall()
    assert names == [(nasty,)]


def test_what_is_held_is_one_transaction_of_one_thread(tmp_path: Path) -> None:
    """Reads and writes inside share a connection; an error takes all of it back."""
    store = Database(tmp_path)
    row = pa.table({"corpus": ["a"], "encoder": ["studio"]})
    with store.held(), store.held():
        store.replace(ENCODERS, row)
        assert store.fetch(f"SELECT * FROM {ENCODERS}").num_rows == 1
        with ThreadPoolExecutor(1) as other:
            # Its own connection, which sees what was there before.
            seen = other.submit(store.fetch, f"SELECT * FROM {ENCODERS}").result()
        assert seen.num_rows == 0
        # Nor has the other thread let go of the lock that keeps other processes away.
        other_process = "import duckdb, sys; duckdb.connect(sys.argv[1])"
        asked = subprocess.run(
            [sys.executable, "-c", other_process, store.path], capture_output=True, text=True
        )
        assert "Could not set lock" in asked.stderr
    assert store.fetch(f"SELECT * FROM {ENCODERS}").num_rows == 1
    with pytest.raises(ZeroDivisionError), store.held():
        store.replace(ENCODERS, row.slice(0, 0))
        assert 1 / 0
    assert store.fetch(f"SELECT * FROM {ENCODERS}").num_rows == 1
    with pytest.raises(duckdb.Error), store.held():
        store.fetch("SELECT nothing FROM nowhere")
    assert store.fetch(f"SELECT * FROM {ENCODERS}").num_rows == 1


def test_a_forked_child_does_not_write_by_what_its_parent_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB would take the rows, commit, and lose them."""
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.0)
    store = Database(tmp_path)
    with store.held():
        child = os.fork()
        if child == 0:
            try:
                store.replace(REJECTED_ROWS, rows(ROW))
            except StoreError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
