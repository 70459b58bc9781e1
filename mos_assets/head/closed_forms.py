"""The experts that no seed moves, as they stand in for the head where it is fitted many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mos_assets.head.blend import blend_weights, unweighed
from mos_assets.head.checks import check_table
from mos_assets.head.experts import EXPERTS, Expert, Point
from mos_assets.head.experts.base import within
from mos_assets.head.inputs import Inputs, fit_inputs
from mos_assets.head.recipe import Plan, Recipe
from mos_assets.head.standardise import fit_standardiser
from mos_assets.head.training import plan_for
from mos_assets.head.tuning import rows_of, tune
from mos_assets.records import SEED, FloatArray, IntArray, TrainingTable

CLOSED_FORMS = tuple(expert for expert in EXPERTS if not expert.seeded)


@dataclass(frozen=True, eq=False)
class ClosedForms:
    """Closed forms with settings and shares that were chosen once, for every cut of the rows."""

    plan: Plan
    points: dict[str, Point]
    weights: dict[str, float]

    def out_of_fold(self, table: TrainingTable) -> FloatArray:
        """[n] predictions of the blend, each row's without its fold; NaN for rows of fold -1."""
        from threadpoolctl import threadpool_limits

        predicted = np.full(len(table.mos), np.nan)
        inside = table.folds >= 0
        with threadpool_limits(limits=1):
            for fold in np.unique(table.folds[inside]).tolist():
                seen, unseen = inside & (table.folds != fold), table.folds == fold
                if seen.any():
                    predicted[unseen] = self._fitted(table, seen)(
                        table.features[unseen], table.encoder[unseen]
                    )
        return predicted

    def _fitted(
        self, table: TrainingTable, seen: np.typing.NDArray[np.bool_]
    ) -> Callable[[FloatArray, IntArray], FloatArray]:
        made = _inputs(table, self.plan)(table.features[seen])
        columns = made.columns(table.features[seen], table.encoder[seen])
        standardiser = fit_standardiser(columns, self.plan.softness)
        rows = rows_of(standardiser, columns, table.mos[seen])
        fitted = [
            (expert, expert.prepare(rows.sample(expert.scaling, (SEED, at)))(*self._point(expert)))
            for at, expert in enumerate(self.plan.experts)
            if expert.name in self.weights
        ]

        def predict(features: FloatArray, slots: IntArray) -> FloatArray:
            inputs = standardiser.transform(made.columns(features, slots))
            total = np.zeros(len(features))
            for expert, one in fitted:
                total += self.weights[expert.name] * within(one.predict(inputs[expert.scaling]))
            return total

        return predict

    def _point(self, expert: Expert) -> Point:
        return self.points[expert.name]


def closed_forms(table: TrainingTable, *, impute: bool = False) -> ClosedForms:
    """Settings and shares for the rows of `table` in the folds, chosen as the head's are.

    They are chosen once, on all rows, so that every cut of them is a little flattered, and all
    alike. Raises TrainingError for rows that cannot be trained on.
    """
    from threadpoolctl import threadpool_limits

    check_table(table, impute=impute)
    plan = plan_for(table, Recipe(impute=impute, experts=CLOSED_FORMS))
    plan = Plan(tuple(expert.for_tuning() for expert in plan.experts), plan.softness, impute)
    own = table.take(np.flatnonzero(table.folds >= 0))
    with threadpool_limits(limits=1):
        found = tune(
            own.features, own.mos, own.groups, own.encoder, _inputs(own, plan), plan, (SEED, 0)
        )
        weights = (
            blend_weights(plan.experts, found.predictions, found.mos, found.contents)
            if len(found.mos)
            else unweighed(plan.experts)
        )
    return ClosedForms(plan, found.points, weights)


def _inputs(table: TrainingTable, plan: Plan) -> Callable[[FloatArray], Inputs]:
    return lambda features: fit_inputs(features, len(table.encoder_vocab), impute=plan.impute)
