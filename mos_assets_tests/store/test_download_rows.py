"""One row a clip, replaced in batches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mos_assets.records import Download, DownloadState
from mos_assets.store import Database, download_rows

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
