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


def failed_downloads(database: Database, corpora: Sequence[str]) -> int:
    """Rows of these corpora that have no clip because its download failed."""
    counted = database.fetch(
        f"SELECT count(*) AS n FROM {DOWNLOADS} d JOIN {RAW_CORPUS} c USING (corpus, clip_name) "
        "WHERE list_contains(?, d.corpus) AND d.state = ? AND c.path IS NULL",
        [list(corpora), str(DownloadState.FAILED)],
    )
    number: int = counted["n"][0].as_py()
    return number
