"""What the experts of a head say of unseen rows, and with which settings, inside the training rows.

Every training split is split again, with its content groups held apart. Experts that never saw an
inner fold predict it, and the settings with the least squared error there are taken. The outer fold
plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from itertools import product as product_of

import numpy as np

from mos_assets.head.exact import INPUT_BITS, product, to_grid
from mos_assets.head.experts import Expert, FittedExpert, Point, Sample
from mos_assets.head.experts.base import FEW_CONTENTS, Screens, Steps, within
from mos_assets.head.inputs import Inputs
from mos_assets.head.recipe import Plan
from mos_assets.head.standardise import Scaling, Standardiser, fit_standardiser
from mos_assets.records import SEED, FloatArray, IntArray

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
    varying: int
    """Columns that vary."""
    weights: FloatArray | None = None
    """[n], how much the squared error of each row counts; None: all the same."""

    def thinned(self, most: int) -> Rows:
        """At most so many of them, evenly spaced."""
        step = max(1, -(-len(self.mos) // most))
        inputs = {scaling: values[::step] for scaling, values in self.inputs.items()}
        weights = None if self.weights is None else self.weights[::step]
        return Rows(inputs, self.mos[::step], self.varying, weights)

    def only(self, scalings: Collection[Scaling]) -> Rows:
        """Without the inputs that nobody needs any more."""
        inputs = {key: values for key, values in self.inputs.items() if key in scalings}
        return replace(self, inputs=inputs)

    def sample(self, scaling: Scaling, stream: tuple[int, ...]) -> Sample:
        """What one expert is fitted to."""
        return Sample(self.inputs[scaling], self.mos, self.varying, stream, self.weights)


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
    predictions: FloatArray
    """[experts, rows] of the inner folds; NaN until `fit_waiting` has been there."""
    mos: FloatArray
    """[rows]."""
    contents: int
    waiting: tuple[_Waiting, ...]
    weights: FloatArray | None
    """[rows], of the squared errors; None: all count the same."""


def rows_of(
    standardiser: Standardiser,
    columns: FloatArray,
    mos: FloatArray,
    weights: FloatArray | None = None,
) -> Rows:
    """Training rows ready to be fitted."""
    return Rows(
        {
            scaling: to_grid(values, INPUT_BITS)
            for scaling, values in standardiser.transform(columns).items()
        },
        mos,
        int(np.count_nonzero(standardiser.varies)),
        weights,
    )


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

    features [n, F] raw, mos [n], groups [n], slots [n] of one training split, sorted; weights [n]
    of the squared errors, None where all rows count the same. A table of one content has no inner
    folds, and so no predictions.
    """
    pairs: list[tuple[Rows, Rows]] = []
    for fit, judged in inner_splits(groups, np.random.default_rng(seed)):
        made = inputs(features[fit])
        columns = made.columns(features[fit], slots[fit])
        standardiser = fit_standardiser(columns, plan.softness)
        of_fit, of_judged = (None if weights is None else weights[part] for part in (fit, judged))
        seen = rows_of(standardiser, columns, mos[fit], of_fit)
        found = made.columns(features[judged], slots[judged])
        unseen = rows_of(standardiser, found, mos[judged], of_judged)
        pairs.append((seen, unseen.thinned(_JUDGED_ROWS)))
    stops = np.cumsum([0, *(len(unseen.mos) for _, unseen in pairs)]).tolist()
    predictions = np.full((len(plan.experts), stops[-1]), np.nan)
    points: dict[str, Point] = {}
    waiting: list[_Waiting] = []
    for place, expert in enumerate(plan.experts):
        points[expert.name] = tuple(values[len(values) // 2] for values in expert.grid)
        if expert.grid and pairs:
            points[expert.name], predictions[place] = _search(expert, pairs)
        elif not expert.grid:
            waiting += [
                _Waiting(
                    place,
                    seen.sample(expert.scaling, (*seed, at)),
                    unseen.inputs[expert.scaling],
                    slice(*stop),
                )
                for at, ((seen, unseen), stop) in enumerate(
                    zip(pairs, pairwise(stops), strict=True)
                )
            ]
    return Tuned(
        points=points,
        predictions=predictions,
        mos=np.concatenate([unseen.mos for _, unseen in pairs]) if pairs else np.empty(0),
        contents=len(set(groups)),
        waiting=tuple(waiting),
        weights=_weights_of([unseen for _, unseen in pairs]),
    )


def _weights_of(parts: Sequence[Rows]) -> FloatArray | None:
    weights = [part.weights for part in parts if part.weights is not None]
    return np.concatenate(weights) if weights else None


def fit_waiting(
    tuned: Sequence[Tuned], experts: Sequence[Expert], steps: Callable[[str], Steps]
) -> None:
    """Fill in the predictions that are waiting, with one call of each expert for all splits."""
    for place, expert in enumerate(experts):
        if expert.grid:
            continue
        waiting = [(found, one) for found in tuned for one in found.waiting if one.expert == place]
        fitted = expert.for_tuning().fit_all(
            [(one.sample, found.points[expert.name]) for found, one in waiting],
            steps(f"{expert.name} on inner folds"),
        )
        for (found, one), model in zip(waiting, fitted, strict=True):
            found.predictions[place, one.rows] = within(model.predict(one.unseen))


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


def _search(expert: Expert, pairs: Sequence[tuple[Rows, Rows]]) -> tuple[Point, FloatArray]:
    """The point with the least squared error on the inner folds, and what it predicts there.

    Every point is screened with LAPACK, whose last bits differ between processors. Those within
    `_NEAR` of the best are computed again in exact arithmetic, which decides: a screen is off by a
    small part of that, so that the point with the least exact error is always among them.
    """
    samples = [
        seen.thinned(_SEARCH_ROWS).sample(expert.scaling, (SEED, at))
        for at, (seen, _) in enumerate(pairs)
    ]
    unseen = [judged.inputs[expert.scaling] for _, judged in pairs]
    mos = np.concatenate([judged.mos for _, judged in pairs])
    weights = _weights_of([judged for _, judged in pairs])
    root = 1.0 if weights is None else np.sqrt(weights)
    points, expert = list(product_of(*expert.grid)), expert.for_tuning()

    def off(predicted: FloatArray) -> FloatArray:
        missed: FloatArray = (within(predicted) - mos) * root
        return missed

    fits = [expert.prepare(sample) for sample in samples]
    near = _screened(points, fits, unseen, off)
    best, least, found = points[0], np.inf, np.empty(0)
    for point in near:
        each = zip(fits, unseen, strict=True)
        predicted = np.concatenate([fit(*point).predict(inputs) for fit, inputs in each])
        missed = off(predicted)
        error = float(product(missed[None], missed[:, None])[0, 0])
        if error < least:
            best, least, found = point, error, within(predicted)
    return best, found


def _screened(
    points: list[Point],
    fits: Sequence[Callable[..., FittedExpert]],
    unseen: Sequence[FloatArray],
    off: Callable[[FloatArray], FloatArray],
) -> list[Point]:
    """The points that may have the least error; all of them where a fit cannot screen them."""
    total = np.empty((len(points), sum(map(len, unseen))))
    stop = 0
    for fit, inputs in zip(fits, unseen, strict=True):
        if not isinstance(fit, Screens):
            return points
        rows, screen = slice(stop, stop + len(inputs)), fit.screen(inputs)
        for row, point in zip(total, points, strict=True):
            row[rows] = screen(*point)
        stop = rows.stop
    errors = (off(total) ** 2).sum(axis=1)
    return [points[at] for at in np.flatnonzero(errors <= errors.min() * (1.0 + _NEAR))]
