"""What the experts of a head say of unseen rows, and with which settings, inside the training rows.

Every training split is split again, with its content groups held apart. Experts that never saw an
inner fold predict it, and the settings with the least squared error there are taken. The outer fold
plays no part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from itertools import product as product_of

import numpy as np

from mos_assets.head.balance import EXPONENTS, block_shares, column_scale
from mos_assets.head.exact import INPUT_BITS, product, to_grid
from mos_assets.head.experts import Expert, FittedExpert, Point, Sample
from mos_assets.head.experts.base import FEW_CONTENTS, PIECE_ROWS, Screens, Steps, within
from mos_assets.head.inputs import Inputs
from mos_assets.head.recipe import Plan
from mos_assets.head.standardise import Scaling, Standardiser, fit_standardiser
from mos_assets.records import SEED, BoolArray, FloatArray, IntArray

_MOST_FOLDS, _FOLDS = 10, 5
_SPLIT_ROWS = 5_000
"""Beyond so many training rows one inner fold decides instead of all."""
_SEARCH_ROWS = 5_000
"""Rows that a grid is searched with, on either side."""
_JUDGED_ROWS = 20_000
_NEAR = 2e-4
"""Share of the least squared error within which points of a grid are told apart exactly."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows in both scalings, on the grid on which products are exact."""

    inputs: dict[Scaling, FloatArray]
    mos: FloatArray
    varies: BoolArray
    """[C], columns that do."""
    weights: FloatArray | None = None
    """[n], how much the squared error of each row counts; None: all the same."""
    shares: FloatArray | None = None
    """[C], of blocks beside a wide one (`balance`)."""

    def thinned(self, most: int) -> Rows:
        """At most so many of them, evenly spaced."""
        step = max(1, -(-len(self.mos) // most))
        inputs = {scaling: values[::step] for scaling, values in self.inputs.items()}
        weights = None if self.weights is None else self.weights[::step]
        return replace(self, inputs=inputs, mos=self.mos[::step], weights=weights)

    def only(self, scalings: Collection[Scaling]) -> Rows:
        """Without the inputs that nobody needs any more."""
        inputs = {key: values for key, values in self.inputs.items() if key in scalings}
        return replace(self, inputs=inputs)

    def sample(self, scaling: Scaling, stream: tuple[int, ...], exponent: int = 0) -> Sample:
        """What one expert is fitted to, columns scaled by this exponent."""
        scale = column_scale(self.shares, exponent)
        if scale is None:
            varying = float(np.count_nonzero(self.varies))
            return Sample(self.inputs[scaling], self.mos, varying, stream, self.weights)
        varying = math.fsum((scale[self.varies] ** 2).tolist())
        return Sample(self.scaled(scaling, exponent), self.mos, varying, stream, self.weights)

    def scaled(self, scaling: Scaling, exponent: int) -> FloatArray:
        """[n, C], inputs with columns scaled by this exponent, on the grid again."""
        scale = column_scale(self.shares, exponent)
        own = self.inputs[scaling]
        return own if scale is None else to_grid(own * scale, INPUT_BITS)


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A fit to the rows of one inner fold that waits for those of other splits."""

    expert: int
    """Place of the expert in the plan."""
    sample: Sample
    unseen: FloatArray
    """[m, C], the inputs of the inner fold."""
    rows: slice
    """Their place in `Tuned.predictions`."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """What the inner folds say of one training split."""

    points: dict[str, Point]
    """The point of its grid that each expert takes, by name."""
    exponents: dict[str, int]
    """By which each expert's columns are scaled (`balance`), by name."""
    predictions: FloatArray
    """[experts, rows] of the inner folds; NaN until `fit_waiting` has been there."""
    mos: FloatArray
    """[rows]."""
    contents: int
    waiting: list[_Waiting]
    """Emptied by `fit_waiting`."""
    weights: FloatArray | None
    """[rows], of the squared errors; None: all count the same."""


def rows_of(
    standardiser: Standardiser,
    columns: FloatArray,
    mos: FloatArray,
    blocks: Sequence[str] = (),
    weights: FloatArray | None = None,
) -> Rows:
    """Training rows ready to be fitted; blocks: [C], block of each column, () where all are of
    one."""
    return Rows(
        inputs_of(standardiser, columns),
        mos,
        standardiser.varies > 0,
        weights,
        block_shares(blocks, standardiser.varies) if blocks else None,
    )


def inputs_of(standardiser: Standardiser, columns: FloatArray) -> dict[Scaling, FloatArray]:
    """Both scalings of columns [n, C], on the grid on which products are exact."""
    found = {scaling: np.empty(columns.shape) for scaling in Scaling}
    for start in range(0, len(columns), PIECE_ROWS):
        rows = slice(start, start + PIECE_ROWS)
        for scaling, values in standardiser.transform(columns[rows]).items():
            to_grid(values, INPUT_BITS, out=found[scaling][rows])
    return found


def tune(
    features: FloatArray,
    mos: FloatArray,
    groups: Sequence[str],
    slots: IntArray,
    inputs: Callable[[FloatArray], Inputs],
    plan: Plan,
    seed: tuple[int, ...],
    weights: FloatArray | None = None,
) -> Tuned:
    """Search the grid of every expert that has one; what the others predict is left waiting.

    These have their columns scaled as the expert before them has that is best.

    features [n, F] raw, mos [n], groups [n], slots [n] of one training split, sorted; weights [n]
    of the squared errors, None where all rows count the same. A table of one content has no inner
    folds, and so no predictions.
    """
    pairs: list[tuple[Rows, Rows]] = []
    for fit, judged in inner_splits(groups, np.random.default_rng(seed)):
        of_fit, of_judged = (None if weights is None else weights[part] for part in (fit, judged))
        made = inputs(features[fit])
        columns = made.columns(features[fit], slots[fit])
        standardiser = fit_standardiser(columns, plan.softness)
        seen = rows_of(standardiser, columns, mos[fit], made.column_blocks, of_fit)
        columns = made.columns(features[judged], slots[judged])
        unseen = rows_of(standardiser, columns, mos[judged], made.column_blocks, of_judged)
        pairs.append((seen, unseen.thinned(_JUDGED_ROWS)))
    stops = np.cumsum([0, *(len(unseen.mos) for _, unseen in pairs)]).tolist()
    predictions = np.full((len(plan.experts), stops[-1]), np.nan)
    points: dict[str, Point] = {}
    exponents: dict[str, int] = {}
    errors: dict[str, float] = {}
    waiting: list[_Waiting] = []
    for place, expert in enumerate(plan.experts):
        points[expert.name] = tuple(values[len(values) // 2] for values in expert.grid)
        exponents[expert.name] = 0
        if expert.grid and pairs:
            best = _search(expert, pairs)
            points[expert.name], exponents[expert.name] = best.point, best.exponent
            errors[expert.name], predictions[place] = best.error, best.predictions
        elif not expert.grid:
            if errors:
                exponents[expert.name] = exponents[min(errors, key=errors.__getitem__)]
            waiting += [
                _Waiting(
                    place,
                    seen.sample(expert.scaling, (*seed, at), exponents[expert.name]),
                    unseen.scaled(expert.scaling, exponents[expert.name]),
                    slice(*stop),
                )
                for at, ((seen, unseen), stop) in enumerate(
                    zip(pairs, pairwise(stops), strict=True)
                )
            ]
    return Tuned(
        points=points,
        exponents=exponents,
        predictions=predictions,
        mos=np.concatenate([unseen.mos for _, unseen in pairs]) if pairs else np.empty(0),
        contents=len(set(groups)),
        waiting=waiting,
        weights=_weights_of([unseen for _, unseen in pairs]),
    )


def _weights_of(parts: Sequence[Rows]) -> FloatArray | None:
    weights = [part.weights for part in parts if part.weights is not None]
    return np.concatenate(weights) if weights else None


def fit_waiting(
    tuned: Sequence[Tuned], experts: Sequence[Expert], steps: Callable[[str], Steps]
) -> None:
    """Fill in the predictions that are waiting, with one call of each expert for all splits; the
    rows that waited are dropped."""
    for place, expert in enumerate(experts):
        if expert.grid:
            continue
        waiting = [(found, one) for found in tuned for one in found.waiting if one.expert == place]
        fitted = expert.for_tuning().fit_all(
            [(one.sample, found.points[expert.name]) for found, one in waiting],
            steps(f"{expert.name} on inner folds"),
        )
        for (found, one), model in zip(waiting, fitted, strict=True):
            found.predictions[place, one.rows] = within(model.predict_many(one.unseen))
    for found in tuned:
        found.waiting.clear()


def inner_splits(
    groups: Sequence[str], rng: np.random.Generator, *, whole: bool = False
) -> list[tuple[IntArray, IntArray]]:
    """(rows to fit, rows to judge) of each inner fold; none for a single group.

    whole: every fold even where many rows make one enough.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        return []
    index = {name: at for at, name in enumerate(names)}
    of_row = np.array([index[name] for name in groups])
    sizes = np.bincount(of_row)
    count = min(len(names), _MOST_FOLDS if len(names) <= FEW_CONTENTS else _FOLDS)
    if len(groups) > _SPLIT_ROWS:
        count = min(count, _FOLDS)
    order = rng.permutation(len(names))
    load, fold = [0] * count, np.zeros(len(names), dtype=np.int64)
    for at in sorted(order.tolist(), key=lambda at: -sizes[at]):
        fold[at] = load.index(min(load))
        load[fold[at]] += int(sizes[at])
    used = range(1 if len(groups) > _SPLIT_ROWS and not whole else count)
    return [(np.flatnonzero(fold[of_row] != f), np.flatnonzero(fold[of_row] == f)) for f in used]


@dataclass(frozen=True, eq=False)
class _Found:
    """What does best on the inner folds."""

    point: Point
    exponent: int
    error: float
    """Sum of the squared errors there."""
    predictions: FloatArray


def _search(expert: Expert, pairs: Sequence[tuple[Rows, Rows]]) -> _Found:
    """The point and exponent with the least squared error on the inner folds.

    Every point is screened with LAPACK, whose last bits differ between processors. Those within
    `_NEAR` of the best are computed again in exact arithmetic, which decides: a screen is off by a
    small part of that, so that the point with the least exact error is always among them.
    """
    mos = np.concatenate([judged.mos for _, judged in pairs])
    weights = _weights_of([judged for _, judged in pairs])
    root = 1.0 if weights is None else np.sqrt(weights)
    points, expert = list(product_of(*expert.grid)), expert.for_tuning()
    exponents = EXPONENTS if any(seen.shares is not None for seen, _ in pairs) else (0,)

    def off(predicted: FloatArray) -> FloatArray:
        missed: FloatArray = (within(predicted) - mos) * root
        return missed

    tried: list[_Tried] = []
    for exponent in exponents:
        fits = [
            expert.prepare(seen.thinned(_SEARCH_ROWS).sample(expert.scaling, (SEED, at), exponent))
            for at, (seen, _) in enumerate(pairs)
        ]
        unseen = [judged.scaled(expert.scaling, exponent) for _, judged in pairs]
        tried.append(_Tried(exponent, fits, unseen, _screened(points, fits, unseen, off)))
    least = min(float(one.errors.min()) for one in tried)
    found: _Found | None = None
    for one in tried:
        for point, screened in zip(points, one.errors.tolist(), strict=True):
            if screened > least * (1.0 + _NEAR):
                continue
            each = zip(one.fits, one.unseen, strict=True)
            predicted = np.concatenate([fit(*point).predict_many(inputs) for fit, inputs in each])
            missed = off(predicted)
            error = float(product(missed[None], missed[:, None])[0, 0])
            if found is None or error < found.error:
                found = _Found(point, one.exponent, error, within(predicted))
    if found is None:
        raise AssertionError("the least error of a screen is within its own bound")
    return found


@dataclass(frozen=True, eq=False)
class _Tried:
    """The fits of all inner folds under one exponent."""

    exponent: int
    fits: Sequence[Callable[..., FittedExpert]]
    unseen: Sequence[FloatArray]
    errors: FloatArray
    """[points], about their squared errors."""


def _screened(
    points: list[Point],
    fits: Sequence[Callable[..., FittedExpert]],
    unseen: Sequence[FloatArray],
    off: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """About the squared error of each point; 0 of every one where a fit cannot screen them."""
    total = np.empty((len(points), sum(map(len, unseen))))
    stop = 0
    for fit, inputs in zip(fits, unseen, strict=True):
        if not isinstance(fit, Screens):
            return np.zeros(len(points))
        rows, screen = slice(stop, stop + len(inputs)), fit.screen(inputs)
        for row, point in zip(total, points, strict=True):
            row[rows] = screen(*point)
        stop = rows.stop
    errors: FloatArray = (off(total) ** 2).sum(axis=1)
    return errors
