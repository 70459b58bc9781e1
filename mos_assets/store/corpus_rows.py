"""Rows of `raw_corpus`, `rejected_rows`, `corpora` and `seen_files`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any

import duckdb
import pyarrow as pa

from mos_assets.processes.collector import collector_paused
from mos_assets.records import (
    Clip,
    Corpus,
    Finding,
    LabelOrigin,
    Severity,
    VotesFacts,
)
from mos_assets.records.corpus_columns import NO_FILES, FileColumns, clips_of
from mos_assets.records.rows import BATCH
from mos_assets.store.column_types import TIME
from mos_assets.store.database import Database, limited, replace_rows, update_rows
from mos_assets.store.provenance import write_within
from mos_assets.store.rating_rows import corpora_cells, write_ratings
from mos_assets.store.schema import (
    CORPORA,
    ENCODER_SLOTS,
    ENCODERS,
    LABEL_FILES,
    LABEL_FINDINGS,
    RAW_CORPUS,
    REJECTED_ROWS,
    SCHEMAS,
    SEEN_FILES,
)

INGESTED = "ingested_at"


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What the store knows of a corpus as a whole."""

    name: str
    version: str
    licence: str
    label_origin: LabelOrigin
    namespace: str | None = None
    """Of its groups; None where it declares none."""


def write_corpora(
    database: Database,
    corpora: Sequence[Corpus],
    *,
    made: Mapping[str, str | None] | None = None,
    votes: Sequence[VotesFacts] = (),
    tested: Sequence[str] = (),
    files_stand: Collection[str] = (),
) -> None:
    """Make the store say of these corpora what they are now, in one transaction.

    tested: those of them that only test: their encoders get no slot, which would change heads.
    files_stand: those whose files are the very rows of `seen_files`, which are not looked at.

    Rows of clips and files that are as they were stay as they lie, with the time at which
    they were ingested. `made` is their provenance, which holds for these rows and for no others.
    `votes` says of those with votes what goes beyond a MOS a clip.
    """
    where, names = "list_contains(?, corpus)", [[corpus.name for corpus in corpora]]
    with collector_paused(), database.connect() as connection:
        for table, rows, key in (
            (RAW_CORPUS, _clip_rows, "clip_id"),
            (SEEN_FILES, _file_rows, "path"),
        ):
            some = [c for c in corpora if table != SEEN_FILES or c.name not in files_stand]
            if not some:
                continue
            update_rows(
                connection,
                table,
                partial(rows, some),
                key=key,
                untold=INGESTED,
                where=where,
                parameters=[[corpus.name for corpus in some]],
            )
        for table, rows in (
            (REJECTED_ROWS, _rejected_rows),
            (LABEL_FILES, _account_rows),
            (LABEL_FINDINGS, _finding_rows),
            (CORPORA, _corpora_rows),
            (ENCODERS, _encoder_rows),
        ):
            replace_rows(connection, table, rows(corpora), where=where, parameters=names)
        write_ratings(connection, corpora, votes)
        add_slots(connection, [c.name for c in corpora if c.name not in tested])
        if made:
            write_within(connection, made)


def add_slots(connection: duckdb.DuckDBPyConnection, corpora: Sequence[str]) -> None:
    """Give the encoders of these corpora a slot each, which is only ever appended: a head of fewer
    slots has to stay readable."""
    connection.execute(
        f"INSERT INTO {ENCODER_SLOTS} SELECT row_number() OVER (ORDER BY encoder) "
        f"+ (SELECT count(*) FROM {ENCODER_SLOTS}), encoder "
        f"FROM (SELECT DISTINCT encoder FROM {ENCODERS} WHERE list_contains(?, corpus) "
        f"AND encoder NOT IN (SELECT encoder FROM {ENCODER_SLOTS}))",
        [list(corpora)],
    )


def read_corpora(database: Database, corpora: Sequence[str]) -> tuple[CorpusFacts, ...]:
    """Version, licence and label origin of these corpora, by name."""
    rows = _of_corpora(database, CORPORA, corpora, "corpus").to_pylist()
    return tuple(
        CorpusFacts(
            row["corpus"],
            row["version"],
            row["licence"],
            LabelOrigin(row["label_origin"]),
            row["namespace"],
        )
        for row in rows
    )


def corpus_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """The rows of these corpora, by clip id."""
    return _of_corpora(database, RAW_CORPUS, corpora, "clip_id")


def first_rows(database: Database, corpora: Sequence[str], limit: int) -> pa.Table:
    """As `corpus_table`, the first of its rows only."""
    return _of_corpora(database, RAW_CORPUS, corpora, f"clip_id{limited(limit)}")


def rejected_table(
    database: Database, corpora: Sequence[str], limit: int | None = None
) -> pa.Table:
    """What these corpora hold that could not be used, and why; the first rows, or all."""
    order = f"corpus, source, line, clip_name{limited(limit)}"
    return _of_corpora(database, REJECTED_ROWS, corpora, order)


def account_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """Per label file: rows it holds, rows behind clips (`used`), and those of which something was
    rejected."""
    return database.fetch(
        f"SELECT f.corpus, f.source, f.rows, f.used, count(DISTINCT r.line) AS rejected "
        f"FROM {LABEL_FILES} f LEFT JOIN {REJECTED_ROWS} r "
        "ON r.corpus = f.corpus AND r.source = f.source "
        "WHERE list_contains(?, f.corpus) GROUP BY ALL ORDER BY f.corpus, f.source",
        [list(corpora)],
    )


def read_findings(database: Database, corpora: Sequence[str]) -> tuple[tuple[str, Finding], ...]:
    """(corpus, finding) for what is, or may be, wrong with the labels of these corpora; what
    blocks comes first."""
    rows = _of_corpora(database, LABEL_FINDINGS, corpora, "corpus, severity, place, what")
    return tuple(
        (
            row.pop("corpus"),
            Finding(Severity(row.pop("severity")), **row),
        )
        for row in rows.to_pylist()
    )


def read_clips(database: Database, corpora: Sequence[str]) -> tuple[Clip, ...]:
    """The clips of these corpora, by clip id."""
    with collector_paused():
        return tuple(clips_of(corpus_table(database, corpora)))


def known_hashes(database: Database, corpora: Sequence[str]) -> frozenset[str]:
    """sha256 of every clip file of these corpora."""
    hashes = corpus_table(database, corpora)["sha256"].to_pylist()
    return frozenset(sha256 for sha256 in hashes if sha256 is not None)


def seen_files(database: Database, corpus: str) -> FileColumns:
    """Every file of this corpus that was looked at before, and what it held then."""
    columns = ", ".join(NO_FILES.table.column_names)
    return FileColumns(
        database.fetch(f"SELECT {columns} FROM {SEEN_FILES} WHERE corpus = ?", [corpus])
    )


def _of_corpora(database: Database, table: str, corpora: Sequence[str], order: str) -> pa.Table:
    return database.fetch(
        f"SELECT * FROM {table} WHERE list_contains(?, corpus) ORDER BY {order}", [list(corpora)]
    )


def _clip_rows(corpora: Sequence[Corpus]) -> Iterator[pa.Table]:
    now = pa.scalar(datetime.now(UTC), TIME)

    def stamped(table: pa.Table) -> pa.Table:
        return table.append_column(INGESTED, pa.repeat(now, table.num_rows))

    # Without a name, so that one is gone when the next is made.
    for corpus in corpora:
        yield from map(stamped, corpus.clips.tables())


def _file_rows(corpora: Sequence[Corpus]) -> Iterator[pa.Table]:
    for corpus in corpora:
        for start in range(0, len(corpus.files), BATCH):
            files = corpus.files.table.slice(start, BATCH)
            yield files.append_column("corpus", pa.repeat(corpus.name, files.num_rows))


def _rejected_rows(corpora: Sequence[Corpus]) -> pa.Table:
    return _table(REJECTED_ROWS, [row for corpus in corpora for row in corpus.rejected], {})


def _account_rows(corpora: Sequence[Corpus]) -> pa.Table:
    accounts = [(corpus.name, account) for corpus in corpora for account in corpus.accounts]
    cells: dict[str, list[Any]] = {"corpus": [name for name, _ in accounts]}
    return _table(LABEL_FILES, [account for _, account in accounts], cells)


def _finding_rows(corpora: Sequence[Corpus]) -> pa.Table:
    findings = [(corpus.name, finding) for corpus in corpora for finding in corpus.findings]
    cells: dict[str, list[Any]] = {"corpus": [name for name, _ in findings]}
    return _table(LABEL_FINDINGS, [finding for _, finding in findings], cells)


def _corpora_rows(corpora: Sequence[Corpus]) -> pa.Table:
    cells = corpora_cells(corpora) | {"corpus": [corpus.name for corpus in corpora]}
    return _table(CORPORA, corpora, cells)


def _table(table: str, rows: Sequence[object], cells: Mapping[str, list[Any]]) -> pa.Table:
    """Rows for a table, column by column: these cells, and else what the rows call so."""
    schema = SCHEMAS[table]
    columns = [
        pa.array(cells[name] if name in cells else list(map(attrgetter(name), rows)), kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.table(columns, schema=schema)


def _encoder_rows(corpora: Sequence[Corpus]) -> pa.Table:
    return _table(ENCODERS, corpora, {"corpus": [corpus.name for corpus in corpora]})
