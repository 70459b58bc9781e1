"""Rows of candidates, predictions, feature losses, verdicts with their figures, and releases.

What was trained, how it was judged, and what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mos_assets.errors import StoreError
from mos_assets.records import FeatureLoss, OutOfFold, PastPredictions, TrainingTable
from mos_assets.store.database import Database, append_row, replace_rows
from mos_assets.store.schema import (
    CANDIDATES,
    FEATURE_LOSSES,
    GATE_FIGURES,
    GATE_REPORTS,
    PREDICTIONS,
    RELEASES,
    SCHEMAS,
    TRANSFER_PREDICTIONS,
    told_columns,
)


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
    figures: Mapping[str, float | None]
    """Of the gate, by name; None where one does not exist."""
    folder: Path
    """Holds gate_report.json, .md and .html, and the figures."""


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One line of the history of releases and refusals."""

    candidate_id: str
    head_id: str
    decided_at: datetime
    status: str
    label_origin: str
    released: bool
    reason: str
    head_in_place: str | None
    """Candidate id of the head that stood there before; None where there was none."""
    comparison: str | None
    """What the report says of the two; None where there was nothing to compare with."""


def write_candidate(
    database: Database,
    candidate: Candidate,
    table: TrainingTable,
    predictions: OutOfFold,
    losses: Sequence[FeatureLoss] = (),
) -> None:
    """Record a candidate together with its out-of-fold predictions and what its features weigh."""
    parts = [SCHEMAS[PREDICTIONS].empty_table()]
    clips, n_rows = pa.array(table.clip_ids, pa.string()), len(table.clip_ids)
    own = pa.repeat(candidate.candidate_id, n_rows)
    for seed, predicted in zip(predictions.seeds, predictions.predictions, strict=True):
        same_seed = pa.repeat(pa.scalar(seed, pa.int64()), n_rows)
        columns = (own, clips, same_seed, table.folds, table.mos, predicted)
        named = dict(zip(SCHEMAS[PREDICTIONS].names, columns, strict=True))
        parts.append(pa.table(named, schema=SCHEMAS[PREDICTIONS]))
    # Seeds share the columns that do not change, which are copied once they are in the store.
    rows = pa.concat_tables(parts)
    lost = pa.Table.from_pylist(
        [
            {
                "candidate_id": candidate.candidate_id,
                "seed": loss.seed,
                "fold": loss.fold,
                "features": list(loss.features),
                "plcc_lost": loss.plcc_lost,
            }
            for loss in losses
        ],
        schema=SCHEMAS[FEATURE_LOSSES],
    )
    same = {"where": "candidate_id = ?", "parameters": [candidate.candidate_id]}
    with database.connect() as connection:
        replace_rows(connection, PREDICTIONS, rows, **same)  # type: ignore[arg-type]
        replace_rows(connection, FEATURE_LOSSES, lost, **same)  # type: ignore[arg-type]
        append_row(connection, CANDIDATES, _line(database, candidate), **same)  # type: ignore[arg-type]


def write_again(database: Database, candidate: Candidate) -> None:
    """Make a candidate that is there the one written last, as training it again would."""
    with database.connect() as connection:
        append_row(
            connection,
            CANDIDATES,
            _line(database, candidate),
            where="candidate_id = ?",
            parameters=[candidate.candidate_id],
        )


def _line(database: Database, candidate: Candidate) -> pa.Table:
    row = {
        "candidate_id": candidate.candidate_id,
        "head_id": candidate.head_id,
        "created_at": candidate.created_at,
        "folder": _inside(database, candidate.folder),
        "sha256": candidate.sha256,
    }
    return pa.Table.from_pylist([row], schema=told_columns(CANDIDATES))


def candidate_contents(database: Database, candidate_id: str) -> Iterator[pa.Table]:
    """Every row that training wrote of this candidate, in an order that is always the same:
    predictions, feature losses, and predictions for corpora that only test; one seed at a time,
    since all of them together are as large as what training holds."""
    orders = {
        PREDICTIONS: "clip_id, fold",
        FEATURE_LOSSES: "fold, features",
        TRANSFER_PREDICTIONS: "corpus, fold, clip_id",
    }
    with database.connect() as connection:
        for table, order in orders.items():
            of = f"FROM {table} WHERE candidate_id = ?"
            seeds = connection.execute(
                f"SELECT DISTINCT seed {of} ORDER BY seed", [candidate_id]
            ).fetchall()
            for (seed,) in seeds:
                yield connection.sql(
                    f"SELECT * {of} AND seed = ? ORDER BY {order}", params=[candidate_id, seed]
                ).to_arrow_table()


def find_candidate(database: Database, candidate_id: str) -> Candidate | None:
    """The candidate of this id; None where the store does not have it."""
    rows = database.fetch(
        f"SELECT * EXCLUDE (written) FROM {CANDIDATES} WHERE candidate_id = ?", [candidate_id]
    ).to_pylist()
    return _candidate(database, rows[0]) if rows else None


def _candidate(database: Database, row: Mapping[str, Any]) -> Candidate:
    return Candidate(**{**row, "folder": database.folder / row["folder"]})


def latest_candidate(database: Database, head_id: str) -> Candidate:
    """The candidate of this head that was written last, whatever its date says.

    Raises StoreError where there is none.
    """
    rows = database.fetch(
        f"SELECT * EXCLUDE (written) FROM {CANDIDATES} WHERE head_id = ? "
        "ORDER BY written DESC LIMIT 1",
        [head_id],
    ).to_pylist()
    if not rows:
        raise StoreError(f"No candidate of {head_id} is in the store; materialize trained_onnx.")
    return _candidate(database, rows[0])


def written_before(database: Database, candidate_id: str) -> frozenset[str]:
    """Ids of the candidates of this store that were written before this one, pruned ones too."""
    rows = database.fetch(
        f"""
        SELECT candidate_id FROM {CANDIDATES}
        WHERE written < (SELECT written FROM {CANDIDATES} WHERE candidate_id = ?)
        UNION SELECT candidate_id FROM {RELEASES} ANTI JOIN {CANDIDATES} USING (candidate_id)
        UNION SELECT candidate_id FROM {GATE_REPORTS} ANTI JOIN {CANDIDATES} USING (candidate_id)
        """,
        [candidate_id],
    )
    return frozenset(rows["candidate_id"].to_pylist())


def read_predictions(database: Database, candidate: Candidate, table: TrainingTable) -> OutOfFold:
    """The candidate's out-of-fold predictions in the row order of the table.

    Raises StoreError where the features or folds changed since the candidate was trained.
    """
    rows = database.fetch(
        f"SELECT clip_id, seed, fold, predicted FROM {PREDICTIONS} WHERE candidate_id = ? "
        "ORDER BY seed, clip_id",
        [candidate.candidate_id],
    )
    seeds = sorted(rows["seed"].unique().to_pylist())
    n, clips = len(table.clip_ids), pa.chunked_array([table.clip_ids], pa.string())
    same = rows.num_rows == n * len(seeds) and all(
        rows["clip_id"].slice(start, n).equals(clips)
        and np.array_equal(rows["fold"].slice(start, n).to_numpy(), table.folds)
        for start in range(0, rows.num_rows, n)
    )
    if not same:
        raise StoreError(
            f"Candidate {candidate.candidate_id} was trained on other rows or folds than the "
            "store holds now; materialize trained_onnx again."
        )
    predictions = rows["predicted"].to_numpy().reshape(len(seeds), -1)
    return OutOfFold(seeds=tuple(seeds), predictions=predictions)


def read_losses(database: Database, candidate_id: str) -> tuple[FeatureLoss, ...]:
    """What the candidate's heads lost when features were shuffled; empty for old candidates."""
    rows = database.fetch(
        f"SELECT seed, fold, features, plcc_lost FROM {FEATURE_LOSSES} WHERE candidate_id = ? "
        "ORDER BY seed, fold, features",
        [candidate_id],
    ).to_pylist()
    return tuple(FeatureLoss(**{**row, "features": tuple(row["features"])}) for row in rows)


def read_past_predictions(database: Database, candidate_id: str) -> PastPredictions | None:
    """What an earlier candidate predicted out of fold; None where this store does not know it."""
    rows = database.fetch(
        f"SELECT clip_id, seed, fold, mos, predicted FROM {PREDICTIONS} WHERE candidate_id = ? "
        "ORDER BY seed, clip_id",
        [candidate_id],
    )
    if rows.num_rows == 0:
        return None
    n_seeds = len(rows["seed"].unique())
    n_clips = rows.num_rows // n_seeds
    return PastPredictions(
        candidate_id=candidate_id,
        clip_ids=tuple(rows["clip_id"].slice(0, n_clips).to_pylist()),
        folds=rows["fold"].to_numpy()[:n_clips],
        mos=rows["mos"].to_numpy()[:n_clips],
        predictions=rows["predicted"].to_numpy().reshape(n_seeds, n_clips),
    )


def write_release(database: Database, row: ReleaseRow) -> None:
    """Add a line to the history, unless the last one of this head says the same."""
    schema = told_columns(RELEASES)
    line = pa.Table.from_pylist([{n: getattr(row, n) for n in schema.names}], schema=schema)
    with database.connect() as connection:
        last = connection.execute(
            f"SELECT candidate_id, released, reason FROM {RELEASES} WHERE head_id = ? "
            "ORDER BY written DESC LIMIT 1",
            [row.head_id],
        ).fetchone()
        if last != (row.candidate_id, row.released, row.reason):
            append_row(connection, RELEASES, line)


def latest_release(database: Database, head_id: str, candidate_id: str) -> ReleaseRow | None:
    """What became of this candidate the last time; None where it was never decided."""
    rows = database.fetch(
        f"SELECT * EXCLUDE (written) FROM {RELEASES} WHERE head_id = ? AND candidate_id = ? "
        "ORDER BY written DESC LIMIT 1",
        [head_id, candidate_id],
    ).to_pylist()
    return ReleaseRow(**rows[0]) if rows else None


def write_verdict(database: Database, verdict: VerdictRow) -> None:
    """Add a line to the history; judging the same candidate again replaces its line."""
    schema = told_columns(GATE_REPORTS)
    row = {name: getattr(verdict, name) for name in schema.names}
    row["folder"] = _inside(database, verdict.folder)
    line = pa.Table.from_pylist([row], schema=schema)
    figures = pa.Table.from_pylist(
        [
            {"candidate_id": verdict.candidate_id, "name": name, "value": value}
            for name, value in verdict.figures.items()
        ],
        schema=SCHEMAS[GATE_FIGURES],
    )
    same, candidate = "candidate_id = ?", [verdict.candidate_id]
    with database.connect() as connection:
        append_row(connection, GATE_REPORTS, line, where=same, parameters=candidate)
        replace_rows(connection, GATE_FIGURES, figures, where=same, parameters=candidate)


def latest_verdict(database: Database, head_id: str | None = None) -> VerdictRow | None:
    """The verdict that was written last, of this head or of any; None where nothing was judged."""
    rows = database.fetch(
        f"SELECT * EXCLUDE (written) FROM {GATE_REPORTS} WHERE ? IS NULL OR head_id = ? "
        "ORDER BY written DESC LIMIT 1",
        [head_id, head_id],
    ).to_pylist()
    return _verdict(database, rows[0]) if rows else None


def latest_verdicts(database: Database, corpora: str) -> tuple[VerdictRow, ...]:
    """The verdict that was written last on each head of exactly these corpora, by head id."""
    rows = database.fetch(
        f"SELECT * EXCLUDE (written) FROM {GATE_REPORTS} WHERE corpora = ? "
        "QUALIFY row_number() OVER (PARTITION BY head_id ORDER BY written DESC) = 1 "
        "ORDER BY head_id",
        [corpora],
    ).to_pylist()
    return tuple(_verdict(database, row) for row in rows)


def _verdict(database: Database, row: Mapping[str, Any]) -> VerdictRow:
    figures = database.fetch(
        f"SELECT name, value FROM {GATE_FIGURES} WHERE candidate_id = ? ORDER BY name",
        [row["candidate_id"]],
    ).to_pylist()
    return VerdictRow(
        **{
            **row,
            "folder": database.folder / row["folder"],
            "figures": {figure["name"]: figure["value"] for figure in figures},
        }
    )


def _inside(database: Database, folder: Path) -> str:
    """The folder relative to the store, which may be moved as a whole."""
    return folder.relative_to(database.folder).as_posix()


def now() -> datetime:
    """The time as the store keeps it."""
    return datetime.now(UTC)
