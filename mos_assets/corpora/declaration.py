"""Whether the ratings of a label file can be what their corpus declares them to be.

A wrong declaration is no wrong row: every figure can be read, all of them are wrong, and the error
of a head shrinks with them. What cannot be right blocks; what may be right warns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mos_assets.corpora.corner import corner_of, usual_scale
from mos_assets.records import MOS_MAX, MOS_MIN, Finding, Label, Severity
from mos_assets.tables.cells import parse_number
from mos_assets.tables.delimited import Row, Table, torn_ends

OUTSIDE, OUTSIDE_ROWS = 0.1, 3
"""Share and number of ratings outside the declared range, or of impossible deviations, that are no
slips any more."""
RANKS = 20
"""So many ratings that are consecutive whole numbers, each once, are ranks or row numbers."""
OTHER_COLUMN = 0.5
"""MOS by which two columns of one label may differ on average and still be of one scale."""
_OF_A_REFERENCE = frozenset(
    (
        *("dmos", "ddmos", "zdmos", "rdmos", "mdmos", "dmosz", "dcr", "dsis", "dscqs"),
        *("impairment", "impairments", "degradation"),
        *("difference", "differential", "diff", "delta", "\u03b4", "\u2206"),
    )
)
"""Words of names whose column often holds how much worse a clip is than its reference."""
_LOWER_IS_BETTER = _OF_A_REFERENCE | {
    *("distortion", "annoyance", "badness", "jnd", "rank", "ranking", "loss"),
    *("error", "severity", "inverted", "inverse", "reversed"),
}
"""Words of names whose column often holds how much worse a clip is, or its place in a row."""
_DIFFERENCES = re.compile(r"(?:dd?|delta|diff|differential|difference|deg|degradation)mos")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[\u0394\u03b4\u2206]")


@dataclass(frozen=True, slots=True)
class Ratings:
    """What one label file says, and how its ratings are meant."""

    source: str
    """Relative to the corpus folder."""
    column: str
    """Header of the column of ratings."""
    scale: tuple[float, float]
    """Native rating of the worst and of the best clip possible."""
    labels: Sequence[Label]
    outside: Sequence[float] = ()
    """Native ratings that were rejected, since they lie outside the scale."""
    impossible: int = 0
    """Rows that were rejected, since no votes deviate so much."""

    @property
    def place(self) -> str:
        return f"{self.source}, column {self.column!r}"

    @property
    def declared(self) -> str:
        return f"{self.scale[0]:g}..{self.scale[1]:g}"

    def native(self) -> list[float]:
        """The ratings as they were written, but for the last digits."""
        worst, best = self.scale
        if self.scale == (MOS_MIN, MOS_MAX):
            return [label.mos for label in self.labels]
        slope = (best - worst) / (MOS_MAX - MOS_MIN)
        return [worst + slope * (label.mos - MOS_MIN) for label in self.labels]


def column_name(table: Table, columns: Sequence[int]) -> str:
    """The header of the column that is asked first."""
    return table.columns.names[columns[0]] if columns else ""


def rating_findings(ratings: Iterable[Ratings]) -> tuple[Finding, ...]:
    """What contradicts, or may contradict, the declaration of each file's ratings."""
    found: list[Finding] = []
    for each in ratings:
        values = each.native()
        told = (
            _outside(each, values),
            _impossible(each),
            _one_value(each, values) or _small_part(each, values),
            _ranks(each, values),
            _lower_is_better(each) or _upside_down(each),
        )
        found += [finding for finding in told if finding is not None]
    return tuple(found)


def torn_findings(tables: Iterable[Table]) -> tuple[Finding, ...]:
    """A warning for each file whose last line may have been cut short within a number."""
    return tuple(
        Finding(
            Severity.WARNS,
            text,
            place,
            "Compare the file with its source, and end its last line",
        )
        for place, text in torn_ends(tables)
    )


def _outside(ratings: Ratings, inside: Sequence[float]) -> Finding | None:
    out = ratings.outside
    if len(out) < OUTSIDE_ROWS or len(out) < OUTSIDE * (len(out) + len(inside)):
        return None
    low, high = min(*out, *inside), max(*out, *inside)
    other = usual_scale(low, high)
    looks = f", and {other[0]:g}..{other[1]:g} would hold all of them" if other else ""
    return Finding(
        Severity.BLOCKS,
        f"{len(out)} of {len(out) + len(inside)} ratings are outside the declared scale "
        f"{ratings.declared}: they run from {low:g} to {high:g}{looks}",
        ratings.place,
        "Declare the scale that the ratings were given on",
    )


def _impossible(ratings: Ratings) -> Finding | None:
    rows = ratings.impossible
    of = rows + len(ratings.labels)
    if rows < OUTSIDE_ROWS or rows < OUTSIDE * of:
        return None
    return Finding(
        Severity.BLOCKS,
        f"{rows} of {of} deviations are larger than any votes on {ratings.declared} can have: they "
        "are something else, or the scale is",
        ratings.place,
        "Declare the scale that the ratings were given on, and name the column that holds their "
        "deviations, or none",
    )


def _one_value(ratings: Ratings, values: Sequence[float]) -> Finding | None:
    if len(values) < 3 or min(values) != max(values):
        return None
    return Finding(
        # A correlation with them does not exist, and what does not exist is never accepted.
        Severity.WARNS,
        f"all {len(values)} ratings are {values[0]:g}: nothing can be learnt from them",
        ratings.place,
        "Name the column that holds the ratings",
    )


def _small_part(ratings: Ratings, values: Sequence[float]) -> Finding | None:
    """Ratings that another scale explains, or that hardly differ on the declared one."""
    told = corner_of(values, ratings.scale)
    return told and Finding(told.severity, told.what, ratings.place, told.remedy)


def _ranks(ratings: Ratings, values: Sequence[float]) -> Finding | None:
    n = len(values)
    if n < RANKS or abs(max(values) - min(values) - (n - 1)) > 1e-6:
        return None
    whole = {round(value) for value in values}
    if len(whole) != n or any(abs(value - round(value)) > 1e-6 for value in values):
        return None
    return Finding(
        Severity.WARNS,
        f"the {n} ratings are the whole numbers from {min(whole)} to {max(whole)}, each once: "
        "ranks or row numbers, not ratings",
        ratings.place,
        "Name the column that holds the ratings",
    )


def called_a_difference(column: str) -> bool:
    """Whether a column is called as ratings of the difference from a reference are (DMOS)."""
    parts = _parts(column)
    return bool(parts & _OF_A_REFERENCE) or any(map(_DIFFERENCES.fullmatch, parts))


def _parts(column: str) -> set[str]:
    words = [word.lower() for word in _WORDS.findall(column)]
    # `dMOS` and `D-MOS` are one word in two parts, `delta_mos` is two.
    return {*words, *(one + other for one, other in pairwise(words))}


def _lower_is_better(ratings: Ratings) -> Finding | None:
    worst, best = ratings.scale
    parts = _parts(ratings.column)
    says = parts & _LOWER_IS_BETTER or any(map(_DIFFERENCES.fullmatch, parts))
    if worst > best or not says:
        return None
    return Finding(
        Severity.WARNS,
        f"a column of this name often means that lower is better, and scale = "
        f"[{worst:g}, {best:g}] says that higher is",
        ratings.place,
        f"If lower is better, declare scale = [{best:g}, {worst:g}]",
    )


def _upside_down(ratings: Ratings) -> Finding | None:
    """ACR's own numbers, 5 the best, in a column called MOS and declared the other way round."""
    words = {word.lower() for word in _WORDS.findall(ratings.column)}
    if ratings.scale != (MOS_MAX, MOS_MIN) or not words & {"mos", "quality", "acr", "opinion"}:
        return None
    return Finding(
        Severity.WARNS,
        "a column of this name on 1..5 nearly always means that 5 is best, and scale = [5, 1] says "
        "that 1 is",
        ratings.place,
        "If 5 is best, declare scale = [1, 5]",
    )


def other_column_findings(table: Table, source: str, columns: Sequence[int]) -> tuple[Finding, ...]:
    """What is to be said where some rows have their rating from another column than the rest.

    Columns whose ratings differ where a row has both are of two scales, or of two studies.
    """
    if len(columns) < 2:
        return ()
    filled = [row for row in table.rows if not row.damage and not row.cells[columns[0]]]
    filled = [row for row in filled if row.first(columns)]
    if not filled:
        return ()
    apart = [gap for row in table.rows if (gap := _gap(row, columns)) is not None]
    mean = sum(apart) / len(apart) if apart else 0.0
    names = [table.columns.names[at] for at in columns]
    differ = f"; the columns differ by {mean:.2f} on average where both are filled" if apart else ""
    return (
        Finding(
            Severity.BLOCKS if mean > OTHER_COLUMN else Severity.WARNS,
            f"{len(filled)} rows, line {filled[0].line} the first, are empty here and take "
            f"their rating from {', '.join(map(repr, names[1:]))}{differ}",
            f"{source}, column {names[0]!r}",
            "Fill the column, or remove it",
        ),
    )


def _gap(row: Row, columns: Sequence[int]) -> float | None:
    """How far the first two ratings of a row lie apart; None where it has no two."""
    if row.damage:
        return None
    cells = [row.cells[at] for at in columns if row.cells[at]]
    if len(cells) < 2:
        return None
    try:
        return abs(parse_number(cells[0], "") - parse_number(cells[1], ""))
    except ValueError:
        return None
