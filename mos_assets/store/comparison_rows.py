"""Rows of `feature_comparisons`: the newest comparison of feature blocks of these corpora."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from mos_assets.store.database import Database
from mos_assets.store.schema import FEATURE_COMPARISONS, SCHEMAS


def write_comparison(
    database: Database, corpora: Sequence[str], made_of: str, comparison: str
) -> None:
    """Keep it in place of the one of the same corpora before.

    made_of: digest of everything that it rests on. comparison: as JSON.
    """
    row = {
        "corpora": ",".join(corpora),
        "made_of": made_of,
        "comparison": comparison,
        "compared_at": datetime.now(UTC),
    }
    database.replace(
        FEATURE_COMPARISONS,
        pa.Table.from_pylist([row], schema=SCHEMAS[FEATURE_COMPARISONS]),
        where="corpora = ?",
        parameters=[row["corpora"]],
    )


def find_comparison(database: Database, corpora: Sequence[str]) -> tuple[str, str] | None:
    """(made_of, comparison) of these corpora; None where there is none."""
    found = database.fetch(
        f"SELECT made_of, comparison FROM {FEATURE_COMPARISONS} WHERE corpora = ?",
        [",".join(corpora)],
    ).to_pylist()
    return (found[0]["made_of"], found[0]["comparison"]) if found else None
