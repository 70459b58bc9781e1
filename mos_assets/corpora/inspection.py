"""What a corpus folder holds and what of it would be rejected, found without any run or store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.corpora.beside import foreign_metrics
from mos_assets.corpora.examine import Progress
from mos_assets.corpora.features import join_table, label_columns, load_feature_tables
from mos_assets.corpora.layouts import layout_of
from mos_assets.corpora.load import load_corpus
from mos_assets.corpora.request import SHOTS_FOLDER, CorpusRequest
from mos_assets.corpora.shots import join_shots, load_shot_tables
from mos_assets.corpora.spelling import shown_name
from mos_assets.records import Corpus, JoinedTable, RejectedRow, Unmatched

NAMES_OF_A_KIND = 3
"""Labels without a clip, and the like, that are named of each kind."""
KINDS_NAMED = 20
"""Kinds of them, the most frequent first."""


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
    """Columns that are no feature."""
    labels: tuple[str, ...] = ()
    """Of those, the columns that are called as the corpus calls its own columns of labels."""
    declared: str | None = None
    """How it was measured, as the file beside it says."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """One look at a corpus as a run would see it."""

    corpus: Corpus
    features: tuple[TableFacts, ...]
    joined: tuple[JoinedTable, ...]
    """The feature tables along `corpus.clips`."""
    shots: TableFacts | None

    @property
    def lacking(self) -> tuple[Unmatched, ...]:
        """Labels that nothing stands for: neither a clip nor, where there are no clips at all, a
        row of figures, which others have."""
        clips = self.corpus.clips
        optional = layout_of(self.corpus.name).clips_optional
        if optional or not self.joined or any(clip.path is not None for clip in clips):
            return self.corpus.missing
        supplied = np.zeros(len(clips), dtype=bool)
        for table in self.joined:
            supplied |= np.isfinite(table.values).any(axis=1)
        if not supplied.any():
            return self.corpus.missing
        place = {each.name: each.source for each in self.corpus.missing}
        files = ", ".join(self.corpus.label_files)
        names = [shown_name(clip.clip_name) for clip in clips]
        return tuple(
            Unmatched(place.get(name, files), name, "it has neither a clip nor a row in a table")
            for name, has in zip(names, supplied, strict=True)
            if not has
        )

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
    corpus = load_corpus(request, workers=workers, progress=progress)
    joined = tuple(
        join_table(corpus.clips, table) for table in load_feature_tables(request.name, request.root)
    )
    foreign_metrics(request.name, request.root, joined, ())
    features = tuple(
        TableFacts(
            name=table.name,
            columns=table.columns,
            clips_matched=int(np.isfinite(table.values).any(axis=1).sum()),
            unmatched_rows=table.unmatched,
            label_columns=label_columns(table),
            left_out=table.left_out,
            labels=table.labels,
            declared=None if table.declaration is None else table.declaration.words,
        )
        for table in joined
    )
    return Inspection(corpus, features, joined, _shots(request.name, request.root, corpus))


def name_notes(corpus: Corpus, *, lacking: Sequence[Unmatched] | None = None) -> tuple[str, ...]:
    """Lines on labels and files that do not bear each other's names: some of each kind.

    lacking: labels that lack something; None: those without a clip.
    """
    lines: list[str] = []
    for word, of in (
        ("matched", corpus.respelt),
        ("missing", corpus.missing if lacking is None else lacking),
        ("not read", corpus.overlooked),
    ):
        kinds: dict[str, list[Unmatched]] = {}
        for each in of:
            kinds.setdefault(each.kind or each.reason, []).append(each)
        ordered = sorted(kinds.values(), key=lambda some: (-len(some), some[0].name))
        for alike in ordered[:KINDS_NAMED]:
            shown = alike[:NAMES_OF_A_KIND]
            lines += [f"{word:<11} {each.source}: {each.name}: {each.reason}" for each in shown]
            if len(alike) > len(shown):
                lines.append(f"{word:<11} and {len(alike) - len(shown)} like it")
        if rest := sum(map(len, ordered[KINDS_NAMED:])):
            lines.append(f"{word:<11} and {rest} for other reasons")
    return tuple(lines)


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
