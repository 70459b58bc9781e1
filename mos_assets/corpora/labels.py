"""From the rows of label files to labels; `merging` makes them one a clip.

Every row that does not become a label is kept as a rejected row with its file, line, value
and reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mos_assets.corpora.declaration import Ratings
from mos_assets.corpora.deviations import (
    ImpossibleError,
    require_possible_ci95,
    require_possible_std,
)
from mos_assets.corpora.names import foreign_name, safe_name
from mos_assets.corpora.spelling import invisible_in, shown_name
from mos_assets.processes.memory import give_back
from mos_assets.records import MOS_MAX, MOS_MIN, Label, LabelFile, RejectedRow
from mos_assets.records.label_columns import Labels
from mos_assets.tables.cells import CellError, OutsideError, map_mos, parse_count, parse_deviation
from mos_assets.tables.delimited import Row, Table

Z_95 = 1.96
"""Half-width of a 95 % confidence interval in standard errors."""
SAME_MOS = 1e-9
"""Two labels this close are the same label."""


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Where one table keeps what; an empty tuple means that it does not say."""

    clip: tuple[int, ...]
    mos: tuple[int, ...]
    std: tuple[int, ...] = ()
    ci95: tuple[int, ...] = ()
    n: tuple[int, ...] = ()
    group: tuple[int, ...] = ()
    reference: tuple[int, ...] = ()
    part: tuple[int, ...] = ()
    session: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Whose rows are read and how their values are meant."""

    corpus: str
    file: str
    """Relative to the corpus folder."""
    scale: tuple[float, float] = (MOS_MIN, MOS_MAX)
    """Native rating of the worst and of the best clip possible."""
    part: str | None = None
    """Of every row; where the column `part` says it, one of `parts`."""
    parts: tuple[str, ...] = ()
    clip_name: Callable[[str], str] = safe_name
    """From a cell to the clip's file name; raises CellError."""


class ReadLabels(NamedTuple):
    """What the rows of one label file came to."""

    labels: Labels
    rejected: list[RejectedRow]
    outside: list[float]
    """Native ratings of rejected rows that are numbers outside the declared scale."""
    impossible: list[int]
    """Lines of rejected rows whose deviation no votes can have."""


def read_labels(table: Table, columns: LabelColumns, source: LabelSource) -> ReadLabels:
    """Labels of one file on the scale 1..5, and the rows that are none.

    A 95 % interval of half-width c becomes the deviation c * sqrt(n) / 1.96 where n is known, and
    is kept as it is where it is not. Deviations that no votes can have are rejected.
    """
    rejected: list[RejectedRow] = []
    outside: list[float] = []
    impossible: list[int] = []

    def read() -> Iterator[Label]:
        for row in table.rows:
            try:
                if row.damage:
                    raise CellError(row.damage)
                yield _label(row, columns, source)
            except CellError as error:
                if isinstance(error, OutsideError):
                    outside.append(error.value)
                if isinstance(error, ImpossibleError):
                    impossible.append(row.line)
                name = row.first(columns.clip) if not row.damage else ""
                rejected.append(
                    RejectedRow(
                        source.corpus, source.file, row.line, printable(name) or None, str(error)
                    )
                )

    labels = Labels.of(read())
    give_back()
    return ReadLabels(labels, rejected, outside, impossible)


def ratings_of(read: ReadLabels, column: str, source: LabelSource) -> Ratings:
    """What is held against the declaration."""
    return Ratings(
        source.file, column, source.scale, read.labels, read.outside, len(read.impossible)
    )


def named_clip(cell: str, clip_name: Callable[[str], str] = safe_name) -> tuple[str, str | None]:
    """The clip that a cell names, and why its name can be of no file here. Raises CellError."""
    try:
        return clip_name(cell), None
    except CellError as error:
        inside = foreign_name(cell)
        if inside is None:
            raise
        return clip_name(inside), str(error)


def _label(row: Row, columns: LabelColumns, source: LabelSource) -> Label:
    worst, best = source.scale
    name, foreign = named_clip(row.first(columns.clip), source.clip_name)
    # Without a column of ratings votes give the MOS, and a label without votes is rejected.
    mos = map_mos(row.first(columns.mos), worst, best) if columns.mos else math.nan
    # Score files of 150,000 rows say no more than this.
    n = parse_count(row.first(columns.n), "number of ratings") if columns.n else None
    std, ci95 = _noise(row, columns, source, n) if columns.std or columns.ci95 else (None, None)
    reference = row.first(columns.reference) if columns.reference else ""
    unit = (MOS_MAX - MOS_MIN) / abs(best - worst)
    return Label(
        clip_name=name,
        mos=mos,
        mos_std=None if std is None else std * unit,
        n_ratings=n,
        part=_read_part(row.first(columns.part), source) if columns.part else source.part,
        group=(row.first(columns.group) or None) if columns.group else None,
        reference=safe_name(reference) if reference else None,
        source=source.file,
        line=row.line,
        foreign=foreign,
        session=(row.first(columns.session) or None) if columns.session else None,
        mos_ci95=None if ci95 is None else ci95 * unit,
    )


def _noise(
    row: Row, columns: LabelColumns, source: LabelSource, n: int | None
) -> tuple[float | None, float | None]:
    """(deviation of the ratings, 95 % interval of their mean where no deviation follows from it),
    native. Raises CellError for one that cannot be."""
    rating = row.first(columns.mos)
    if columns.std:
        cell = row.first(columns.std)
        std = parse_deviation(cell, "standard deviation", abs(source.scale[1] - source.scale[0]))
        if std is not None:
            require_possible_std(std, float(rating), n, source.scale, (cell, rating))
            return std, None
    if columns.ci95:
        cell = row.first(columns.ci95)
        ci95 = parse_deviation(cell, "95 % interval", math.inf)
        if ci95 is not None:
            require_possible_ci95(ci95, float(rating), n, source.scale, (cell, rating))
            return (None, ci95) if n is None else (ci95 * math.sqrt(n) / Z_95, None)
    return None, None


def _read_part(text: str, source: LabelSource) -> str | None:
    """One of the parts, None where the cell is empty. Raises CellError for anything else."""
    part = text.lower()
    if part not in ("", *source.parts):
        raise CellError(f"part is {text!r}, neither {' nor '.join(source.parts)}")
    return part or None


def reject(corpus: str, label: Label, reason: str) -> list[RejectedRow]:
    """A label that cannot be used after all: every row that it stands for, and why."""
    places = ((label.source, label.line), *label.others)
    return [RejectedRow(corpus, source, line, label.clip_name, reason) for source, line in places]


def account(
    kept: Labels, rows_read: Mapping[str, int], rejected: Iterable[RejectedRow] = ()
) -> tuple[LabelFile, ...]:
    """What became of the rows of each label file, counted from the labels that were kept.

    A row of which something was rejected, such as one vote of a wide table, is not counted as used.
    """
    used = dict.fromkeys(rows_read, 0)
    lost = {(row.source, row.line) for row in rejected}
    for places in kept.places():
        for place in places:
            if place not in lost:
                used[place[0]] += 1
    return tuple(LabelFile(name, rows_read[name], used[name]) for name in sorted(rows_read))


def printable(name: str) -> str:
    """A name fit for one line of a table, however it was written; what cannot be seen as U+200B."""
    if invisible_in(name) and not any(ord(c) < 32 for c in name):
        return shown_name(name)[:200]
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)[:200]
