"""Rows that rate one clip: one label, a mean, or a conflict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from mos_assets.corpora.labels import SAME_MOS, reject
from mos_assets.corpora.names import stem
from mos_assets.records import Label, RejectedRow
from mos_assets.records.label_columns import Labels
from mos_assets.records.rows import met_twice


def one_label_a_clip(
    corpus: str,
    labels: Labels,
    *,
    average: bool,
    tolerance: float = SAME_MOS,
    test_part: str | None = None,
) -> tuple[Labels, list[RejectedRow]]:
    """At most one label a clip name, sorted by name, and the rows that lost their place.

    With `average`, ratings of one clip become their mean, weighted by the number of ratings
    where every one of them says it; else MOS within `tolerance` of each other are one label
    and MOS that differ by more are a conflict, of which no row is used. A clip is of `test_part`
    where any of its rows says so.
    """
    twice = list(met_twice(partial(labels.column, "clip_name"), stem))
    merged: list[Label] = []
    rejected: list[RejectedRow] = []
    repeated: dict[str, list[Label]] = {}
    for label in labels.take(twice):
        repeated.setdefault(stem(label.clip_name), []).append(label)
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
            merged.append(_mean(alone, test_part) if average else _same(alone, test_part))
    return labels.plus(Labels.of(merged)).by_name(but=twice), rejected


def _said(row: Label) -> tuple[object, ...]:
    """What makes a row another rating than one that says the same in the same file.

    A row that knows how many ratings it stands for, or how far they lie apart, is a summary:
    written twice it is a copy. Without either it may be the rating of one more viewer.
    """
    if row.n_ratings is None and row.mos_std is None:
        return row.source, row.line
    return row.source, row.session, row.mos, row.mos_std, row.n_ratings, row.group, row.reference


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
        mos_ci95=next((row.mos_ci95 for row in rows if row.mos_ci95 is not None), None),
        session=_session(rows),
        group=_group(rows),
        others=_others(finest, rows),
    )


def _mean(rows: Sequence[Label], test_part: str | None) -> Label:
    """The pooled rating; its deviation is that of all votes together, and its interval that of a
    mean of independent ratings, each where all parts are known."""
    part, others = _part(rows, test_part), _others(rows[0], rows)
    first = rows[0]._replace(part=part, group=_group(rows), session=_session(rows), others=others)
    counts = [row.n_ratings for row in rows if row.n_ratings is not None]
    if len(counts) != len(rows):
        mean = _between(math.fsum(row.mos for row in rows) / len(rows), rows)
        ci95 = _interval(rows, [1] * len(rows))
        return first._replace(mos=mean, mos_std=None, n_ratings=None, mos_ci95=ci95)
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
    ci95 = _interval(rows, counts)
    return first._replace(mos=mean, mos_std=std, n_ratings=total, mos_ci95=ci95)


def _interval(rows: Sequence[Label], weights: Sequence[int]) -> float | None:
    """Half-width of the 95 % interval of the weighted mean; None where a row does not know its."""
    known = [row.mos_ci95 for row in rows if row.mos_ci95 is not None]
    if len(known) != len(rows):
        return None
    square = math.fsum((n * ci95) ** 2 for n, ci95 in zip(weights, known, strict=True))
    return math.sqrt(square) / sum(weights)


def _session(rows: Sequence[Label]) -> str | None:
    """The tests behind a label, joined in the order of their names."""
    names = {row.session for row in rows if row.session is not None}
    return "+".join(sorted(names)) or None


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
    """(file, line) of every row behind these, but for that which the label itself names."""
    places = [
        place
        for row in rows
        for place in (*(() if row is kept else ((row.source, row.line),)), *row.others)
    ]
    return tuple(dict.fromkeys(places))
