"""From a training table to out-of-fold predictions and the shipped head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.alignment import Maps, fit_maps, reference_of
from mos_assets.head.balance import column_scale, named_blocks
from mos_assets.head.blend import blend_weights, unweighed
from mos_assets.head.checks import SHIPPED, Mask, check_rows, check_table, check_variance
from mos_assets.head.exact import to_grid
from mos_assets.head.experts import FittedExpert, Point
from mos_assets.head.inputs import Inputs, fit_inputs
from mos_assets.head.model import BlendedExpert, Head
from mos_assets.head.progress import Progress, Reporter
from mos_assets.head.recipe import Plan, Recipe
from mos_assets.head.standardise import Scaling, Standardiser, fit_standardiser
from mos_assets.head.tuning import Rows, Tuned, fit_waiting, inputs_of, rows_of, tune
from mos_assets.head.weighing import known_precision, row_weights
from mos_assets.records import (
    SEED,
    CorpusAlignment,
    FloatArray,
    FoldLines,
    IntArray,
    OutOfFold,
    TrainingTable,
)

_PREDICTION_BITS = 24


class Predict(Protocol):
    """A head with the maps of its training rows."""

    def __call__(
        self, features: FloatArray, slots: IntArray, corpora: Sequence[str] | None = None
    ) -> FloatArray:
        """Raw features [n, F] and active slots [n] → MOS [n]; with the corpus of each row as that
        corpus would have rated."""
        ...


Watcher = Callable[[int, int, Predict], None]
"""Takes a seed, the fold that its head has not seen, and how the head predicts."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The head that ships, and what heads of the same recipe say of rows they never saw."""

    head: Head
    out_of_fold: OutOfFold
    """Rows of fold -1, which no head sees, get the shipped head's prediction for every seed. Each
    row is predicted as its corpus would have rated."""
    alignment: CorpusAlignment | None = None
    """Maps of the shipped head, without figures; None where corpora train as they are."""
    weighed: int | None = None
    """Rows in the folds whose precision is known, where rows count by it; None: all counted the
    same."""


@dataclass(frozen=True, eq=False)
class _Split:
    """The training rows of one fold's heads, and what is fitted to them once for all seeds."""

    fold: int
    inputs: Inputs
    standardiser: Standardiser
    rows: Rows
    """What the experts that the seeds move are still to be fitted to."""
    weights: dict[str, float]
    points: dict[str, Point]
    exponents: dict[str, int]
    fitted: dict[str, FittedExpert]
    """The experts of the blend that no seed moves."""
    maps: Maps | None
    held: int
    """Ratings that alignment put beyond 1..5."""


@dataclass(frozen=True, eq=False)
class _Prepared:
    """The training rows of one fold's heads, without their inputs: those of all splits at once
    would fill the memory, and are made again where they are needed."""

    fold: int
    inputs: Inputs
    standardiser: Standardiser
    rows: Rows
    maps: Maps | None
    held: int
    """Ratings that alignment put beyond 1..5."""

    def with_inputs(self, table: TrainingTable) -> Rows:
        """The rows with both scalings of their inputs."""
        seen = _seen(table, self.fold)
        columns = self.inputs.columns(table.features[seen], table.encoder[seen])
        return replace(self.rows, inputs=inputs_of(self.standardiser, columns))


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
    check_table(table, impute=recipe.impute)
    with threadpool_limits(limits=1):
        order = np.array(sorted(range(len(table.clip_ids)), key=table.clip_ids.__getitem__))
        sorted_already = np.array_equal(order, np.arange(len(order)))
        own = table if sorted_already else table.take(order)
        result = _train(own, recipe, tuple(seeds), progress, watch)
    predictions = np.empty_like(result.out_of_fold.predictions)
    predictions[:, order] = result.out_of_fold.predictions
    lines = result.out_of_fold.lines
    if lines is not None:
        back = np.argsort(order)
        lines = replace(lines, offset=lines.offset[:, back], slope=lines.slope[:, back])
    return replace(result, out_of_fold=OutOfFold(tuple(seeds), predictions, lines))


def fold_lines(table: TrainingTable, recipe: Recipe) -> FoldLines | None:
    """The lines by which heads of this recipe were put on the scale of each row's corpus, fitted
    anew; None where corpora train as they are."""
    from threadpoolctl import threadpool_limits

    order = np.array(sorted(range(len(table.clip_ids)), key=table.clip_ids.__getitem__))
    own, back = table.take(order), np.argsort(order)
    plan, maps = replace(plan_for(table, recipe), weigh=False), {}
    with threadpool_limits(limits=1):
        for fold in np.unique(own.folds[own.folds >= 0]).tolist():
            seen = _seen(own, fold)
            made = inputs_for(own, plan)(own.features[seen])
            columns = made.columns(own.features[seen], own.encoder[seen])
            rows = rows_of(fit_standardiser(columns, plan.softness), columns, own.mos[seen])
            groups = [own.groups[row] for row in np.flatnonzero(seen)]
            maps[fold] = rated_rows(own, seen, rows, groups, plan, (SEED, fold + 1))[1]
    found = _lines(maps, own.corpora)
    if found is None:
        return None
    return replace(found, offset=found.offset[:, back], slope=found.slope[:, back])


def _lines(maps: Mapping[int, Maps | None], corpora: Sequence[str]) -> FoldLines | None:
    lines = {fold: one.lines(corpora) for fold, one in maps.items() if one is not None}
    if not lines:
        return None
    offset, slope = (np.array(each) for each in zip(*lines.values(), strict=True))
    return FoldLines(tuple(lines), offset, slope)


def plan_for(table: TrainingTable, recipe: Recipe) -> Plan:
    """What the recipe comes to for this table."""
    inside = np.flatnonzero(table.folds >= 0)
    return recipe.plan(len(inside), len({table.groups[row] for row in inside}))


def inputs_for(table: TrainingTable, plan: Plan) -> Callable[[FloatArray], Inputs]:
    """Raw features [n, F] of training rows → how features of this table become columns."""
    slots, blocks = len(table.encoder_vocab), named_blocks(table.feature_order)
    return lambda features: fit_inputs(features, slots, impute=plan.impute, blocks=blocks)


def _train(
    table: TrainingTable,
    recipe: Recipe,
    seeds: tuple[int, ...],
    progress: Progress,
    watch: Watcher | None,
) -> TrainingResult:
    folds = table.folds
    plan, corpora = plan_for(table, recipe), table.corpora
    splits = _splits(table, plan, Reporter(progress))
    wanted = [
        (split, seed)
        for split in splits
        for seed in (seeds if split.fold != SHIPPED else seeds[:1])
    ]
    heads = _heads(table, wanted, plan, Reporter(progress))
    predictions = np.full((len(seeds), len(table.mos)), np.nan)
    for (split, seed), head in zip(wanted, heads, strict=True):
        predict = _predicting(head, split.maps)
        if watch is not None and split.fold != SHIPPED:
            watch(seed, split.fold, predict)
        # For the shipped head these are the rows of fold -1, which no head ever sees.
        unseen = folds == split.fold
        if unseen.any():
            which = slice(None) if split.fold == SHIPPED else seeds.index(seed)
            own = [corpora[row] for row in np.flatnonzero(unseen)]
            predicted = predict(table.features[unseen], table.encoder[unseen], own)
            predictions[which, unseen] = to_grid(predicted, _PREDICTION_BITS)
    shipped = heads[-1]
    if not all(np.isfinite(predictions[:, folds >= 0]).ravel()):
        raise AssertionError("every row of a fold gets a finite prediction under every seed")
    last, inside = splits[-1], folds >= 0
    return TrainingResult(
        shipped,
        OutOfFold(
            seeds, predictions, _lines({split.fold: split.maps for split in splits[:-1]}, corpora)
        ),
        None
        if last.maps is None
        else CorpusAlignment(
            reference=last.maps.found[0].corpus, maps=last.maps.found, held=last.held
        ),
        known_precision(table.mos_std[inside], table.n_ratings[inside]) if plan.weigh else None,
    )


def _predicting(head: Head, maps: Maps | None) -> Predict:
    def predict(
        features: FloatArray, slots: IntArray, corpora: Sequence[str] | None = None
    ) -> FloatArray:
        mos = head.predict(features, slots)
        return mos if maps is None or corpora is None else maps.onto_own(mos, corpora)

    return predict


def _splits(table: TrainingTable, plan: Plan, report: Reporter) -> list[_Split]:
    """One split a fold, the shipped head's last; what the blend needs is tuned inside each."""
    folds = [*np.unique(table.folds[table.folds >= 0]).tolist(), SHIPPED]

    inputs = inputs_for(table, plan)
    tuned: list[Tuned] = []
    prepared: list[_Prepared] = []
    for fold in folds:
        prepared.append(_prepare(table, fold, plan))
        report.say(f"tuning, split {len(tuned) + 1} of {len(folds)}")
        seen, rows = _seen(table, fold), prepared[-1].rows
        tuned.append(
            tune(
                table.features[seen],
                rows.mos,
                [table.groups[row] for row in np.flatnonzero(seen)],
                table.encoder[seen],
                inputs,
                plan,
                (SEED, fold + 1),
                rows.weights,
            )
        )
    # Where one split has a single content, none is weighed: what is judged has to be what ships.
    weighed = all(len(found.mos) for found in tuned)
    if weighed:
        fit_waiting(tuned, plan.experts, report.steps)
    splits: list[_Split] = []
    for fold, found, ready in zip(folds, tuned, prepared, strict=True):
        weights = (
            blend_weights(plan.experts, found.predictions, found.mos, found.contents, found.weights)
            if weighed
            else unweighed(plan.experts)
        )
        rows = ready.with_inputs(table)
        fitted = {
            expert.name: expert.prepare(
                rows.sample(expert.scaling, (SEED, fold + 1, place), found.exponents[expert.name])
            )(*found.points[expert.name])
            for place, expert in enumerate(plan.experts)
            if expert.name in weights and not expert.seeded
        }
        wanted = {e.scaling for e in plan.experts if e.name in weights and e.seeded}
        splits.append(
            _Split(
                fold,
                ready.inputs,
                ready.standardiser,
                rows.only(wanted),
                weights,
                found.points,
                found.exponents,
                fitted,
                ready.maps,
                ready.held,
            )
        )
    return splits


def _prepare(table: TrainingTable, fold: int, plan: Plan) -> _Prepared:
    """Raises TrainingError where the rows cannot be trained on."""
    seen = _seen(table, fold)
    check_rows(table, seen, fold)
    features, mos = table.features[seen], table.mos[seen]
    made = inputs_for(table, plan)(features)
    columns = made.columns(features, table.encoder[seen])
    standardiser = fit_standardiser(columns, plan.softness)
    check_variance(table, standardiser, fold)
    groups = [table.groups[row] for row in np.flatnonzero(seen)]
    rows = rows_of(standardiser, columns, mos, made.column_blocks)
    rows, maps, held = rated_rows(table, seen, rows, groups, plan, (SEED, fold + 1))
    return _Prepared(fold, made, standardiser, rows.only(()), maps, held)


def rated_rows(
    table: TrainingTable,
    seen: Mask,
    rows: Rows,
    groups: Sequence[str],
    plan: Plan,
    stream: tuple[int, ...],
) -> tuple[Rows, Maps | None, int]:
    """The training rows with ratings on one scale and as much weight as these deserve, the maps,
    and how many ratings were held within 1..5. Nothing of the other rows enters."""
    plain, mos, std = rows.inputs[Scaling.PLAIN], rows.mos, table.mos_std[seen]
    corpora = table.corpora
    everywhere = [name for name, fold in zip(corpora, table.folds, strict=True) if fold >= 0]
    maps, held = None, 0
    if plan.align and len(set(everywhere)) > 1:
        own = [corpora[row] for row in np.flatnonzero(seen)]
        maps = fit_maps(plain, mos, own, groups, reference_of(everywhere), stream)
        mos, held = maps.onto_reference(mos, own)
        std = std / maps.lines(own)[1]
    weights = None
    if plan.weigh:
        weights = row_weights(plain, mos, std, table.n_ratings[seen], groups, stream)
    return replace(rows, mos=mos, weights=weights), maps, held


def _heads(
    table: TrainingTable, wanted: Sequence[tuple[_Split, int]], plan: Plan, report: Reporter
) -> list[Head]:
    """The head of each split and seed; an expert that the seeds move is fitted in one call."""
    fitted = [dict(split.fitted) for split, _ in wanted]
    for expert in plan.experts:
        if not expert.seeded:
            continue
        name = expert.name
        places = [at for at, (split, _) in enumerate(wanted) if name in split.weights]
        fits = [
            (
                split.rows.sample(expert.scaling, (seed, split.fold + 1), split.exponents[name]),
                split.points[name],
            )
            for at in places
            for split, seed in [wanted[at]]
        ]
        for at, found in zip(places, expert.fit_all(fits, report.steps(name)), strict=True):
            fitted[at][name] = found
    return [
        Head(
            table.feature_order,
            table.encoder_vocab,
            split.inputs,
            split.standardiser,
            tuple(
                BlendedExpert(
                    e.name,
                    e.scaling,
                    split.weights[e.name],
                    mine[e.name],
                    column_scale(split.rows.shares, split.exponents[e.name]),
                )
                for e in plan.experts
                if e.name in split.weights
            ),
        )
        for (split, _), mine in zip(wanted, fitted, strict=True)
    ]


def _seen(table: TrainingTable, fold: int) -> Mask:
    seen: Mask = (table.folds >= 0) & (table.folds != fold)
    return seen
