"""From the rows of label files to at most one label a clip.

Every row that does not become a label is kept as a rejected row with its file, line, value
and reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from mos_assets.corpora.declaration import Ratings
from mos_assets.corpora.deviations import (
    ImpossibleError,
    require_possible_ci95,
    require_possible_std,
)
from mos_assets.corpora.names import foreign_name, safe_name, stem
from mos_assets.corpora.spelling import invisible_in, shown_name
from mos_assets.corpora.tables import (
    CellError,
    OutsideError,
    Row,
    Table,
    map_mos,
    parse_count,
    parse_deviation,
)
from mos_assets.records import MOS_MAX, MOS_MIN, Label, LabelFile, RejectedRow

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

    labels: list[Label]
    rejected: list[RejectedRow]
    outside: list[float]
    """Native ratings of rejected rows that are numbers outside the declared scale."""
    impossible: list[int]
    """Lines of rejected rows whose deviation no votes can have."""


def read_labels(table: Table, columns: LabelColumns, source: LabelSource) -> ReadLabels:
    """Labels of one file on the scale 1..5, and the rows that are none.

    A 95 % interval of half-width c becomes the deviation c * sqrt(n) / 1.96 where n is known,
    and stays unknown where it is not. Deviations that no votes can have are rejected.
    """
    found = ReadLabels([], [], [], [])
    for row in table.rows:
        try:
            if row.damage:
                raise CellError(row.damage)
            found.labels.append(_label(row, columns, source))
        except CellError as error:
            if isinstance(error, OutsideError):
                found.outside.append(error.value)
            if isinstance(error, ImpossibleError):
                found.impossible.append(row.line)
            name = row.first(columns.clip) if not row.damage else ""
            found.rejected.append(
                RejectedRow(
                    source.corpus, source.file, row.line, printable(name) or None, str(error)
                )
            )
    return found


def ratings_of(read: ReadLabels, column: str, source: LabelSource) -> Ratings:
    """What is held against the declaration."""
    return Ratings(
        source.file, column, source.scale, read.labels, read.outside, len(read.impossible)
    )


def _label(row: Row, columns: LabelColumns, source: LabelSource) -> Label:
    worst, best = source.scale
    cell = row.first(columns.clip)
    foreign = None
    try:
        name = source.clip_name(cell)
    except CellError as error:
        inside = foreign_name(cell)
        if inside is None:
            raise
        name, foreign = source.clip_name(inside), str(error)
    mos = map_mos(row.first(columns.mos), worst, best)
    # Score files of 150,000 rows say no more than this.
    n = parse_count(row.first(columns.n), "number of ratings") if columns.n else None
    std = _std(row, columns, source, n) if columns.std or columns.ci95 else None
    reference = row.first(columns.reference)
    return Label(
        clip_name=name,
        mos=mos,
        mos_std=None if std is None else std * ((MOS_MAX - MOS_MIN) / abs(best - worst)),
        n_ratings=n,
        part=_read_part(row.first(columns.part), source) if columns.part else source.part,
        group=row.first(columns.group) or None,
        reference=safe_name(reference) if reference else None,
        source=source.file,
        line=row.line,
        foreign=foreign,
    )


def _std(row: Row, columns: LabelColumns, source: LabelSource, n: int | None) -> float | None:
    """The native deviation of the ratings. Raises CellError for one that cannot be."""
    rating = row.first(columns.mos)
    if columns.std:
        cell = row.first(columns.std)
        std = parse_deviation(cell, "standard deviation", abs(source.scale[1] - source.scale[0]))
        if std is not None:
            require_possible_std(std, float(rating), n, source.scale, (cell, rating))
            return std
    if columns.ci95:
        cell = row.first(columns.ci95)
        ci95 = parse_deviation(cell, "95 % interval", math.inf)
        if ci95 is not None:
            require_possible_ci95(ci95, float(rating), n, source.scale, (cell, rating))
            return None if n is None else ci95 * math.sqrt(n) / Z_95
    return None


def _read_part(text: str, source: LabelSource) -> str | None:
    """One of the parts, None where the cell is empty. Raises CellError for anything else."""
    part = text.lower()
    if part not in ("", *source.parts):
        raise CellError(f"part is {text!r}, neither {' nor '.join(source.parts)}")
    return part or None


def one_label_a_clip(
    corpus: str,
    labels: Iterable[Label],
    *,
    average: bool,
    tolerance: float = SAME_MOS,
    test_part: str | None = None,
) -> tuple[list[Label], list[RejectedRow]]:
    """At most one label a clip name, sorted by name, and the rows that lost their place.

    With `average`, ratings of one clip become their mean, weighted by the number of ratings
    where every one of them says it; else MOS within `tolerance` of each other are one label
    and MOS that differ by more are a conflict, of which no row is used. A clip is of `test_part`
    where any of its rows says so.
    """
    first: dict[str, Label] = {}
    repeated: dict[str, list[Label]] = {}
    for label in labels:
        key = stem(label.clip_name)
        other = first.setdefault(key, label)
        if other is not label:
            repeated.setdefault(key, [other]).append(label)
    for key in repeated:
        del first[key]
    kept = list(first.values())
    rejected: list[RejectedRow] = []
    groups = (sorted(rows, key=_place) for rows in repeated.values())
    for rows in sorted(groups, key=lambda rows: _place(rows[0])):
        conflict = _conflict(rows, math.inf if average else tolerance)
        if conflict:
            rejected += [lost for row in rows for lost in reject(corpus, row, conflict)]
        else:
            seen: dict[tuple[object, ...], Label] = {}
            for row in rows:
                other = seen.setdefault(_said(row) if average else (row.source,), row)
                if other is not row:
                    reason = f"duplicate of line {other.line} with the same label"
                    rejected += reject(corpus, row, reason)
            alone = list(seen.values())
            kept.append(_mean(alone, test_part) if average else _same(alone, test_part))
    return sorted(kept, key=attrgetter("clip_name")), rejected


def _said(row: Label) -> tuple[object, ...]:
    """What makes a row another rating than one that says the same in the same file.

    A row that knows how many ratings it stands for, or how far they lie apart, is a summary:
    written twice it is a copy. Without either it may be the rating of one more viewer.
    """
    if row.n_ratings is None and row.mos_std is None:
        return row.source, row.line
    return row.source, row.mos, row.mos_std, row.n_ratings, row.group, row.reference


def _place(label: Label) -> tuple[str, str, int]:
    return label.clip_name, label.source, label.line


def _conflict(rows: Sequence[Label], tolerance: float) -> str | None:
    where = ", ".join(f"{row.source}:{row.line}" for row in rows[:4])
    names = sorted({row.clip_name for row in rows})
    if len(names) > 1:
        return f"clips {', '.join(names)} differ in their suffix only ({where}); rename one"
    scores = [row.mos for row in rows]
    if max(scores) - min(scores) > tolerance:
        given = ", ".join(f"{score:g}" for score in scores[:4])
        return f"conflict: the clip has different labels, MOS {given} ({where}); none is used"
    if len({row.group for row in rows} - {None}) > 1 or len({row.reference for row in rows}) > 1:
        return f"conflict: the clip has different groups or references ({where}); none is used"
    return None


def _same(rows: Sequence[Label], test_part: str | None) -> Label:
    """One label of several that agree: the MOS with the most digits, and what any of them knows."""
    finest = max(rows, key=lambda row: len(repr(row.mos)))
    return finest._replace(
        part=_part(rows, test_part),
        mos_std=next((row.mos_std for row in rows if row.mos_std is not None), None),
        n_ratings=next((row.n_ratings for row in rows if row.n_ratings is not None), None),
        group=_group(rows),
        others=_others(finest, rows),
    )


def _mean(rows: Sequence[Label], test_part: str | None) -> Label:
    """The pooled rating; its deviation is that of all votes together, where all parts are known."""
    part, others = _part(rows, test_part), _others(rows[0], rows)
    first = rows[0]._replace(part=part, group=_group(rows), others=others)
    counts = [row.n_ratings for row in rows if row.n_ratings is not None]
    if len(counts) != len(rows):
        mean = _between(math.fsum(row.mos for row in rows) / len(rows), rows)
        return first._replace(mos=mean, mos_std=None, n_ratings=None)
    total = sum(counts)
    mean = math.fsum(n * row.mos for n, row in zip(counts, rows, strict=True)) / total
    mean = _between(mean, rows)
    std = None
    if all(row.mos_std is not None for row in rows):
        square = math.fsum(
            n * ((row.mos_std or 0.0) ** 2 + (row.mos - mean) ** 2)
            for n, row in zip(counts, rows, strict=True)
        )
        std = math.sqrt(square / total)
    return first._replace(mos=mean, mos_std=std, n_ratings=total)


def _between(mean: float, rows: Sequence[Label]) -> float:
    """The mean, which rounding may have put outside of what it is the mean of."""
    return min(max(mean, min(row.mos for row in rows)), max(row.mos for row in rows))


def _group(rows: Sequence[Label]) -> str | None:
    return next((row.group for row in rows if row.group is not None), None)


def _part(rows: Sequence[Label], test_part: str | None) -> str | None:
    """The part that is for testing, where any of the rows says so."""
    parts = [row.part for row in rows if row.part is not None]
    return test_part if test_part in parts else next(iter(parts), None)


def _others(kept: Label, rows: Sequence[Label]) -> tuple[tuple[str, int], ...]:
    return tuple((row.source, row.line) for row in rows if row is not kept)


def reject(corpus: str, label: Label, reason: str) -> list[RejectedRow]:
    """A label that cannot be used after all: every row that it stands for, and why."""
    places = ((label.source, label.line), *label.others)
    return [RejectedRow(corpus, source, line, label.clip_name, reason) for source, line in places]


def account(kept: Iterable[Label], rows_read: Mapping[str, int]) -> tuple[LabelFile, ...]:
    """What became of the rows of each label file, counted from the labels that were kept."""
    used = dict.fromkeys(rows_read, 0)
    for label in kept:
        used[label.source] += 1
        for source, _ in label.others:
            used[source] += 1
    return tuple(LabelFile(name, rows_read[name], used[name]) for name in sorted(rows_read))


def printable(name: str) -> str:
    """A name fit for one line of a table, however it was written; what cannot be seen as U+200B."""
    if invisible_in(name) and not any(ord(c) < 32 for c in name):
        return shown_name(name)[:200]
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)[:200]
