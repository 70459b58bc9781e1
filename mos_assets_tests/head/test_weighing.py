"""Rows that count by the precision of their ratings: what follows from it, and what must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.head import Recipe, TrainingResult, train
from mos_assets.head.weighing import row_weights
from mos_assets.records import SEED, FloatArray, TrainingTable
from mos_assets_tests.head.conftest import QUICK, make_table, quiet

WEIGHED = replace(QUICK, weigh=True)


def _voted(table: TrainingTable, votes: FloatArray) -> TrainingTable:
    return replace(table, mos_std=np.full(len(votes), 0.8), n_ratings=votes)


def _weights(noise: float) -> FloatArray:
    """Of rows that a straight line explains but for `noise`; those of even place have 4 votes."""
    rng = np.random.default_rng(4)
    inputs = np.round(rng.standard_normal((1000, 3)) * 2**14) / 2**14
    n = np.where(np.arange(1000) % 2, 64.0, 4.0)
    mos = 3 + 0.5 * inputs[:, 0] + rng.normal(0, 1, 1000) * np.hypot(noise, 0.8 / np.sqrt(n))
    groups = [f"g{row // 2}" for row in range(1000)]
    found = row_weights(inputs, mos, np.full(1000, 0.8), n, groups, (1,))
    assert found is not None
    return found


def test_votes_count_the_more_the_less_else_is_left_to_explain() -> None:
    ratios = [float(w[1] / w[0]) for w in (_weights(0.05), _weights(0.6))]
    # 1 / (variance / n + rest^2): (.16 + .01) / (.01 + .01) at most, (.16 + .36) / (.01 + .36).
    assert ratios == pytest.approx([8.5, 1.4], rel=0.25)
    assert _weights(0.6).mean() == pytest.approx(1.0, abs=1e-6)


def test_unknown_precision_changes_no_bit(table: TrainingTable, result: TrainingResult) -> None:
    found = train(table, WEIGHED, [SEED, SEED + 1], progress=quiet)
    assert np.array_equal(found.out_of_fold.predictions, result.out_of_fold.predictions)
    assert (found.weighed, result.weighed) == (0, None)


def test_a_fold_moves_no_head_that_is_judged_on_it() -> None:
    """Neither by ratings nor by their deviations nor by how many there are."""
    rng = np.random.default_rng(2)
    table = _voted(make_table(), np.round(rng.uniform(2, 50, 120)))
    inside = table.folds == 1
    changed = replace(
        table,
        mos=np.where(inside, 6 - table.mos, table.mos),
        mos_std=np.where(inside, 0.1, table.mos_std),
        n_ratings=np.where(inside, 2.0, table.n_ratings),
    )
    before, after, equal = (
        train(each, recipe, [SEED], progress=quiet).out_of_fold.predictions[0]
        for each, recipe in ((table, WEIGHED), (changed, WEIGHED), (table, QUICK))
    )
    assert np.array_equal(before[inside], after[inside])
    assert not np.array_equal(before[~inside], after[~inside])
    assert not np.array_equal(before, equal)


def test_only_what_is_asked_for_is_in_the_recipe() -> None:
    plain = Recipe().plan(100, 10).params
    asked = Recipe(weigh=True, align=True).plan(100, 10).params
    assert asked == {**plain, "weights": "precision", "align": "corpora"}
