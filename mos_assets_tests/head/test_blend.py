"""The blend: weights decided on inner folds with groups apart, and never on the outer fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.head import Recipe, nested_out_of_fold, train
from mos_assets.head.blend import convex_weights
from mos_assets.records import SEED, FloatArray, TrainingTable
from mos_assets_tests.head.conftest import quiet, table_of


@given(st.integers(1, 5), st.integers(0, 50))
def test_convex_weights_beat_every_expert_and_every_grid_point(count: int, seed: int) -> None:
    """Within their own terms: the least square, plus the pull towards single experts."""
    rng = np.random.default_rng(seed)
    errors = rng.standard_normal((count, 40)) * rng.uniform(0.2, 2, (count, 1)) + rng.normal()
    drawn = np.linspace(0.01, 0.0, count) if count > 1 else np.array([0.01])
    weights = convex_weights(errors, drawn)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0)
    pull = drawn * (errors**2).mean(axis=1).min()

    def loss(w: np.ndarray) -> float:
        apart = ((w - np.eye(count)) ** 2).sum(axis=1)
        return float(((w @ errors) ** 2).mean() + pull @ apart)

    for other in [*np.eye(count), *rng.dirichlet(np.ones(count), 200)]:
        assert loss(weights) <= loss(other) + 1e-9


def test_a_straight_line_is_left_to_the_linear_expert() -> None:
    rng = np.random.default_rng(8)
    features = rng.standard_normal((300, 4))
    mos = np.clip(3 + features @ [0.5, 0.2, -0.3, 0.1] + rng.normal(0, 0.05, 300), 1, 5)
    result = train(
        table_of(features, mos, np.arange(300) % 5),
        Recipe(params={"members": 2, "epochs": 5, "inducing_points": 16}),
        [SEED],
        progress=quiet,
    )
    shares = result.head.blend
    assert shares["linear"] + shares.get("linear, soft", 0) + shares.get("kernel", 0) > 0.8
    assert sum(shares.values()) == pytest.approx(1.0)


def test_what_a_fold_holds_never_tunes_its_own_heads() -> None:
    """Neither settings nor weights: other labels in a fold leave its predictions alone."""
    rng = np.random.default_rng(9)
    features = rng.standard_normal((150, 3))
    mos = np.clip(3 + features[:, 0] * features[:, 1] + rng.normal(0, 0.2, 150), 1, 5)
    table = table_of(features, mos, np.arange(150) % 5)
    recipe = Recipe(params={"members": 1, "epochs": 3, "inducing_points": 16})
    inside = table.folds == 1
    other = replace(table, mos=np.where(inside, 6.0 - mos, mos))

    def trained(rows: TrainingTable) -> FloatArray:
        return train(rows, recipe, [SEED], progress=quiet).out_of_fold.predictions

    for predicted in (trained, nested_out_of_fold):
        before, after = predicted(table), predicted(other)
        assert np.array_equal(before[..., inside], after[..., inside])
        assert not np.array_equal(before[..., ~inside], after[..., ~inside])
