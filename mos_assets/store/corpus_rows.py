"""Rows of `raw_corpus`, `rejected_rows`, `corpora` and `seen_files`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from mos_assets.records import Clip, Corpus, LabelOrigin, Probe, SeenFile
from mos_assets.store.database import Database, replace_rows
from mos_assets.store.schema import CORPORA, RAW_CORPUS, REJECTED_ROWS, SCHEMAS, SEEN_FILES

_PROBE_COLUMNS = tuple(Probe.__slots__)


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What the store knows of a corpus as a whole."""

    name: str
    version: str
    licence: str
    label_origin: LabelOrigin


def write_corpora(database: Database, corpora: Sequence[Corpus]) -> None:
    """Replace everything that is known of these corpora, in one transaction."""
    ingested_at = datetime.now(UTC)
    tables: dict[str, list[dict[str, Any]]] = {
        RAW_CORPUS: [_clip_row(clip, ingested_at) for c in corpora for clip in c.clips],
        REJECTED_ROWS: [
            {name: getattr(row, name) for name in SCHEMAS[REJECTED_ROWS].names}
            for c in corpora
            for row in c.rejected
        ],
        SEEN_FILES: [_file_row(c.name, file) for c in corpora for file in c.files],
        CORPORA: [
            {
                "corpus": c.name,
                "version": c.version,
                "licence": c.licence,
                "label_origin": str(c.label_origin),
            }
            for c in corpora
        ],
    }
    names = [corpus.name for corpus in corpora]
    with database.connect() as connection:
        for table, rows in tables.items():
            replace_rows(
                connection,
                table,
                pa.Table.from_pylist(rows, schema=SCHEMAS[table]),
                where="list_contains(?, corpus)",
                parameters=[names],
            )


def read_corpora(database: Database, corpora: Sequence[str]) -> tuple[CorpusFacts, ...]:
    """Version, licence and label origin of these corpora, by name."""
    rows = _of_corpora(database, CORPORA, corpora, "corpus").to_pylist()
    return tuple(
        CorpusFacts(row["corpus"], row["version"], row["licence"], LabelOrigin(row["label_origin"]))
        for row in rows
    )


def corpus_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """The rows of these corpora, by clip id."""
    return _of_corpora(database, RAW_CORPUS, corpora, "clip_id")


def rejected_table(database: Database, corpora: Sequence[str]) -> pa.Table:
    """What these corpora hold that could not be used, and why."""
    return _of_corpora(database, REJECTED_ROWS, corpora, "corpus, source, line, clip_name")


def read_clips(database: Database, corpora: Sequence[str]) -> tuple[Clip, ...]:
    """The clips of these corpora, by clip id."""
    return tuple(_clip(row) for row in corpus_table(database, corpora).to_pylist())


def corpus_of_clips(database: Database, corpora: Sequence[str]) -> dict[str, str]:
    """Clip id → corpus."""
    table = corpus_table(database, corpora)
    return dict(zip(table["clip_id"].to_pylist(), table["corpus"].to_pylist(), strict=True))


def known_hashes(database: Database, corpora: Sequence[str]) -> frozenset[str]:
    """sha256 of every clip file of these corpora."""
    hashes = corpus_table(database, corpora)["sha256"].to_pylist()
    return frozenset(sha256 for sha256 in hashes if sha256 is not None)


def seen_files(database: Database, corpus: str) -> tuple[SeenFile, ...]:
    """Every clip file of this corpus that was looked at before."""
    return tuple(
        SeenFile(
            path=Path(row["path"]),
            size_bytes=row["size_bytes"],
            mtime_ns=row["mtime_ns"],
            sha256=row["sha256"],
            probe=_probe(row),
            reason=row["reason"],
        )
        for row in _of_corpora(database, SEEN_FILES, [corpus], "path").to_pylist()
    )


def _of_corpora(database: Database, table: str, corpora: Sequence[str], order: str) -> pa.Table:
    return database.fetch(
        f"SELECT * FROM {table} WHERE list_contains(?, corpus) ORDER BY {order}", [list(corpora)]
    )


def _clip_row(clip: Clip, ingested_at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(clip, name) for name in Clip.__slots__ if name != "probe"},
        **_probe_row(clip.probe),
        "path": _text(clip.path),
        "reference_path": _text(clip.reference_path),
        "label_origin": str(clip.label_origin),
        "ingested_at": ingested_at,
    }


def _file_row(corpus: str, file: SeenFile) -> dict[str, Any]:
    return {
        "corpus": corpus,
        "path": str(file.path),
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "mtime_ns": file.mtime_ns,
        **_probe_row(file.probe),
        "reason": file.reason,
    }


def _probe_row(probe: Probe | None) -> dict[str, Any]:
    return {name: None if probe is None else getattr(probe, name) for name in _PROBE_COLUMNS}


def _probe(row: dict[str, Any]) -> Probe | None:
    if row["width"] is None:
        return None
    return Probe(**{name: row[name] for name in _PROBE_COLUMNS})


def _clip(row: dict[str, Any]) -> Clip:
    plain = {name: row[name] for name in Clip.__slots__ if name != "probe"}
    return Clip(
        **{
            **plain,
            "path": _path(row["path"]),
            "reference_path": _path(row["reference_path"]),
            "label_origin": LabelOrigin(row["label_origin"]),
            "probe": _probe(row),
        }
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
