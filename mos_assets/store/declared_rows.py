"""Rows of `declared_features`: each column of a declared table, held against own figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from mos_assets.records import ColumnAgreement, DeclaredFeatures, ProofStatus
from mos_assets.store.database import Database
from mos_assets.store.schema import DECLARED_FEATURES, SCHEMAS


def write_declared(database: Database, found: Sequence[tuple[DeclaredFeatures, bool]]) -> None:
    """Replace the table; with each whether the features come from it."""
    rows = [
        {
            **proof.model_dump(exclude={"table", "columns"}),
            "table_name": proof.table,
            "used": used,
            "feature": column.name,
            "clips": column.n,
            **column.model_dump(exclude={"name", "n"}),
        }
        for proof, used in found
        for column in proof.columns
    ]
    database.replace(
        DECLARED_FEATURES, pa.Table.from_pylist(rows, schema=SCHEMAS[DECLARED_FEATURES])
    )


def declared_table(database: Database) -> pa.Table:
    """The table, in the order in which it was written."""
    return database.fetch(f"SELECT * FROM {DECLARED_FEATURES}")


def read_declared(
    database: Database, corpora: Sequence[str], *, used: bool
) -> tuple[DeclaredFeatures, ...]:
    """What is declared of the tables of these corpora and how it was proved, by corpus and table.

    used: only of those that the features come from.
    """
    condition = "AND used" if used else ""
    rows = database.fetch(
        f"SELECT * FROM {DECLARED_FEATURES} WHERE list_contains(?, corpus) {condition}",
        [list(corpora)],
    ).to_pylist()

    def key(row: dict[str, Any]) -> tuple[str, str]:
        return row["corpus"], row["table_name"]

    # A stable sort: the columns stay in the order of the extractor.
    return tuple(_declared(list(some)) for _, some in groupby(sorted(rows, key=key), key))


def _declared(rows: Sequence[dict[str, Any]]) -> DeclaredFeatures:
    first = rows[0]
    return DeclaredFeatures(
        corpus=first["corpus"],
        table=first["table_name"],
        extractor=first["extractor"],
        reference=first["reference"],
        scaling=first["scaling"],
        version=first["version"],
        status=ProofStatus(first["status"]),
        reason=first["reason"],
        columns=tuple(
            ColumnAgreement(
                name=row["feature"],
                n=row["clips"],
                r=row["r"],
                mean_difference=row["mean_difference"],
                least_r=row["least_r"],
                most_difference=row["most_difference"],
            )
            for row in rows
        ),
    )
