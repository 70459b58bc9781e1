"""Rows of `steps`: what was written of exactly which inputs, by steps that no candidate names."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa

from mos_assets.store.database import Database
from mos_assets.store.schema import SCHEMAS, STEPS


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step, whole when this was written."""

    made: str
    """The asset."""
    inputs: str
    """Digest of everything that it was made of, code and libraries among it."""
    outcome: str
    """Digest of the rows that it wrote."""
    told: str
    """JSON of what else it says."""


def write_step(database: Database, row: StepRow) -> None:
    """In place of what was known of this step."""
    rows = pa.Table.from_pylist([asdict(row)], schema=SCHEMAS[STEPS])
    database.replace(STEPS, rows, where="made = ?", parameters=[row.made])


def forget_step(database: Database, made: str) -> None:
    """Nothing is known of this step any more."""
    with database.connect() as connection:
        connection.execute(f"DELETE FROM {STEPS} WHERE made = ?", [made])


def find_step(database: Database, made: str, inputs: str) -> StepRow | None:
    """The step as it was last made, where it was made of these inputs; None where not."""
    rows = database.fetch(
        f"SELECT * FROM {STEPS} WHERE made = ? AND inputs = ?", [made, inputs]
    ).to_pylist()
    return StepRow(**rows[0]) if rows else None
