"""What was made of exactly which inputs, and what it came to: so that it is not made again."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa

from mos_assets.store.database import Database
from mos_assets.store.schema import CANDIDATES, RESULTS, SCHEMAS


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was made for a candidate, whole when this was written."""

    candidate_id: str
    made: str
    """The asset that made it."""
    inputs: str
    """Digest of everything that it was made of, code and libraries among it."""
    outcome: str
    """Digest of what was written."""


def write_result(database: Database, result: Result) -> None:
    """Remember it in place of what was made for this candidate before."""
    database.replace(
        RESULTS,
        pa.Table.from_pylist([asdict(result)], schema=SCHEMAS[RESULTS]),
        where="candidate_id = ? AND made = ?",
        parameters=[result.candidate_id, result.made],
    )


def find_result(
    database: Database, made: str, inputs: str, head_id: str | None = None
) -> Result | None:
    """What this asset made of these inputs; None where nothing is known of it.

    head_id: whose candidates alone count. Of several, that of the candidate written last.
    """
    rows = database.fetch(
        f"SELECT r.* FROM {RESULTS} r JOIN {CANDIDATES} c USING (candidate_id) "
        "WHERE r.made = ? AND r.inputs = ? AND (? IS NULL OR c.head_id = ?) "
        "ORDER BY c.written DESC LIMIT 1",
        [made, inputs, head_id, head_id],
    ).to_pylist()
    return Result(**rows[0]) if rows else None
