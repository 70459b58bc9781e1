"""One row a clip, replaced in batches; stores of the version before get the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from mos_assets.errors import StoreError
from mos_assets.records import Download, DownloadState
from mos_assets.store import Database, download_rows
from mos_assets.store.schema import ADDED, REJECTED_ROWS, SCHEMA_VERSION

DONE = Download(
    corpus="konvid-150k",
    clip_name="a.mp4",
    url="http://h/a",
    state=DownloadState.DONE,
    permanent=False,
    reason=None,
    attempts=2,
    size_bytes=7,
    updated_at=datetime(2026, 5, 8, 12, 0, 0, 123, tzinfo=UTC),
)
FAILED = replace(
    DONE,
    clip_name="b.mp4",
    state=DownloadState.FAILED,
    permanent=True,
    reason="status 404",
    size_bytes=None,
)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    database = Database(tmp_path)
    other = replace(DONE, corpus="other")
    download_rows.write_downloads(database, [FAILED, other, DONE])
    download_rows.write_downloads(database, [])
    assert download_rows.read_downloads(database, "konvid-150k") == (DONE, FAILED)
    assert download_rows.read_downloads(database, "other") == (other,)
    assert download_rows.read_downloads(database, "none") == ()


def test_a_batch_replaces_its_clips_and_no_others(tmp_path: Path) -> None:
    database = Database(tmp_path)
    download_rows.write_downloads(database, [DONE, FAILED, replace(FAILED, corpus="other")])
    mended = replace(FAILED, state=DownloadState.DONE, permanent=False, reason=None, size_bytes=9)
    download_rows.write_downloads(database, [replace(mended, attempts=1), mended])
    assert download_rows.read_downloads(database, "konvid-150k") == (DONE, mended)
    assert download_rows.read_downloads(database, "other") == (replace(FAILED, corpus="other"),)


@pytest.mark.parametrize("version", sorted(ADDED))
def test_an_older_store_gets_its_tables_and_keeps_its_rows(tmp_path: Path, version: str) -> None:
    database = Database(tmp_path)
    with database.connect() as connection:
        connection.execute(f"INSERT INTO {REJECTED_ROWS} VALUES ('a', 's', 1, NULL, 'torn')")
        for step in (step for step in ADDED if step >= version):
            for table in ADDED[step][1]:
                connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE store_version SET version = ?", [version])
    for table in (table for _, tables in ADDED.values() for table in tables):
        database.fetch(f"SELECT * FROM {table}")
    assert database.fetch(f"SELECT * FROM {REJECTED_ROWS}").num_rows == 1
    assert database.fetch("SELECT * FROM store_version").to_pylist() == [
        {"version": SCHEMA_VERSION}
    ]


def test_an_older_store_is_upgraded_whole_or_not_at_all(tmp_path: Path) -> None:
    """A table of that name from elsewhere stands in the way: nothing of the upgrade stays."""
    database = Database(tmp_path)
    with database.connect() as connection:
        connection.execute("UPDATE store_version SET version = '1'")
    with pytest.raises(duckdb.CatalogException):
        database.fetch("SELECT 1")
    with duckdb.connect(str(database.path)) as plain:
        assert plain.execute("SELECT version FROM store_version").fetchall() == [("1",)]


@pytest.mark.parametrize("version", ["0", "99", ""])
def test_other_versions_are_refused(tmp_path: Path, version: str) -> None:
    database = Database(tmp_path)
    with database.connect() as connection:
        connection.execute("UPDATE store_version SET version = ?", [version])
    with pytest.raises(StoreError, match="has schema"):
        database.fetch("SELECT 1")
