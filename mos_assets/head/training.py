"""From a training table to out-of-fold predictions and the shipped head."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.blend import blend_weights
from mos_assets.head.ensemble import Job, Members, train_networks
from mos_assets.head.exact import to_grid
from mos_assets.head.inputs import Inputs, fit_inputs
from mos_assets.head.model import Head, Part
from mos_assets.head.network import average
from mos_assets.head.recipe import Plan, Recipe, plan
from mos_assets.head.standardise import Scores, Standardiser, fit_standardiser
from mos_assets.head.tuning import NETWORK, Rows, Tuned, closed_parts, rows_of, tune
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    SEED,
    FloatArray,
    IntArray,
    OutOfFold,
    TrainingTable,
)

_PROGRESS_S = 10.0
_MIN_ROWS = 8
_PREDICTION_BITS = 24
_INNER_MEMBERS = 4
"""Networks of the ensemble that tells, on inner folds, what the whole one is worth."""
_SHIPPED = -1
"""Stands for the fold that the shipped head leaves out: that of the rows that never train."""

Progress = Callable[[str], None]
Watcher = Callable[[int, int, Callable[[FloatArray, IntArray], FloatArray]], None]
"""Takes a seed, the fold that its head has not seen, and the head's predict function: raw features
[n, F] and active slots [n] → MOS [n]."""
Mask = np.typing.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The head that ships, and what heads of the same recipe say of rows they never saw."""

    head: Head
    out_of_fold: OutOfFold
    """Rows of fold -1, which no head sees, get the shipped head's prediction for every seed."""


@dataclass(frozen=True, eq=False)
class _Split:
    """The training rows of one fold's heads, and what is fitted to them once for all seeds."""

    fold: int
    mos: FloatArray
    inputs: Inputs
    standardiser: Standardiser
    soft: FloatArray
    """[n, C], what the networks see."""
    parts: tuple[Part, ...]
    """Of the closed-form experts."""
    network_weight: float


def train(
    table: TrainingTable,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    progress: Progress,
    watch: Watcher | None = None,
) -> TrainingResult:
    """Train every seed on every fold's other rows, and the shipped head on all rows.

    The shipped head uses `seeds[0]`, the same plan and every row whose fold is not -1. The result
    depends on the rows and not on their order: they are sorted by clip_id inside. One thread
    computes, because more would only spin over such small products. `progress` gets a line every
    few seconds at most; `watch` sees each head that leaves a fold out, before it is dropped.
    Raises TrainingError for rows that cannot be trained on.
    """
    from threadpoolctl import threadpool_limits

    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise TrainingError(f"seeds are {list(seeds)}; name at least one, none negative or twice")
    _check(table, impute=recipe.impute)
    with threadpool_limits(limits=1):
        order = np.array(sorted(range(len(table.clip_ids)), key=table.clip_ids.__getitem__))
        result = _train(table.take(order), recipe, tuple(seeds), progress, watch)
    predictions = np.empty_like(result.out_of_fold.predictions)
    predictions[:, order] = result.out_of_fold.predictions
    return replace(result, out_of_fold=OutOfFold(tuple(seeds), predictions))


def plan_for(table: TrainingTable, recipe: Recipe) -> Plan:
    """What the recipe comes to for this table."""
    inside = np.flatnonzero(table.folds >= 0)
    return plan(recipe, len(inside), len({table.groups[row] for row in inside}))


def _train(
    table: TrainingTable,
    recipe: Recipe,
    seeds: tuple[int, ...],
    progress: Progress,
    watch: Watcher | None,
) -> TrainingResult:
    folds = table.folds
    settled = plan_for(table, recipe)
    splits = _splits(table, settled, recipe.impute, _Reporter(progress))
    wanted = [
        (split, seed)
        for split in splits
        for seed in (seeds if split.fold != _SHIPPED else seeds[:1])
    ]
    heads = _heads(table, wanted, settled, _Reporter(progress))
    predictions = np.full((len(seeds), len(table.mos)), np.nan)
    for (split, seed), head in zip(wanted, heads, strict=True):
        if watch is not None and split.fold != _SHIPPED:
            watch(seed, split.fold, head.predict)
        # For the shipped head these are the rows of fold -1, which no head ever sees.
        unseen = folds == split.fold
        if unseen.any():
            which = slice(None) if split.fold == _SHIPPED else seeds.index(seed)
            predicted = head.predict(table.features[unseen], table.encoder[unseen])
            predictions[which, unseen] = to_grid(predicted, _PREDICTION_BITS)
    shipped = heads[-1]
    if not all(np.isfinite(predictions[:, folds >= 0]).ravel()):
        raise AssertionError("every row of a fold gets a finite prediction under every seed")
    return TrainingResult(shipped, OutOfFold(seeds, predictions))


def _splits(table: TrainingTable, settled: Plan, impute: bool, report: _Reporter) -> list[_Split]:
    """One split a fold, the shipped head's last; what the blend needs is tuned inside each."""
    folds = [*np.unique(table.folds[table.folds >= 0]).tolist(), _SHIPPED]

    def inputs(features: FloatArray) -> Inputs:
        return fit_inputs(features, len(table.encoder_vocab), impute=impute)

    tuned: list[Tuned] = []
    prepared: list[tuple[Inputs, Standardiser, Rows]] = []
    for fold in folds:
        seen = _seen(table, fold)
        _check_rows(table, seen, fold)
        features, mos, slots = table.features[seen], table.mos[seen], table.encoder[seen]
        made = inputs(features)
        columns = made.columns(features, slots)
        standardiser = fit_standardiser(columns, settled.softness)
        _check_variance(table, standardiser, fold)
        prepared.append((made, standardiser, rows_of(standardiser, columns, mos)))
        report.say(f"fitting closed forms, split {len(tuned) + 1} of {len(folds)}")
        groups = [table.groups[row] for row in np.flatnonzero(seen)]
        tuned.append(tune(features, mos, groups, slots, inputs, settled, [SEED, fold + 1]))
    members = min(_INNER_MEMBERS, settled.members)
    jobs = [job for found in tuned for job in found.jobs]
    inner = [
        average([group])
        for group in train_networks(jobs, settled, members, report.steps("inner networks"))
    ]
    # Where one split has a single content, none is tuned: what is judged has to be what ships.
    tunable = all(found.jobs for found in tuned)
    splits: list[_Split] = []
    for fold, found, (made, standardiser, rows) in zip(folds, tuned, prepared, strict=True):
        mine, inner = inner[: len(found.jobs)], inner[len(found.jobs) :]
        weights = blend_weights(found, mine if tunable else ())
        splits.append(
            _Split(
                fold=fold,
                mos=rows.mos,
                inputs=made,
                standardiser=standardiser,
                soft=rows.scores[Scores.SOFT],
                parts=closed_parts(rows, found, weights, settled, [SEED, fold + 1]),
                network_weight=weights.get(NETWORK, 0.0),
            )
        )
    return splits


def _heads(
    table: TrainingTable,
    wanted: Sequence[tuple[_Split, int]],
    settled: Plan,
    report: _Reporter,
) -> list[Head]:
    """The head of each split and seed; all their networks train at once."""
    shares = _shares(settled.members, settled.batch_orders)
    trained: dict[tuple[int, int], Members] = {}
    for count in sorted(set(shares)):
        places = [
            (at, group)
            for at, (split, _) in enumerate(wanted)
            for group, share in enumerate(shares)
            if share == count and split.network_weight > 0
        ]
        jobs = [
            Job(split.soft, split.mos, np.random.default_rng([seed, split.fold + 1, group]))
            for at, group in places
            for split, seed in [wanted[at]]
        ]
        found = train_networks(jobs, settled, count, report.steps("networks"))
        trained.update(zip(places, found, strict=True))
    heads: list[Head] = []
    for at, (split, _) in enumerate(wanted):
        parts = split.parts
        if split.network_weight > 0:
            network = average([trained[at, group] for group in range(len(shares))])
            parts = (*parts, Part(NETWORK, Scores.SOFT, split.network_weight, network))
        heads.append(
            Head(table.feature_order, table.encoder_vocab, split.inputs, split.standardiser, parts)
        )
    return heads


def _seen(table: TrainingTable, fold: int) -> Mask:
    seen: Mask = (table.folds >= 0) & (table.folds != fold)
    return seen


def _shares(members: int, groups: int) -> list[int]:
    """Members of each group, as even as can be."""
    return [members // groups + (group < members % groups) for group in range(groups)]


class _Reporter:
    """Says how far training is, not oftener than every few seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = time.monotonic()

    def say(self, what: str) -> None:
        """Pass a line on, if the last one is old enough."""
        if time.monotonic() - self._last >= _PROGRESS_S:
            self._last = time.monotonic()
            self._progress(f"training: {what}")

    def steps(self, what: str) -> Callable[[int, int], None]:
        """A callback that counts steps."""
        return lambda done, total: self.say(f"{what}, {100 * done // total} % of the steps")


def _check(table: TrainingTable, *, impute: bool) -> None:
    """Raise TrainingError naming the first clip and column that cannot be used."""
    unusable = np.isinf(table.features) if impute else ~np.isfinite(table.features)
    rows, columns = np.nonzero(unusable)
    if len(rows):
        raise TrainingError(
            f"{table.clip_ids[rows[0]]}: feature {table.feature_order[columns[0]]} is "
            f"{table.features[rows[0], columns[0]]}; a row without its full feature set "
            "cannot train, leave it out or extract it again"
        )
    bad = np.flatnonzero(~((table.mos >= MOS_MIN) & (table.mos <= MOS_MAX)) & (table.folds >= 0))
    if len(bad):
        raise TrainingError(
            f"{table.clip_ids[bad[0]]}: column mos is {table.mos[bad[0]]}; "
            f"labels must lie in {MOS_MIN}..{MOS_MAX}"
        )
    if len(np.unique(table.folds[table.folds >= 0])) < 2:
        raise TrainingError("fewer than two folds hold rows; nothing could be judged out of fold")
    if len(set(table.clip_ids)) != len(table.clip_ids):
        raise TrainingError("a clip_id occurs twice; every row needs its own")
    if not table.feature_order:
        raise TrainingError("no feature columns; choose at least one feature block")


def _check_rows(table: TrainingTable, seen: Mask, fold: int) -> None:
    where, mos = _where(fold), table.mos[seen]
    if len(mos) < _MIN_ROWS:
        raise TrainingError(
            f"{len(mos)} complete rows {where} are too few to train on, {_MIN_ROWS} are the least. "
            "Add rated clips (some hundred make a verdict worth reading), or see the checks of "
            "extracted_features for rows that lack a feature."
        )
    if float(mos.max()) == float(mos.min()):
        raise TrainingError(
            f"column mos is {mos[0]} in every row {where}; labels without variance teach nothing"
        )


def _check_variance(table: TrainingTable, standardiser: Standardiser, fold: int) -> None:
    if standardiser.varies.any():
        return
    named = ", ".join(table.feature_order[:5])
    raise TrainingError(
        f"no feature varies {_where(fold)} by more than float32 can hold ({named}); features "
        "without variance teach nothing"
    )


def _where(fold: int) -> str:
    return "in all folds" if fold == _SHIPPED else f"outside fold {fold}"
