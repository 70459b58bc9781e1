"""What the store remembers of candidates, as pruning needs it: which there are, who refers to
them, and how they go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from mos_assets.records import Status
from mos_assets.store.database import Database
from mos_assets.store.schema import (
    CANDIDATES,
    FEATURE_LOSSES,
    GATE_FIGURES,
    GATE_REPORTS,
    PREDICTIONS,
    RELEASES,
    RESULTS,
    SUSPICIOUS_RATINGS,
    TRANSFER_PREDICTIONS,
    quote,
)

_GONE = (
    *(CANDIDATES, PREDICTIONS, FEATURE_LOSSES, SUSPICIOUS_RATINGS, TRANSFER_PREDICTIONS),
    RESULTS,
)
"""Tables that forget a candidate with its files."""
_HISTORY = (GATE_REPORTS, GATE_FIGURES, RELEASES)
"""Tables whose lines stay and keep nothing: what was decided, with every figure."""


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """One candidate, and what speaks for keeping it."""

    candidate_id: str
    head_id: str
    created_at: datetime
    sha256: str
    folder: str
    """Relative to the store."""
    report_folder: str | None
    """Relative to the store; None where it was never judged."""
    accepted: bool
    referred_to: bool
    """By a row of a table that is neither pruned with it nor history."""
    last_released: bool = False
    """The last of its head that was released, into whichever model folder."""
    compared_with: tuple[str, ...] = ()
    """Heads that stood in place when it was judged, which its report names."""


def stored_candidates(database: Database) -> tuple[StoredCandidate, ...]:
    """Every candidate, of each head the one written last first."""
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'candidate_id' "
            "AND NOT list_contains(?, table_name) ORDER BY table_name",
            [[*_GONE, *_HISTORY]],
        ).fetchall()
        referred = {
            row[0]
            for (table,) in tables
            for row in connection.execute(
                f"SELECT DISTINCT candidate_id FROM {quote(table)}"
            ).fetchall()
        }
        released = {
            row[0]
            for row in connection.execute(
                f"SELECT arg_max(candidate_id, written) FROM {RELEASES} WHERE released "
                "GROUP BY head_id"
            ).fetchall()
        }
        compared = dict(
            connection.execute(
                f"SELECT candidate_id, list_sort(list(DISTINCT head_in_place)) FROM {RELEASES} "
                "WHERE head_in_place != candidate_id GROUP BY candidate_id"
            ).fetchall()
        )
        rows = connection.execute(
            f"SELECT c.candidate_id, c.head_id, c.created_at, c.sha256, c.folder, r.folder, "
            f"coalesce(r.status = ?, FALSE) FROM {CANDIDATES} c LEFT JOIN {GATE_REPORTS} r "
            "USING (candidate_id) ORDER BY c.head_id, c.written DESC",
            [str(Status.ACCEPTED)],
        ).fetchall()
    return tuple(
        StoredCandidate(
            *[*row, row[0] in referred, row[0] in released, tuple(compared.get(row[0], ()))]
        )
        for row in rows
    )


def forgotten_candidates(database: Database) -> frozenset[str]:
    """Ids that the history of verdicts knows and `candidates` no longer does: pruned ones."""
    rows = database.fetch(
        f"SELECT candidate_id FROM {GATE_REPORTS} ANTI JOIN {CANDIDATES} USING (candidate_id) "
        "WHERE status != ?",
        [str(Status.ACCEPTED)],
    )
    return frozenset(rows["candidate_id"].to_pylist())


def forget_candidates(database: Database, candidates: Collection[str]) -> None:
    """Delete these candidates, their predictions and what was noted of their features. Their lines
    in the history of verdicts and releases stay."""
    with database.connect() as connection:
        for table in _GONE:
            connection.execute(
                f"DELETE FROM {table} WHERE list_contains(?, candidate_id)", [sorted(candidates)]
            )
