"""Under which settings the tables of features and folds were made.

Both are replaced as a whole by every run. Whoever reads them says under which settings it
expects them, and is refused where they were made under others. What was probed is kept with
the version of what probed it.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from mos_assets.errors import FeatureError
from mos_assets.store.database import Database, replace_rows
from mos_assets.store.schema import PROVENANCE, SCHEMAS

FEATURES = "extracted_features"
SPLIT = "folds"
PROBES = "seen_files"
CORPUS = "raw_corpus"
"""With the corpus's name behind a colon; under: everything that its rows were made of."""


def write(database: Database, made: str, under: str, sha256: str = "") -> None:
    """Remember that the table of this asset was made under these settings."""
    row = {"made": made, "under": under, "sha256": sha256}
    database.replace(
        PROVENANCE,
        pa.Table.from_pylist([row], schema=SCHEMAS[PROVENANCE]),
        where="made = ?",
        parameters=[made],
    )


def write_within(connection: duckdb.DuckDBPyConnection, under_of: Mapping[str, str | None]) -> None:
    """As `write`, several within a transaction that is open; None takes one away."""
    rows = [
        {"made": made, "under": under, "sha256": ""}
        for made, under in under_of.items()
        if under is not None
    ]
    replace_rows(
        connection,
        PROVENANCE,
        pa.Table.from_pylist(rows, schema=SCHEMAS[PROVENANCE]),
        where="list_contains(?, made)",
        parameters=[list(under_of)],
    )


def made_under(database: Database, made: str) -> str | None:
    """Under what this was made, None where it was not yet."""
    rows = database.fetch(f"SELECT under FROM {PROVENANCE} WHERE made = ?", [made]).to_pylist()
    return rows[0]["under"] if rows else None


def require(database: Database, made: str, under: str) -> str:
    """The stored hash, empty where none was given.

    Raises FeatureError where the table was made under other settings, or not at all.
    """
    rows = database.fetch(f"SELECT * FROM {PROVENANCE} WHERE made = ?", [made]).to_pylist()
    if not rows:
        raise FeatureError(f"{made} was not materialized yet; materialize it first.")
    if rows[0]["under"] != under:
        raise FeatureError(
            f"{made} was made under other settings ({rows[0]['under']}) than this run's ({under}); "
            f"materialize {made} again."
        )
    sha256: str = rows[0]["sha256"]
    return sha256
