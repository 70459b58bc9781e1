"""The experts that no seed moves, as they stand in for the head where it is fitted many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.head.balance import column_scale
from mos_assets.head.blend import blend_weights, unweighed
from mos_assets.head.checks import check_rows, check_table
from mos_assets.head.experts import EXPERTS, Point
from mos_assets.head.model import BlendedExpert
from mos_assets.head.recipe import Plan, Recipe
from mos_assets.head.standardise import fit_standardiser
from mos_assets.head.training import Predict, inputs_for, plan_for, rated_rows
from mos_assets.head.tuning import rows_of, tune
from mos_assets.records import SEED, FloatArray, IntArray, TrainingTable

CLOSED_FORMS = tuple(expert for expert in EXPERTS if not expert.seeded)


@dataclass(frozen=True, eq=False)
class ClosedForms:
    """Closed forms with settings and shares that were chosen once, for every cut of the rows."""

    plan: Plan
    points: dict[str, Point]
    exponents: dict[str, int]
    weights: dict[str, float]

    def out_of_fold(self, table: TrainingTable) -> FloatArray:
        """[n] predictions of the blend, each row's without its fold; NaN for rows of fold -1."""
        from threadpoolctl import threadpool_limits

        predicted = np.full(len(table.mos), np.nan)
        inside = table.folds >= 0
        with threadpool_limits(limits=1):
            for fold in np.unique(table.folds[inside]).tolist():
                if (inside & (table.folds != fold)).any():
                    predicted[table.folds == fold] = self._of_fold(table, fold)
        return predicted

    def heads(self, table: TrainingTable) -> dict[int, Predict]:
        """Fold → the blend fitted to the rows of all other folds, as heads leave a fold out.

        Raises TrainingError where a fold leaves too few rows.
        """
        from threadpoolctl import threadpool_limits

        found: dict[int, Predict] = {}
        with threadpool_limits(limits=1):
            for fold in np.unique(table.folds[table.folds >= 0]).tolist():
                seen = (table.folds >= 0) & (table.folds != fold)
                check_rows(table, seen, fold)
                found[fold] = self._fitted(table, seen, fold)
        return found

    def _of_fold(self, table: TrainingTable, fold: int) -> FloatArray:
        """What the blend that leaves this fold out says of its rows."""
        unseen = np.flatnonzero(table.folds == fold)
        predict = self._fitted(table, (table.folds >= 0) & (table.folds != fold), fold)
        corpora = table.corpora
        own = [corpora[row] for row in unseen]
        return predict(table.features[unseen], table.encoder[unseen], own)

    def _fitted(
        self, table: TrainingTable, seen: np.typing.NDArray[np.bool_], fold: int
    ) -> Predict:
        made = inputs_for(table, self.plan)(table.features[seen])
        columns = made.columns(table.features[seen], table.encoder[seen])
        standardiser = fit_standardiser(columns, self.plan.softness)
        rows = rows_of(standardiser, columns, table.mos[seen], made.column_blocks)
        groups = [table.groups[row] for row in np.flatnonzero(seen)]
        rows, maps, _ = rated_rows(table, seen, rows, groups, self.plan, (SEED, fold + 1))
        fitted = [
            BlendedExpert(
                expert.name,
                expert.scaling,
                self.weights[expert.name],
                expert.prepare(
                    rows.sample(expert.scaling, (SEED, at), self.exponents[expert.name])
                )(*self.points[expert.name]),
                column_scale(rows.shares, self.exponents[expert.name]),
            )
            for at, expert in enumerate(self.plan.experts)
            if expert.name in self.weights
        ]

        def predict(
            features: FloatArray, slots: IntArray, corpora: Sequence[str] | None = None
        ) -> FloatArray:
            inputs = standardiser.transform(made.columns(features, slots))
            total = np.zeros(len(features))
            for one in fitted:
                total += one.weight * one.predict(inputs)
            return total if maps is None or corpora is None else maps.onto_own(total, corpora)

        return predict


def closed_forms(
    table: TrainingTable, *, impute: bool = False, weigh: bool = False, align: bool = False
) -> ClosedForms:
    """Settings and shares for the rows of `table` in the folds, chosen as the head's are.

    They are chosen once, on all rows, so that every cut of them is a little flattered, and all
    alike. weigh, align: as in `Recipe`; both are fitted anew to the rows of each fit. Raises
    TrainingError for rows that cannot be trained on.
    """
    from threadpoolctl import threadpool_limits

    check_table(table, impute=impute)
    recipe = Recipe(impute=impute, weigh=weigh, align=align, experts=CLOSED_FORMS)
    plan = plan_for(table, recipe)
    plan = replace(plan, experts=tuple(expert.for_tuning() for expert in plan.experts))
    own = table.take(np.flatnonzero(table.folds >= 0))
    inputs = inputs_for(own, plan)
    with threadpool_limits(limits=1):
        columns = inputs(own.features).columns(own.features, own.encoder)
        rows = rows_of(fit_standardiser(columns, plan.softness), columns, own.mos)
        everywhere = np.ones(len(own.mos), dtype=bool)
        rows, _, _ = rated_rows(own, everywhere, rows, own.groups, plan, (SEED, 0))
        found = tune(
            own.features, rows.mos, own.groups, own.encoder, inputs, plan, (SEED, 0), rows.weights
        )
        weights = (
            blend_weights(plan.experts, found.predictions, found.mos, found.contents, found.weights)
            if len(found.mos)
            else unweighed(plan.experts)
        )
    return ClosedForms(plan, found.points, found.exponents, weights)


def nested_out_of_fold(
    table: TrainingTable, *, impute: bool = False, weigh: bool = False, align: bool = False
) -> FloatArray:
    """[n] predictions of the blend, each row's with settings, shares and fit of the other folds.

    Settings are chosen once a fold, so that a set of columns is flattered by nothing that is
    chosen. NaN for rows of fold -1. weigh, align: as in `Recipe`. Raises TrainingError for rows
    that cannot be trained on.
    """
    from threadpoolctl import threadpool_limits

    predicted = np.full(len(table.mos), np.nan)
    for fold in np.unique(table.folds[table.folds >= 0]).tolist():
        unseen = table.folds == fold
        check_rows(table, (table.folds >= 0) & ~unseen, fold)
        others = replace(table, folds=np.where(unseen, -1, table.folds))
        forms = closed_forms(others, impute=impute, weigh=weigh, align=align)
        with threadpool_limits(limits=1):
            predicted[unseen] = forms._of_fold(table, fold)
    return predicted
