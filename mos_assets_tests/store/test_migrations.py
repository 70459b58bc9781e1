"""A store of an earlier version becomes one of this version, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mos_assets.errors import StoreError
from mos_assets.store import Database, verdict_rows
from mos_assets.store.schema import (
    DOWNLOADS,
    FIXED_COLUMNS,
    FOLD_GROUPS,
    RAW_CORPUS,
    RELEASES,
    SCHEMA_VERSION,
)


def made_older(store: Database, version: int, *changes: str) -> None:
    """As a version before 5 had left it, after these statements."""
    store.fetch("SELECT 1")
    with duckdb.connect(str(store.path)) as plain:
        for table in ("candidates", "gate_reports", "releases"):
            plain.execute(f"ALTER TABLE {table} DROP COLUMN written")
        for figure in ("mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread"):
            plain.execute(f"ALTER TABLE gate_reports ADD COLUMN {figure} DOUBLE")
        plain.execute("ALTER TABLE store_version DROP COLUMN shape")
        plain.execute("UPDATE store_version SET version = ?", [str(version)])
        for change in changes:
            plain.execute(change)


def columns(store: Database) -> list[tuple[object, ...]]:
    with store.connect() as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY ALL"
        ).fetchall()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_older_store_gets_what_it_lacks_and_keeps_its_rows(tmp_path: Path, version: int) -> None:
    store = Database(tmp_path / "old")
    made_older(
        store,
        version,
        f"INSERT INTO {FOLD_GROUPS} VALUES ('a', 5, 'a/1', 3)",
        f"INSERT INTO {RAW_CORPUS} (clip_id, mos) VALUES ('a/1', 2.5)",
        f"DROP TABLE {DOWNLOADS}",
        f"ALTER TABLE {RAW_CORPUS} DROP COLUMN fps",
        "CREATE TABLE my_notes (candidate_id VARCHAR, note VARCHAR)",
        "INSERT INTO my_notes VALUES ('x', 'keep')",
    )
    for _ in range(2):
        assert store.fetch(f"SELECT * FROM {FOLD_GROUPS}").to_pylist() == [
            {"scope": "a", "n_folds": 5, "content_group": "a/1", "fold": 3}
        ]
    assert store.fetch(f"SELECT mos, fps FROM {RAW_CORPUS}").to_pylist() == [
        {"mos": 2.5, "fps": None}
    ]
    assert store.fetch("SELECT note FROM my_notes")["note"].to_pylist() == ["keep"]
    fresh = Database(tmp_path / "new")
    assert [c for c in columns(store) if c[0] != "my_notes"] == columns(fresh)
    stamp = "SELECT * FROM store_version"
    assert store.fetch(stamp).to_pylist() == fresh.fetch(stamp).to_pylist()


def test_rows_of_an_older_history_are_in_the_order_in_which_they_were_written(
    tmp_path: Path,
) -> None:
    """Their dates say otherwise: the clock was ahead when the first was written."""
    store = Database(tmp_path)
    insert = f"INSERT INTO {RELEASES} (candidate_id, head_id, decided_at) VALUES"
    made_older(
        store,
        4,
        f"{insert} ('gone', 'h', '2098-01-01'), ('first', 'h', '2099-01-01')",
        f"DELETE FROM {RELEASES} WHERE candidate_id = 'gone'",
        f"{insert} ('second', 'h', '2026-01-01')",
        "CHECKPOINT",
    )
    found = store.fetch(f"SELECT candidate_id FROM {RELEASES} ORDER BY written")
    assert found["candidate_id"].to_pylist() == ["first", "second"]


def test_figures_of_an_older_verdict_are_read_as_they_were(tmp_path: Path) -> None:
    """Every one of them, and one that did not exist does not exist now."""
    store = Database(tmp_path)
    made_older(
        store,
        4,
        "INSERT INTO gate_reports (candidate_id, head_id, n_clips, folder, mean_plcc, mean_rmse) "
        "VALUES ('a', 'h', 120, 'reports/h/a', 0.5, 0.75), ('b', 'h', 130, 'reports/h/b', 0.8, 0)",
    )
    verdict = verdict_rows.latest_verdict(store, "h")
    assert verdict is not None
    assert (verdict.candidate_id, verdict.n_clips) == ("b", 130)
    assert verdict.figures == {
        "mean_plcc": 0.8,
        "mean_srocc": None,
        "mean_rmse": 0.0,
        "plcc_spread": None,
    }
    assert store.fetch("SELECT count(*) AS n FROM gate_figures")["n"].to_pylist() == [8]


def test_a_kill_within_a_step_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = Database(tmp_path)
    made_older(store, 1, f"INSERT INTO {FOLD_GROUPS} VALUES ('a', 5, 'a/1', 3)")
    code = """if True:
        import os, signal, sys
        from pathlib import Path
        from mos_assets.store import Database, migrations
        migrations.STEPS = {4: lambda connection: os.kill(os.getpid(), signal.SIGKILL)}
        Database(Path(sys.argv[1])).fetch("SELECT 1")
    """
    run = subprocess.run([sys.executable, "-c", code, os.fspath(tmp_path)], check=False)
    assert run.returncode == -9
    with duckdb.connect(str(store.path)) as plain:
        assert plain.execute("SELECT * FROM store_version").fetchall() == [("1",)]
        assert plain.execute(f"SELECT count(*) FROM {FOLD_GROUPS}").fetchone() == (1,)
    assert store.fetch(f"SELECT * FROM {FOLD_GROUPS}").num_rows == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE store_version SET version = '99', shape = 'x'", "newer version.* schema is 99"),
        (
            f"ALTER TABLE {RAW_CORPUS} ADD COLUMN smell DOUBLE;"
            "UPDATE store_version SET shape = 'another'",
            r"newer version.*raw_corpus\.smell",
        ),
        ("UPDATE store_version SET version = ''", "no store of mos_assets"),
        ("DELETE FROM store_version", "no store of mos_assets"),
        ("DROP TABLE store_version", "no store of mos_assets"),
    ],
)
def test_what_another_program_or_a_newer_version_wrote_is_left_alone(
    tmp_path: Path, change: str, said: str
) -> None:
    store = Database(tmp_path)
    store.fetch("SELECT 1")
    with duckdb.connect(str(store.path)) as plain:
        plain.execute(change)
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match=said):
        store.fetch("SELECT 1")
    assert store.path.read_bytes() == before


def test_every_type_of_a_column_can_be_added(tmp_path: Path) -> None:
    store = Database(tmp_path / "old")
    made_older(store, 4)
    with duckdb.connect(str(store.path)) as plain:
        for table, schema in FIXED_COLUMNS.items():
            for name in schema.names[1:]:
                plain.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")
    names = {(table, column): kind for table, column, kind in columns(store)}
    fresh = {(t, c): kind for t, c, kind in columns(Database(tmp_path / "new"))}
    assert names == fresh
    assert pa.types.is_list(store.fetch("SELECT features FROM feature_losses").schema[0].type)
