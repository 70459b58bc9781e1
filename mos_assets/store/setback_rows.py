"""Rows of `setbacks`: measurements that came to nothing for a cause outside the clip's bytes.

A row is gone as soon as its measurement is there, or no clip of the store has its bytes any more.
While it is not, every run counts one attempt,
until the clip is given up for now: a clip that takes the machine down each time must not cost
every run. `forget` lets all of them be tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pyarrow as pa

from mos_assets.records import NotedSetback, Setback
from mos_assets.store.database import Database
from mos_assets.store.schema import CLIP_MEASUREMENTS, RAW_CORPUS, SCHEMAS, SETBACKS

MOST_ATTEMPTS = 3
"""Runs in which a measurement may meet with a setback before it is given up for now."""

_KEY = "content, part, fingerprint"


def note_setbacks(database: Database, found: Mapping[str, Iterable[Setback]]) -> None:
    """Count one more attempt of each of these, by clip id; drop those measured by now, and those of
    files that were replaced or taken away since, which nobody can measure."""
    now = datetime.now(UTC)
    rows = [
        {
            "clip_id": clip_id,
            **{name: getattr(setback, name) for name in Setback.__slots__},
            "attempts": 1,
            "updated_at": now,
        }
        for clip_id, setbacks in found.items()
        for setback in setbacks
    ]
    with database.connect() as connection:
        connection.register("new_setbacks", pa.Table.from_pylist(rows, schema=SCHEMAS[SETBACKS]))
        connection.execute(
            f"CREATE TEMP TABLE counted AS SELECT n.* REPLACE "
            f"(n.attempts + coalesce(o.attempts, 0) AS attempts) "
            f"FROM new_setbacks n LEFT JOIN {SETBACKS} o USING ({_KEY})"
        )
        connection.execute(
            f"DELETE FROM {SETBACKS} WHERE ({_KEY}) IN (SELECT ({_KEY}) FROM counted) "
            f"OR ({_KEY}) IN (SELECT ({_KEY}) FROM {CLIP_MEASUREMENTS}) "
            f"OR split_part(content, '+', 1) NOT IN (SELECT sha256 FROM {RAW_CORPUS} "
            "WHERE sha256 IS NOT NULL) "
            "OR contains(content, '+') AND split_part(content, '+', 2) NOT IN "
            f"(SELECT reference_sha256 FROM {RAW_CORPUS} WHERE reference_sha256 IS NOT NULL)"
        )
        names = ", ".join(SCHEMAS[SETBACKS].names)
        connection.execute(f"INSERT INTO {SETBACKS} ({names}) SELECT {names} FROM counted")
        connection.execute("DROP TABLE counted")
        connection.unregister("new_setbacks")


def read_setbacks(
    database: Database, fingerprints: Iterable[str] | None = None
) -> tuple[NotedSetback, ...]:
    """Those under these fingerprints, or all, by clip id and part."""
    wanted = "TRUE" if fingerprints is None else "list_contains(?, fingerprint)"
    table = database.fetch(
        f"SELECT * FROM {SETBACKS} WHERE {wanted} ORDER BY clip_id, part, fingerprint",
        [] if fingerprints is None else [sorted(fingerprints)],
    )
    return tuple(
        NotedSetback(
            clip_id=row["clip_id"],
            setback=Setback(row["content"], row["part"], row["fingerprint"], row["reason"]),
            attempts=row["attempts"],
            given_up=row["attempts"] >= MOST_ATTEMPTS,
            updated_at=row["updated_at"],
        )
        for row in table.to_pylist()
    )


def forget_setbacks(database: Database) -> int:
    """Let all of them be tried again from the first attempt on; how many there were."""
    with database.connect() as connection:
        rows = connection.execute(f"DELETE FROM {SETBACKS} RETURNING clip_id").fetchall()
    return len(rows)
