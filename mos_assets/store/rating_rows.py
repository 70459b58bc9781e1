"""Rows of `rating_sessions`, `raters`, `rating_estimators` and `suspicious_ratings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import duckdb
import pyarrow as pa

from mos_assets.records import (
    Corpus,
    Estimator,
    EstimatorFacts,
    RatedCorpus,
    RaterFacts,
    SessionFacts,
    SessionNoise,
    SuspicionKind,
    SuspiciousRating,
    VotesFacts,
)
from mos_assets.store.database import Database, replace_rows
from mos_assets.store.schema import (
    CORPORA,
    RATERS,
    RATING_ESTIMATORS,
    RATING_SESSIONS,
    SCHEMAS,
    SUSPICIOUS_RATINGS,
)

_SESSION_COLUMNS = {"name": "session", "slope": "map_slope", "offset": "map_offset"}
"""What `SessionFacts` calls otherwise than the table; OFFSET is a word of SQL."""


def write_ratings(
    connection: duckdb.DuckDBPyConnection, corpora: Sequence[Corpus], votes: Sequence[VotesFacts]
) -> None:
    """Make the store say of these corpora how their ratings came about, within a transaction.

    What was suspicious about predictions of the ratings that were there before goes with them.
    """
    names = [[corpus.name for corpus in corpora]]
    estimator_of = {corpus.name: corpus.ratings for corpus in corpora}
    sessions = [
        {
            "corpus": corpus.name,
            "estimator": None if (told := estimator_of[corpus.name]) is None else told.estimator,
            **_cells(session),
        }
        for corpus in corpora
        for session in corpus.sessions
    ]
    raters = [{"corpus": v.corpus, **_cells(each)} for v in votes for each in v.raters]
    others = [{"corpus": v.corpus, **_cells(each)} for v in votes for each in v.estimators]
    doubts = [_doubt(v.corpus, each, None) for v in votes for each in v.suspicious]
    for table, rows in (
        (RATING_SESSIONS, sessions),
        (RATERS, raters),
        (RATING_ESTIMATORS, others),
        (SUSPICIOUS_RATINGS, doubts),
    ):
        made = pa.Table.from_pylist(rows, schema=SCHEMAS[table])
        where = "list_contains(?, corpus)"
        replace_rows(connection, table, made, where=where, parameters=names)


def write_unexplained(
    database: Database,
    corpora: Sequence[str],
    candidate_id: str,
    found: Sequence[tuple[str, SuspiciousRating]],
) -> None:
    """Replace what predictions say of the ratings of these corpora by what this candidate says.

    found: (corpus, suspicion).
    """
    rows = [_doubt(corpus, each, candidate_id) for corpus, each in found]
    database.replace(
        SUSPICIOUS_RATINGS,
        pa.Table.from_pylist(rows, schema=SCHEMAS[SUSPICIOUS_RATINGS]),
        where="list_contains(?, corpus) AND kind = ?",
        parameters=[list(corpora), str(SuspicionKind.UNEXPLAINED)],
    )


def suspicious_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """What is suspicious in these corpora: by corpus and kind, the worst first."""
    return database.fetch(
        f"SELECT corpus, kind, clip, what, figure FROM {SUSPICIOUS_RATINGS} "
        "WHERE list_contains(?, corpus) ORDER BY corpus, kind, "
        "CASE WHEN clip IS NULL THEN figure ELSE -figure END NULLS LAST, clip, what",
        [list(corpora)],
    )


def session_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """The tests of these corpora, by corpus and name."""
    return _of(database, RATING_SESSIONS, corpora, "corpus, session")


def rater_table(database: Database, corpora: Sequence[str], limit: int | None = None) -> pa.Table:
    """The raters of these corpora: those against the panel first, then the most biased."""
    order = "against DESC, rejected DESC, abs(bias) DESC NULLS LAST, corpus, rater, session"
    return _of(database, RATERS, corpora, order + ("" if limit is None else f" LIMIT {limit:d}"))


def rater_count(database: Database, corpora: Sequence[str]) -> int:
    """Raters of these corpora, those of two tests twice."""
    rows: int = database.fetch(
        f"SELECT count(*) AS n FROM {RATERS} WHERE list_contains(?, corpus)", [list(corpora)]
    )["n"][0].as_py()
    return rows


def raters_against(
    database: Database, corpora: Sequence[str]
) -> tuple[tuple[str, RaterFacts], ...]:
    """(corpus, rater) who goes against the panel."""
    rows = database.fetch(
        f"SELECT * FROM {RATERS} WHERE list_contains(?, corpus) AND against "
        "ORDER BY corpus, agreement NULLS LAST, rater, session",
        [list(corpora)],
    ).to_pylist()
    return tuple((row.pop("corpus"), RaterFacts(**row)) for row in rows)


def read_rated(database: Database, corpora: Sequence[str]) -> tuple[RatedCorpus, ...]:
    """How the ratings of these corpora came about, by name."""
    against: dict[str, list[RaterFacts]] = {}
    for corpus, rater in raters_against(database, corpora):
        against.setdefault(corpus, []).append(rater)
    sessions: dict[str, list[SessionFacts]] = {}
    for row in session_table(database, corpora).to_pylist():
        corpus, _ = row.pop("corpus"), row.pop("estimator")
        row |= {name: row.pop(column) for name, column in _SESSION_COLUMNS.items()}
        row |= {name: row[name] or "" for name in ("name", "way", "apart")}
        sessions.setdefault(corpus, []).append(SessionFacts(**row))
    estimators: dict[str, list[EstimatorFacts]] = {}
    for row in _of(database, RATING_ESTIMATORS, corpora, "corpus, estimator").to_pylist():
        corpus, row["estimator"] = row.pop("corpus"), Estimator(row["estimator"])
        for names in ("rejected", "against"):
            row[names] = tuple(row[names])
        estimators.setdefault(corpus, []).append(EstimatorFacts(**row))
    return tuple(
        RatedCorpus(
            corpus=row["corpus"],
            estimator=None if row["estimator"] is None else Estimator(row["estimator"]),
            scale=None
            if row["scale_worst"] is None
            else (float(row["scale_worst"]), float(row["scale_best"])),
            differences=bool(row["differences"]),
            held=row["held"] or 0,
            sessions=tuple(sessions.get(row["corpus"], ())),
            against=tuple(against.get(row["corpus"], ())),
            others=tuple(estimators.get(row["corpus"], ())),
            between=SessionNoise(
                row["session_noise"], row["repeats"] or 0, row["repeat_correlation"]
            ),
        )
        for row in _of(database, CORPORA, corpora, "corpus").to_pylist()
    )


def corpora_cells(corpora: Sequence[Corpus]) -> dict[str, list[Any]]:
    """The columns of `corpora` that tell of ratings."""
    return {
        "estimator": [c.ratings.estimator if c.ratings else None for c in corpora],
        "scale_worst": [c.scale[0] for c in corpora],
        "scale_best": [c.scale[1] for c in corpora],
        "differences": [c.differences for c in corpora],
        "held": [c.ratings.held if c.ratings else 0 for c in corpora],
        "session_noise": [c.between.variance for c in corpora],
        "repeats": [c.between.repeats for c in corpora],
        "repeat_correlation": [c.between.correlation for c in corpora],
    }


def _cells(row: SessionFacts | RaterFacts | EstimatorFacts) -> dict[str, Any]:
    """A row's fields by the names of its columns; '' is nothing."""
    told = {field.name: getattr(row, field.name) for field in fields(row)}
    if isinstance(row, SessionFacts):
        told |= {column: told.pop(name) for name, column in _SESSION_COLUMNS.items()}
    return {name: None if cell == "" else cell for name, cell in told.items()}


def _doubt(corpus: str, found: SuspiciousRating, candidate_id: str | None) -> dict[str, Any]:
    return {
        "corpus": corpus,
        "clip": found.clip or None,
        "kind": str(found.kind),
        "what": found.what,
        "figure": None if found.figure != found.figure else found.figure,
        "candidate_id": candidate_id,
    }


def _of(database: Database, table: str, corpora: Sequence[str], order: str) -> pa.Table:
    return database.fetch(
        f"SELECT * FROM {table} WHERE list_contains(?, corpus) ORDER BY {order}", [list(corpora)]
    )
