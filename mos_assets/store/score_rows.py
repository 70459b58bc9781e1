"""Rows of `incoming_clips` and `clip_scores`: clips that come in to be scored, and their scores.

No run of the other assets writes them, so that scoring goes on beside a retrain: its writers come
in by `run_lock.beside_runs`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from mos_assets.records import ClipScore, IncomingClip
from mos_assets.store.database import Database
from mos_assets.store.schema import CLIP_SCORES, INCOMING_CLIPS, SCHEMAS


def write_incoming(database: Database, rows: Sequence[IncomingClip]) -> None:
    """Put these in the place of all that lay there before."""
    database.replace(INCOMING_CLIPS, _table(INCOMING_CLIPS, rows))


def read_incoming(database: Database) -> tuple[IncomingClip, ...]:
    """What lay there when it was last looked at, by name."""
    rows = database.fetch(f"SELECT * FROM {INCOMING_CLIPS} ORDER BY clip").to_pylist()
    return tuple(IncomingClip(**row) for row in rows)


def write_scores(database: Database, rows: Sequence[ClipScore]) -> None:
    """Put these in the place of those of the same clips; the others stay."""
    if not rows:
        return
    names = ", ".join(SCHEMAS[CLIP_SCORES].names)
    with database.connect() as connection:
        connection.register("incoming_rows", _table(CLIP_SCORES, rows))
        connection.execute(
            f"DELETE FROM {CLIP_SCORES} WHERE clip IN (SELECT clip FROM incoming_rows)"
        )
        connection.execute(f"INSERT INTO {CLIP_SCORES} ({names}) SELECT {names} FROM incoming_rows")
        connection.unregister("incoming_rows")


def score_table(database: Database) -> pa.Table:
    """Every score, also of clips that are gone since, by name."""
    return database.fetch(f"SELECT * FROM {CLIP_SCORES} ORDER BY clip")


def read_scores(database: Database) -> tuple[ClipScore, ...]:
    """As `score_table`, as records."""
    return tuple(ClipScore(**row) for row in score_table(database).to_pylist())


def incoming_table(database: Database) -> pa.Table:
    """As `read_incoming`, as a table."""
    return database.fetch(f"SELECT * FROM {INCOMING_CLIPS} ORDER BY clip")


def _table(name: str, rows: Sequence[IncomingClip] | Sequence[ClipScore]) -> pa.Table:
    schema = SCHEMAS[name]
    columns = {field: [getattr(row, field) for row in rows] for field in schema.names}
    return pa.table(columns, schema=schema)
