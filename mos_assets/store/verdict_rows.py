"""Rows of `candidates`, `predictions` and `gate_reports`: what was trained, how it was judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from mos_assets.errors import StoreError
from mos_assets.records import OutOfFold, TrainingTable
from mos_assets.store.database import Database, replace_rows
from mos_assets.store.schema import CANDIDATES, GATE_REPORTS, PREDICTIONS, SCHEMAS


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trained head in the store."""

    candidate_id: str
    head_id: str
    created_at: datetime
    folder: Path
    """Holds the ONNX file and its manifest."""
    sha256: str
    """Of the ONNX file."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One line of the history of verdicts."""

    candidate_id: str
    head_id: str
    judged_at: datetime
    corpora: str
    label_origin: str
    n_clips: int
    status: str
    mean_plcc: float | None
    mean_srocc: float | None
    mean_rmse: float | None
    plcc_spread: float | None
    folder: Path
    """Holds gate_report.json, gate_report.md and the figures."""


def write_candidate(
    database: Database, candidate: Candidate, table: TrainingTable, predictions: OutOfFold
) -> None:
    """Record a candidate together with its out-of-fold predictions."""
    n_seeds, n_rows = predictions.predictions.shape
    rows = pa.table(
        {
            "candidate_id": [candidate.candidate_id] * (n_seeds * n_rows),
            "clip_id": np.tile(np.array(table.clip_ids, dtype=object), n_seeds),
            "seed": np.repeat(np.array(predictions.seeds, dtype=np.int64), n_rows),
            "fold": np.tile(table.folds, n_seeds),
            "mos": np.tile(table.mos, n_seeds),
            "predicted": predictions.predictions.reshape(-1),
        },
        schema=SCHEMAS[PREDICTIONS],
    )
    line = pa.Table.from_pylist(
        [
            {
                "candidate_id": candidate.candidate_id,
                "head_id": candidate.head_id,
                "created_at": candidate.created_at,
                "folder": _inside(database, candidate.folder),
                "sha256": candidate.sha256,
            }
        ],
        schema=SCHEMAS[CANDIDATES],
    )
    same = {"where": "candidate_id = ?", "parameters": [candidate.candidate_id]}
    with database.connect() as connection:
        replace_rows(connection, PREDICTIONS, rows, **same)  # type: ignore[arg-type]
        replace_rows(connection, CANDIDATES, line, **same)  # type: ignore[arg-type]


def latest_candidate(database: Database, head_id: str) -> Candidate:
    """The newest candidate of this head. Raises StoreError where there is none."""
    rows = database.fetch(
        f"SELECT * FROM {CANDIDATES} WHERE head_id = ? ORDER BY created_at DESC LIMIT 1",
        [head_id],
    ).to_pylist()
    if not rows:
        raise StoreError(f"No candidate of {head_id} is in the store; materialize trained_onnx.")
    return Candidate(**{**rows[0], "folder": database.folder / rows[0]["folder"]})


def read_predictions(database: Database, candidate: Candidate, table: TrainingTable) -> OutOfFold:
    """The candidate's out-of-fold predictions in the row order of the table.

    Raises StoreError where the features or folds changed since the candidate was trained.
    """
    rows = database.fetch(
        f"SELECT clip_id, seed, fold, predicted FROM {PREDICTIONS} WHERE candidate_id = ? "
        "ORDER BY seed, clip_id",
        [candidate.candidate_id],
    )
    seeds = sorted(set(rows["seed"].to_pylist()))
    same_clips = rows["clip_id"].to_pylist() == list(table.clip_ids) * len(seeds)
    same_folds = rows["fold"].to_pylist() == table.folds.tolist() * len(seeds)
    if not (same_clips and same_folds):
        raise StoreError(
            f"Candidate {candidate.candidate_id} was trained on other rows or folds than the "
            "store holds now; materialize trained_onnx again."
        )
    predictions = rows["predicted"].to_numpy().reshape(len(seeds), -1)
    return OutOfFold(seeds=tuple(seeds), predictions=predictions)


def write_verdict(database: Database, verdict: VerdictRow) -> None:
    """Add a line to the history; judging the same candidate again replaces its line."""
    schema = SCHEMAS[GATE_REPORTS]
    row = {name: getattr(verdict, name) for name in schema.names}
    row["folder"] = _inside(database, verdict.folder)
    line = pa.Table.from_pylist([row], schema=schema)
    database.replace(
        GATE_REPORTS, line, where="candidate_id = ?", parameters=[verdict.candidate_id]
    )


def latest_verdict(database: Database, head_id: str | None = None) -> VerdictRow | None:
    """The newest verdict, of this head or of any; None where nothing was judged yet."""
    rows = database.fetch(
        f"SELECT * FROM {GATE_REPORTS} WHERE ? IS NULL OR head_id = ? "
        "ORDER BY judged_at DESC LIMIT 1",
        [head_id, head_id],
    ).to_pylist()
    if not rows:
        return None
    return VerdictRow(**{**rows[0], "folder": database.folder / rows[0]["folder"]})


def _inside(database: Database, folder: Path) -> str:
    """The folder relative to the store, which may be moved as a whole."""
    return folder.relative_to(database.folder).as_posix()


def now() -> datetime:
    """The time as the store keeps it."""
    return datetime.now(UTC)
