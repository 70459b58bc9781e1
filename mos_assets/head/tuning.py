"""The closed-form experts of a head: their settings, decided inside the training rows.

Every training split is split again, with its content groups held apart. Experts that never saw an
inner fold predict it, and the settings with the least squared error there are taken. The outer fold
plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from itertools import product as product_of

import numpy as np

from mos_assets.head.ensemble import Job
from mos_assets.head.exact import INPUT_BITS, product, to_grid
from mos_assets.head.inputs import Inputs
from mos_assets.head.kernel import Kernel, KernelFit, draw_centres
from mos_assets.head.linear import Linear, LinearFit
from mos_assets.head.model import Part, within
from mos_assets.head.recipe import FEW_CONTENTS, Plan
from mos_assets.head.standardise import Scores, Standardiser, fit_standardiser
from mos_assets.records import SEED, FloatArray, IntArray

PENALTIES = tuple(10.0**power for power in range(-2, 6))
"""Of the linear experts."""
RATES = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Of the kernel experts, times the number of varying columns."""
KERNEL_PENALTIES = tuple(10.0**power for power in range(-4, 2))
NETWORK = "network"
_MOST_FOLDS, _FOLDS = 10, 5
_SPLIT_ROWS = 5_000
"""Beyond so many training rows one inner fold decides instead of all."""
_SEARCH_ROWS = 5_000
"""Rows that settings are searched with, on either side."""
_JUDGED_ROWS = 20_000
Arrays = dict[Scores, FloatArray]


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows with their scores, on the grid on which products are exact."""

    scores: Arrays
    mos: FloatArray
    columns: int
    """Columns that vary."""

    def thinned(self, most: int) -> Rows:
        """At most so many of them, evenly spaced."""
        step = max(1, -(-len(self.mos) // most))
        scores = {kind: values[::step] for kind, values in self.scores.items()}
        return Rows(scores, self.mos[::step], self.columns)


@dataclass(frozen=True, eq=False)
class Tuned:
    """What the inner folds say of one training split."""

    settings: dict[str, tuple[float, ...]]
    """Of each closed-form expert, by name."""
    predictions: FloatArray
    """[experts, rows], the network's still to come."""
    mos: FloatArray
    groups: int
    jobs: tuple[Job, ...]
    """Inner networks to be trained."""
    judged: tuple[tuple[slice, FloatArray], ...]
    """For each job the place of its inner fold in `predictions`, and the soft scores there."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A closed-form expert that is tried."""

    name: str
    scores: Scores
    is_kernel: bool


_KINDS = (
    _Kind("linear", Scores.PLAIN, False),
    _Kind("linear, soft", Scores.SOFT, False),
    _Kind("kernel", Scores.PLAIN, True),
    _Kind("kernel, soft", Scores.SOFT, True),
)
EXPERTS = (*(kind.name for kind in _KINDS), NETWORK)


def rows_of(standardiser: Standardiser, columns: FloatArray, mos: FloatArray) -> Rows:
    """Training rows ready to be fitted."""
    scores = standardiser.scores(columns)
    return Rows(
        {kind: to_grid(values, INPUT_BITS) for kind, values in scores.items()},
        mos,
        int(np.count_nonzero(standardiser.varies)),
    )


def tune(
    features: FloatArray,
    mos: FloatArray,
    groups: Sequence[str],
    slots: IntArray,
    inputs: Callable[[FloatArray], Inputs],
    plan: Plan,
    seed: Sequence[int],
) -> Tuned:
    """Settings of the closed-form experts, and the jobs that will tell what the network is worth.

    features [n, F] raw, mos [n], groups [n], slots [n] of one training split, sorted.
    """
    splits = inner_splits(groups, np.random.default_rng(seed))
    pairs: list[tuple[Rows, Rows]] = []
    for fit, judged in splits:
        made = inputs(features[fit])
        columns = made.columns(features[fit], slots[fit])
        standardiser = fit_standardiser(columns, plan.softness)
        seen = rows_of(standardiser, columns, mos[fit])
        unseen = rows_of(standardiser, made.columns(features[judged], slots[judged]), mos[judged])
        pairs.append((seen, unseen.thinned(_JUDGED_ROWS)))
    found = [_search(kind, pairs, plan) for kind in _KINDS]
    stops = np.cumsum([0, *(len(unseen.mos) for _, unseen in pairs)])
    places = [slice(a, b) for a, b in pairwise(stops.tolist())]
    predictions = np.full((len(EXPERTS), int(stops[-1])), np.nan)
    for at, (_, predicted) in enumerate(found):
        predictions[at] = predicted
    return Tuned(
        settings={kind.name: best for kind, (best, _) in zip(_KINDS, found, strict=True)},
        predictions=predictions,
        mos=np.concatenate([unseen.mos for _, unseen in pairs]) if pairs else np.empty(0),
        groups=len(set(groups)),
        jobs=tuple(
            Job(seen.scores[Scores.SOFT], seen.mos, np.random.default_rng([*seed, at]))
            for at, (seen, _) in enumerate(pairs)
        ),
        judged=tuple(
            (place, unseen.scores[Scores.SOFT])
            for place, (_, unseen) in zip(places, pairs, strict=True)
        ),
    )


def closed_parts(
    rows: Rows, tuned: Tuned, weights: dict[str, float], plan: Plan, seed: Sequence[int]
) -> tuple[Part, ...]:
    """The closed-form experts of a blend, fitted to all rows of the split."""
    return tuple(
        Part(
            kind.name,
            kind.scores,
            weights[kind.name],
            _fit(kind, rows, plan, np.random.default_rng([*seed, at]))(*tuned.settings[kind.name]),
        )
        for at, kind in enumerate(_KINDS)
        if kind.name in weights
    )


def inner_splits(
    groups: Sequence[str], rng: np.random.Generator
) -> list[tuple[IntArray, IntArray]]:
    """(rows to fit, rows to judge) of each inner fold; none for a single group."""
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
    used = range(1 if len(groups) > _SPLIT_ROWS else count)
    return [(np.flatnonzero(fold[of_row] != f), np.flatnonzero(fold[of_row] == f)) for f in used]


def _fit(
    kind: _Kind, rows: Rows, plan: Plan, rng: np.random.Generator, centres: int | None = None
) -> Callable[..., Linear | Kernel]:
    """The fit of one expert, still to be given its settings."""
    scores = rows.scores[kind.scores]
    if not kind.is_kernel:
        return LinearFit(scores, rows.mos).fit
    wanted = min(plan.centres if centres is None else centres, len(rows.mos))
    count = max(_LEAST_CENTRES, min(wanted, _CENTRE_CELLS // scores.shape[1]))
    fit = KernelFit(scores, rows.mos, draw_centres(scores, count, rng))
    return lambda rate, penalty: fit.fit(rate / max(1, rows.columns), penalty)


_SEARCH_CENTRES = 256
_LEAST_CENTRES = 16
_CENTRE_CELLS = 250_000
"""Numbers that the centres of one expert may hold."""


def _search(
    kind: _Kind, pairs: Sequence[tuple[Rows, Rows]], plan: Plan
) -> tuple[tuple[float, ...], FloatArray]:
    """The settings with the least squared error on the inner folds, and what they predict there."""
    if not pairs:
        return ((0.3, 1.0) if kind.is_kernel else (1.0,)), np.empty(0)
    fits = [
        _fit(
            kind,
            seen.thinned(_SEARCH_ROWS),
            plan,
            np.random.default_rng([SEED, at]),
            min(plan.centres, _SEARCH_CENTRES),
        )
        for at, (seen, _) in enumerate(pairs)
    ]
    mos = np.concatenate([unseen.mos for _, unseen in pairs])
    tried: dict[tuple[float, ...], tuple[float, FloatArray]] = {}

    def error(*settings: float) -> float:
        if settings not in tried:
            predicted = np.concatenate(
                [
                    within(fit(*settings).mos(unseen.scores[kind.scores]))
                    for fit, (_, unseen) in zip(fits, pairs, strict=True)
                ]
            )
            off = predicted - mos
            tried[settings] = float(product(off[None, :], off[:, None])[0, 0]), predicted
        return tried[settings][0]

    best = _descend((RATES, KERNEL_PENALTIES) if kind.is_kernel else (PENALTIES,), error)
    return best, tried[best][1]


def _descend(grid: tuple[tuple[float, ...], ...], error: Callable[..., float]) -> tuple[float, ...]:
    """From the middle of the grid to the point that beats all of its neighbours, diagonal ones too.

    A wide kernel with a small penalty and a narrow one with a large penalty are much alike: the
    valley between them runs diagonally.
    """
    at = tuple(len(values) // 2 for values in grid)

    def value(point: tuple[int, ...]) -> float:
        return error(*(values[i] for values, i in zip(grid, point, strict=True)))

    while True:
        near = product_of(
            *(
                range(max(0, i - 1), min(len(values), i + 2))
                for values, i in zip(grid, at, strict=True)
            )
        )
        best = min([at, *near], key=value)
        if best == at:
            return tuple(values[i] for values, i in zip(grid, at, strict=True))
        at = best
