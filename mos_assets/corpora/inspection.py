"""What a corpus folder holds and what of it would be rejected, found without any run or store."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.corpora.examine import Progress
from mos_assets.corpora.features import join_table, label_columns, load_feature_tables
from mos_assets.corpora.load import load_corpus
from mos_assets.corpora.request import SHOTS_FOLDER, CorpusRequest
from mos_assets.corpora.shots import join_shots, load_shot_tables
from mos_assets.records import Corpus, JoinedTable, RejectedRow


@dataclass(frozen=True, slots=True)
class TableFacts:
    """How one table of features, or all tables of shots, meet the clips of their corpus."""

    name: str
    columns: tuple[str, ...]
    clips_matched: int
    unmatched_rows: tuple[str, ...]
    """Names in the table that no clip answers to."""
    label_columns: tuple[str, ...] = ()
    """Columns that carry the label along."""
    rejected: tuple[RejectedRow, ...] = ()
    left_out: tuple[str, ...] = ()
    """Columns that hold something other than numbers."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """One look at a corpus as a run would see it."""

    corpus: Corpus
    features: tuple[TableFacts, ...]
    joined: tuple[JoinedTable, ...]
    """The feature tables along `corpus.clips`."""
    shots: TableFacts | None

    @property
    def rejected_by_kind(self) -> tuple[tuple[int, RejectedRow], ...]:
        """(rows, the first of them) for each kind of reason, the most frequent first."""
        return by_kind(self.corpus.rejected)


def by_kind(rejected: Iterable[RejectedRow]) -> tuple[tuple[int, RejectedRow], ...]:
    """(rows, the first of them) for each kind of reason, the most frequent first."""
    kinds: dict[str, list[RejectedRow]] = {}
    for row in rejected:
        kinds.setdefault(_kind(row.reason), []).append(row)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple((len(rows), rows[0]) for _, rows in ordered)


def inspect_corpus(request: CorpusRequest, *, workers: int, progress: Progress) -> Inspection:
    """Read labels, clips, feature and shot tables of a corpus; every clip is probed and hashed.

    Raises CorpusError where a run would stop.
    """
    corpus = load_corpus(request, known={}, workers=workers, progress=progress)
    joined = tuple(
        join_table(corpus.clips, table) for table in load_feature_tables(request.name, request.root)
    )
    features = tuple(
        TableFacts(
            name=table.name,
            columns=table.columns,
            clips_matched=int(np.isfinite(table.values).any(axis=1).sum()),
            unmatched_rows=table.unmatched,
            label_columns=label_columns(table),
            left_out=table.left_out,
        )
        for table in joined
    )
    return Inspection(corpus, features, joined, _shots(request.name, request.root, corpus))


def _shots(name: str, root: Path, corpus: Corpus) -> TableFacts | None:
    table = load_shot_tables(name, root)
    if table is None:
        return None
    match = join_shots(table, name, corpus.clips)
    return TableFacts(
        name=SHOTS_FOLDER,
        columns=(),
        clips_matched=sum(row is not None for row in match.row_of_clip),
        unmatched_rows=match.unmatched_rows,
        rejected=table.rejected,
    )


def _kind(reason: str) -> str:
    """The words of a reason up to the first value in it."""
    return re.split(r"['\d(]", reason)[0]
