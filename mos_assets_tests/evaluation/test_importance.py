"""Importance is measured on unseen clips, costs little, and knows features that stand in."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation import Shuffles
from mos_assets.evaluation.importance import correlated_features, families, importance
from mos_assets.head import Recipe, train
from mos_assets.records import FeatureLoss


def _watched(table, predict, seeds=(1, 2), folds=range(5)):
    shuffles = Shuffles(table, len(seeds))
    for seed in seeds:
        for fold in folds:
            shuffles.watch(seed, fold, predict)
    return importance(shuffles.losses, table.feature_order)


@pytest.fixture
def three(make_table):
    """`signal`, `noise`, and `copy`, which ranks the clips as `signal` does."""
    table = make_table()
    rng = np.random.default_rng(2)
    copy = np.exp(table.features[:, 0]) + rng.normal(0, 1e-3, 400)
    return replace(
        table,
        feature_order=("signal", "noise", "copy"),
        features=np.column_stack([table.features, copy]),
    )


def test_a_feature_that_is_not_used_costs_nothing(three) -> None:
    rows = {row.feature: row for row in _watched(three, lambda x, *_: x[:, 0])}
    assert rows["noise"].plcc_drop == 0.0
    assert rows["copy"].plcc_drop == 0.0
    # Shuffled, the only feature in use leaves no correlation at all.
    assert rows["signal"].plcc_drop == pytest.approx(0.87, abs=0.1)
    assert rows["signal"].low <= rows["signal"].plcc_drop <= rows["signal"].high


def test_features_that_stand_in_for_each_other_are_shuffled_together(three) -> None:
    assert correlated_features(three) == ((2,), (), (0,))
    rows = _watched(three, lambda x, *_: x[:, 0] + np.log(np.maximum(x[:, 2], 1e-3)))
    by_name = {row.feature: row for row in rows}
    assert by_name["signal"].correlated == ("copy",)
    assert families(tuple(by_name.values())) == (("copy", "signal"),)
    assert by_name["noise"].plcc_drop_with_correlated is None
    assert by_name["signal"].plcc_drop_with_correlated == by_name["copy"].plcc_drop_with_correlated
    assert by_name["signal"].plcc_drop_with_correlated > 1.5 * by_name["signal"].plcc_drop
    assert rows[-1].feature == "noise"


def test_only_the_fold_that_the_head_has_not_seen_is_looked_at(three) -> None:
    seen = []

    def predict(x, *_):
        seen.append({tuple(row) for row in np.round(x, 9)[:, :1].tolist()})
        return x[:, 0]

    shuffles = Shuffles(three, 1)
    shuffles.watch(1, 3, predict)
    unseen = {(round(x, 9),) for x in three.features[three.folds == 3][:, 0].tolist()}
    assert all(values <= unseen for values in seen)


def test_the_order_of_the_rows_does_not_matter(three) -> None:
    order = np.random.default_rng(5).permutation(400)
    shuffled = replace(
        three,
        clip_ids=tuple(three.clip_ids[i] for i in order),
        features=three.features[order],
        mos=three.mos[order],
        folds=three.folds[order],
        groups=tuple(three.groups[i] for i in order),
    )
    assert _watched(three, lambda x, *_: x[:, 0]) == _watched(shuffled, lambda x, *_: x[:, 0])


@pytest.mark.parametrize(("rows", "columns"), [(400, 2), (1500, 300), (20_000, 11)])
def test_the_cost_is_bounded(make_table, rows: int, columns: int) -> None:
    table = make_table(n=rows)
    rng = np.random.default_rng(0)
    table = replace(
        table,
        feature_order=tuple(f"f{i}" for i in range(columns)),
        features=rng.normal(size=(rows, columns)),
    )
    asked = 0

    def predict(x, *_):
        nonlocal asked
        asked += len(x)
        return x[:, 0]

    found = _watched(table, predict, seeds=(1, 2, 3, 4, 5))
    assert asked < 120_000
    assert len(found) == columns


def test_a_correlation_that_does_not_exist_is_no_number(three) -> None:
    rows = _watched(three, lambda x, *_: np.full(len(x), 3.0))
    assert all(row.plcc_drop is None and row.low is None for row in rows)


def test_one_fold_without_a_figure_leaves_the_mean_untold() -> None:
    losses = (FeatureLoss(1, 0, ("a",), 0.2), FeatureLoss(1, 1, ("a",), None))
    (row,) = importance(losses, ("a",))
    assert row.plcc_drop is None
    assert row.high is None


def test_nothing_measured_is_nothing_reported() -> None:
    assert importance((), ("a", "b")) == ()


def test_a_constant_column_correlates_with_none(make_table) -> None:
    table = make_table(n=50)
    flat = replace(
        table,
        feature_order=("signal", "noise", "flat", "level"),
        features=np.column_stack([table.features, np.full((50, 2), 7.0)]),
    )
    assert correlated_features(flat) == ((), (), (), ())


def test_training_shows_every_judged_head_and_is_not_disturbed(make_table) -> None:
    table = make_table(n=60, held_out=10)
    recipe = Recipe(params={"members": 1, "epochs": 2})
    shuffles = Shuffles(table, 2)
    watched = train(table, recipe, [1, 2], progress=lambda _: None, watch=shuffles.watch)
    alone = train(table, recipe, [1, 2], progress=lambda _: None)
    assert np.array_equal(watched.out_of_fold.predictions, alone.out_of_fold.predictions)
    assert {(loss.seed, loss.fold) for loss in shuffles.losses} == {
        (seed, fold) for seed in (1, 2) for fold in range(5)
    }
    assert all(loss.plcc_lost is None or math.isfinite(loss.plcc_lost) for loss in shuffles.losses)
