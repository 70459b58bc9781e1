"""Rows of `downloads`: what became of each clip of a manifest."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from mos_assets.records import Download, DownloadState
from mos_assets.store.database import Database
from mos_assets.store.schema import DOWNLOADS, RAW_CORPUS, SCHEMAS


def write_downloads(database: Database, rows: Sequence[Download]) -> None:
    """Put these rows in the place of those of the same corpus and clip; the others stay."""
    if not rows:
        return
    # The last word on a clip holds, should a batch have two.
    latest = {(row.corpus, row.clip_name): row for row in rows}
    schema = SCHEMAS[DOWNLOADS]
    table = pa.table(
        {name: [getattr(row, name) for row in latest.values()] for name in schema.names},
        schema=schema,
    )
    names = ", ".join(schema.names)
    with database.connect() as connection:
        connection.register("incoming_rows", table)
        connection.execute(
            f"DELETE FROM {DOWNLOADS} USING incoming_rows AS new "
            f"WHERE {DOWNLOADS}.corpus = new.corpus AND {DOWNLOADS}.clip_name = new.clip_name"
        )
        connection.execute(f"INSERT INTO {DOWNLOADS} ({names}) SELECT {names} FROM incoming_rows")
        connection.unregister("incoming_rows")


def read_downloads(database: Database, corpus: str) -> tuple[Download, ...]:
    """Every clip of this corpus that a manifest asked for, by name."""
    rows = database.fetch(
        f"SELECT * FROM {DOWNLOADS} WHERE corpus = ? ORDER BY clip_name", [corpus]
    )
    columns = (rows[name].to_pylist() for name in SCHEMAS[DOWNLOADS].names)
    return tuple(
        Download(corpus, name, url, DownloadState(state), *rest)
        for corpus, name, url, state, *rest in zip(*columns, strict=True)
    )


def failed_downloads(database: Database, corpora: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Rows of each corpus that have no clip because its download failed.

    The first number counts those that are worth another try, the second those that are not.
    """
    counted = database.fetch(
        "SELECT d.corpus, count(*) FILTER (NOT d.permanent) AS passing, "
        f"count(*) FILTER (d.permanent) AS permanent FROM {DOWNLOADS} d "
        f"JOIN {RAW_CORPUS} c USING (corpus, clip_name) "
        "WHERE list_contains(?, d.corpus) AND d.state = ? AND c.path IS NULL GROUP BY d.corpus",
        [list(corpora), str(DownloadState.FAILED)],
    ).to_pylist()
    found = {row["corpus"]: (row["passing"], row["permanent"]) for row in counted}
    return {name: found.get(name, (0, 0)) for name in corpora}


def to_be_tried(database: Database, corpus: str) -> bool:
    """Whether this corpus, which has a manifest, lacks a clip that may yet come."""
    missing = database.fetch(
        f"SELECT 1 FROM {RAW_CORPUS} c LEFT JOIN {DOWNLOADS} d USING (corpus, clip_name) "
        "WHERE c.corpus = ? AND c.path IS NULL AND NOT coalesce(d.permanent, FALSE) LIMIT 1",
        [corpus],
    )
    return bool(missing.num_rows)
