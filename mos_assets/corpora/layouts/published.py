"""Label files as their authors publish them: columns by the names that are usual for them."""

from __future__ import annotations

from collections.abc import Sequence

from mos_assets.corpora.declaration import (
    column_name,
    other_column_findings,
    rating_findings,
    torn_findings,
)
from mos_assets.corpora.labels import (
    LabelColumns,
    LabelSource,
    ReadLabels,
    ratings_of,
    read_labels,
)
from mos_assets.records import Finding
from mos_assets.tables.columns import CLIP_ALIASES, COUNT_ALIASES, STD_ALIASES
from mos_assets.tables.delimited import Table


def usual_columns(
    table: Table, mos: Sequence[str], clip: Sequence[str] = CLIP_ALIASES
) -> LabelColumns:
    """Where a label file keeps what, by aliases in the order of priority.

    Raises CorpusError for one without clip or MOS.
    """
    columns = table.columns
    return LabelColumns(
        clip=columns.require(clip, "clip name", table.path),
        mos=columns.require(mos, "MOS", table.path),
        std=columns.find(STD_ALIASES),
        n=columns.find(COUNT_ALIASES),
    )


def read_published(
    table: Table, columns: LabelColumns, source: LabelSource
) -> tuple[ReadLabels, tuple[Finding, ...]]:
    """The labels of one file, and what contradicts the scale of its ratings."""
    read = read_labels(table, columns, source)
    column = column_name(table, columns.mos)
    return read, (
        *rating_findings([ratings_of(read, column, source)]),
        *other_column_findings(table, source.file, columns.mos),
        *torn_findings([table]),
    )
