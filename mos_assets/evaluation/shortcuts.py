"""What predictors reach that look at one column, at container columns or at picture sizes only.

They are trained and chosen inside the training folds, on the folds of the head, so that a head can
be told from a ruler. Metrics of others, such as VMAF, are mapped in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.evaluation.baselines import INNER_FOLDS, chosen_inside, out_of_fold, standardised
from mos_assets.evaluation.container_names import tells_container, tells_size
from mos_assets.evaluation.maps import Fit, monotonic, straight, varies
from mos_assets.evaluation.metrics import srocc
from mos_assets.records import FloatArray, FoldLines, IntArray, TrainingTable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MOST_TRIED = 16
"""Columns that the choice of the best one tries: those that rank the training rows best."""
_MOST_CHOICE_ROWS = 5_000
"""Training rows that columns and settings are chosen by, evenly spaced; all are then fitted to."""
_ALPHAS = (0.01, 1.0, 100.0)
_MOST_TERMS = 300
_REACH = 3.0
"""Standard deviations beyond which a value tells a polynomial no more."""


class ShortcutKind(StrEnum):
    """What a predictor looks at."""

    COLUMN = "the best single column"
    CONTAINER = "container columns alone"
    SIZE = "size alone"
    METRIC = "a foreign metric"


@dataclass(frozen=True, eq=False)
class BesideColumns:
    """What is known of the rows of a table beside the features of its head, [n] each by name."""

    container: Mapping[str, FloatArray] = field(default_factory=dict)
    """What the container and its header tell, columns of the head among them; NaN where unknown."""
    metrics: Mapping[str, FloatArray] = field(default_factory=dict)
    """Foreign metrics, as `[metrics]` of corpus.toml names them; NaN where unknown."""


@dataclass(frozen=True, eq=False)
class Shortcut:
    """A predictor that takes a short way, and what it says out of fold."""

    kind: ShortcutKind
    name: str
    columns: tuple[str, ...]
    """That it uses; of the best single column each that was chosen, the most frequent first."""
    predicted: FloatArray
    """[n], MOS; NaN where a row has no figure, and for rows of fold -1."""
    raw: FloatArray | None = None
    """[n], of a foreign metric, in its own units."""
    reason: str | None = None
    """Why there is no prediction at all."""


def container_columns(table: TrainingTable, beside: BesideColumns) -> dict[str, FloatArray]:
    """Container columns that vary over the rows in the folds, picture sizes among them."""
    return _varying(table, _container(table, beside))


def _container(table: TrainingTable, beside: BesideColumns) -> dict[str, FloatArray]:
    own = dict(zip(table.feature_order, table.features.T, strict=True))
    named = {name: values for name, values in own.items() if tells_container(name)}
    return {**size_columns(table, beside), **named, **beside.container}


def size_columns(table: TrainingTable, beside: BesideColumns) -> dict[str, FloatArray]:
    """Columns of the picture's size that vary over the rows in the folds, by name.

    They are looked for by their names among the columns of the head and of the container; where
    none tells the height, that of the clips themselves is taken.
    """
    own = dict(zip(table.feature_order, table.features.T, strict=True))
    known = {
        name: values for name, values in {**own, **beside.container}.items() if tells_size(name)
    }
    if not any("height" in name.casefold() for name in known):
        known["height"] = table.height
    return _varying(table, known)


def is_shortcut_itself(table: TrainingTable, beside: BesideColumns) -> str | None:
    """Why the head of this table can be no more than a shortcut; None where it can.

    A head whose columns are a single one, or container columns only, cannot beat itself.
    """
    own = _varying(table, dict(zip(table.feature_order, table.features.T, strict=True)))
    told = set(_container(table, beside))
    if len(own) == 1:
        return f"{next(iter(own))} is its only column that varies"
    if own and set(own) <= told:
        return f"it has container columns only ({', '.join(own)})"
    return None


def shortcuts(
    table: TrainingTable, beside: BesideColumns, lines: FoldLines | None = None
) -> tuple[Shortcut, ...]:
    """The best single column, container columns alone, size alone, and each foreign metric.

    lines: by which the head's predictions were put on the scale of each row's corpus; a shortcut
    that is not told the corpus would lose to a head that is.

    What cannot be computed is there as well, with the reason. Container columns are left out
    where they are the sizes, which are there already.
    """
    from threadpoolctl import threadpool_limits

    sizes, container = size_columns(table, beside), container_columns(table, beside)
    # More threads would only spin over such small products.
    with threadpool_limits(limits=1):
        found = [best_column(table, beside, lines)]
        if set(container) != set(sizes):
            found.append(_of_columns(ShortcutKind.CONTAINER, table, container, lines))
        found.append(_of_columns(ShortcutKind.SIZE, table, sizes, lines))
        found += [
            foreign_metric(table, name, values, lines) for name, values in beside.metrics.items()
        ]
    return tuple(found)


def best_column(
    table: TrainingTable, beside: BesideColumns, lines: FoldLines | None = None
) -> Shortcut:
    """The column, and its map to MOS, of least squared error on inner folds of the training rows.

    Columns of the head and of the container are tried, each by a straight line and by the best
    monotonic map (isotonic regression, Barlow et al. 1972). A row without a figure gets the mean
    of the training rows.
    """
    known = _varying(
        table,
        {
            **dict(zip(table.feature_order, table.features.T, strict=True)),
            **container_columns(table, beside),
        },
    )
    kind = ShortcutKind.COLUMN
    if not known:
        return _none(kind, table, "no column varies over the rows in the folds")
    names, values = tuple(known), np.column_stack(list(known.values()))
    chosen: list[str] = []

    def predict(training: IntArray, rows: IntArray, mos: FloatArray) -> FloatArray:
        groups = np.unique([table.groups[row] for row in training], return_inverse=True)[1]
        column, fit = _chosen(values[training], mos, groups)
        chosen.append(names[column])
        mapped: FloatArray = fit(values[training, column], mos)(values[rows, column])
        return mapped

    predicted = out_of_fold(table, predict, lines)
    if not chosen:
        return _none(kind, table, "there is no other fold to learn from")
    ranked = sorted(set(chosen), key=lambda name: (-chosen.count(name), names.index(name)))
    return Shortcut(kind, kind.value, tuple(ranked), predicted)


def foreign_metric(
    table: TrainingTable, name: str, values: FloatArray, lines: FoldLines | None = None
) -> Shortcut:
    """A metric of others after the monotonic map that fits the training folds best.

    values: [n], in its own units. Rows that it does not know have no prediction.
    """
    known = np.isfinite(values) & (table.folds >= 0)
    kind = ShortcutKind.METRIC
    if not _varying(table, {name: values}):
        why = "it does not vary" if known.any() else "it is known of no clip in the folds"
        return replace(_none(kind, table, why), name=name, columns=(name,))

    def predict(training: IntArray, rows: IntArray, mos: FloatArray) -> FloatArray:
        mapped = monotonic(values[training], mos)(values[rows])
        return np.where(known[rows], mapped, np.nan)

    return Shortcut(kind, name, (name,), out_of_fold(table, predict, lines), raw=values)


def _chosen(values: FloatArray, mos: FloatArray, groups: IntArray) -> tuple[int, Fit]:
    """Column and map of least squared error on inner folds that hold the groups apart."""
    step = -(-len(mos) // _MOST_CHOICE_ROWS)
    values, mos, groups = values[::step], mos[::step], groups[::step]
    ranking = np.array([_ranking(column, mos) for column in values.T])
    tried = np.argsort(-ranking, kind="stable")[:MOST_TRIED].tolist()
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        return tried[0], straight
    from sklearn.model_selection import GroupKFold

    splits = list(GroupKFold(min(INNER_FOLDS, n_groups)).split(values, mos, groups))

    def error(choice: tuple[int, Fit]) -> float:
        column, fit = choice
        return sum(
            float(np.sum((fit(values[a, column], mos[a])(values[b, column]) - mos[b]) ** 2))
            for a, b in splits
        )

    fits: tuple[Fit, ...] = (straight, monotonic)
    return min(product(tried, fits), key=error)


def _ranking(column: FloatArray, mos: FloatArray) -> float:
    known = np.isfinite(column)
    found = srocc(column[known], mos[known])
    return abs(found) * float(np.mean(known)) if np.isfinite(found) else -1.0


def _of_columns(
    kind: ShortcutKind,
    table: TrainingTable,
    columns: Mapping[str, FloatArray],
    lines: FoldLines | None = None,
) -> Shortcut:
    """Ridge on polynomials of these columns, up to the third degree; alpha is chosen inside."""
    if not columns:
        return _none(kind, table, "no such column is known that varies")
    few = replace(
        table, feature_order=tuple(columns), features=np.column_stack(list(columns.values()))
    )
    gaps = np.count_nonzero(~np.isfinite(few.features[table.folds >= 0]).all(axis=0))
    degree = _degree(len(columns) + int(gaps))
    predicted = chosen_inside(
        few,
        lambda alpha: _polynomial(alpha, degree),
        _ALPHAS,
        fallback=1.0,
        inner_folds=INNER_FOLDS,
        most_rows=_MOST_CHOICE_ROWS,
        lines=lines,
    )
    if not np.isfinite(predicted[table.folds >= 0]).all():
        return _none(kind, table, "there is no other fold to learn from")
    return Shortcut(kind, kind.value, tuple(columns), predicted)


def _degree(n_columns: int) -> int:
    """The highest degree up to the third that keeps the terms few, of columns and gaps' flags."""
    from math import comb

    return next((d for d in (3, 2) if comb(n_columns + d, d) <= _MOST_TERMS), 1)


def _polynomial(alpha: float, degree: int) -> Pipeline:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures

    terms = make_pipeline(
        FunctionTransformer(_within_reach),
        PolynomialFeatures(degree, include_bias=False),
        Ridge(alpha=alpha, solver="cholesky"),
    )
    return standardised(terms)


def _within_reach(z: FloatArray) -> FloatArray:
    return np.clip(z, -_REACH, _REACH)


def _varying(table: TrainingTable, columns: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    inside = table.folds >= 0
    return {
        name: values
        for name, values in columns.items()
        if varies(values[inside & np.isfinite(values)])
    }


def _none(kind: ShortcutKind, table: TrainingTable, reason: str) -> Shortcut:
    return Shortcut(kind, kind.value, (), np.full(len(table.mos), np.nan), reason=reason)


def names_of(columns: Sequence[str], most: int = 3) -> str:
    """The columns of a shortcut in a sentence, the first few of many."""
    shown = ", ".join(columns[:most])
    return shown if len(columns) <= most else f"{shown} and {len(columns) - most} more"
