"""Rows of `feature_comparisons`: the newest comparison of feature blocks of these corpora."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from mos_assets.store.database import Database
from mos_assets.store.schema import FEATURE_COMPARISONS, SCHEMAS


def write_comparison(
    database: Database, corpora: Sequence[str], rows: str, comparison: str
) -> None:
    """Keep it in place of the one of the same corpora before.

    rows: digest of the clips, folds and ratings it holds for. comparison: as JSON.
    """
    row = {
        "corpora": ",".join(corpora),
        "rows": rows,
        "comparison": comparison,
        "compared_at": datetime.now(UTC),
    }
    database.replace(
        FEATURE_COMPARISONS,
        pa.Table.from_pylist([row], schema=SCHEMAS[FEATURE_COMPARISONS]),
        where="corpora = ?",
        parameters=[row["corpora"]],
    )


def find_comparison(database: Database, corpora: Sequence[str], rows: str) -> str | None:
    """The comparison of exactly these clips, folds and ratings, as JSON; None where there is
    none."""
    found = database.fetch(
        f"SELECT comparison FROM {FEATURE_COMPARISONS} WHERE corpora = ? AND rows = ?",
        [",".join(corpora), rows],
    )["comparison"].to_pylist()
    return str(found[0]) if found else None
