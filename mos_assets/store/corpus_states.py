"""How much of each corpus in the store can be used, counted where the rows lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mos_assets.records import LabelOrigin
from mos_assets.store.database import Database
from mos_assets.store.schema import CORPORA, RAW_CORPUS, REJECTED_ROWS


class CorpusState(NamedTuple):
    """How much of a corpus can be used."""

    name: str
    version: str
    label_origin: LabelOrigin
    clips: int
    filmed: int
    """Clips that are on disk, as files that can be read."""
    rejected: int
    """Rejected rows."""
    unusable: int
    """Rated clips that are rejected, since their file is no good."""

    @property
    def missing(self) -> int:
        """Rated clips without a usable file."""
        return self.clips - self.filmed + self.unusable

    @property
    def labels(self) -> int:
        """Rated clips, those with an unusable file among them."""
        return self.clips + self.unusable

    @property
    def share(self) -> float:
        """`missing` of `labels`."""
        return self.missing / self.labels if self.labels else 0.0


def corpus_states(
    database: Database, corpora: Sequence[str], unusable: str
) -> tuple[CorpusState, ...]:
    """How much of each corpus can be used, by name.

    unusable: how the reason of a rated row begins whose clip is there and no good.
    """
    rows = database.fetch(
        f"""
        SELECT f.corpus, f.version, f.label_origin,
               (SELECT count(*) FROM {RAW_CORPUS} c WHERE c.corpus = f.corpus) AS clips,
               (SELECT count(c.path) FROM {RAW_CORPUS} c WHERE c.corpus = f.corpus) AS filmed,
               (SELECT count(*) FROM {REJECTED_ROWS} r WHERE r.corpus = f.corpus) AS rejected,
               (SELECT count(DISTINCT r.clip_name) FROM {REJECTED_ROWS} r
                WHERE r.corpus = f.corpus AND starts_with(r.reason, ?)) AS unusable
        FROM {CORPORA} f WHERE list_contains(?, f.corpus) ORDER BY f.corpus
        """,
        [unusable, list(corpora)],
    ).to_pylist()
    return tuple(
        CorpusState(*row.values())._replace(label_origin=LabelOrigin(row["label_origin"]))
        for row in rows
    )


def labels_outside(
    database: Database, corpora: Sequence[str], low: float, high: float
) -> tuple[str, ...]:
    """`clip id (MOS)` of the rows whose label is not a number from low to high."""
    rows = database.fetch(
        f"SELECT clip_id, mos FROM {RAW_CORPUS} WHERE list_contains(?, corpus) "
        "AND NOT coalesce(mos BETWEEN ? AND ?, FALSE) ORDER BY clip_id",
        [list(corpora), low, high],
    ).to_pylist()
    return tuple(f"{row['clip_id']} ({row['mos']})" for row in rows)


def standing_twice(database: Database, corpora: Sequence[str]) -> tuple[str, ...]:
    """Clip ids, and paths, that more than one row of these corpora has."""
    one = "SELECT {0} AS what FROM {1} WHERE list_contains(?, corpus) AND {0} IS NOT NULL"
    found = database.fetch(
        f"SELECT what FROM ({one.format('clip_id', RAW_CORPUS)}) GROUP BY what "
        f"HAVING count(*) > 1 UNION ALL SELECT what FROM ({one.format('path', RAW_CORPUS)}) "
        "GROUP BY what HAVING count(*) > 1 ORDER BY what",
        [list(corpora), list(corpora)],
    )
    return tuple(found["what"].to_pylist())
