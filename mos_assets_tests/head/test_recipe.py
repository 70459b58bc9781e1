"""Hyper-parameters follow from the rows, and those of the user win."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mos_assets.errors import TrainingError
from mos_assets.head import Recipe
from mos_assets_tests.head.conftest import QUICK


def test_hyper_parameters_of_the_user_win() -> None:
    for rows in (100, 5_000, 150_000):
        assert Recipe(params={"epochs": 3}).plan(rows, rows).params["epochs"] == 3


def test_large_corpora_get_fewer_members_and_epochs() -> None:
    small, large = (Recipe().plan(rows, rows).params for rows in (1_000, 150_000))
    assert small["members"] > large["members"]
    assert small["epochs"] > large["epochs"]


def test_a_plan_is_plain_data() -> None:
    """It goes into the manifest as it is, and holds what was asked for."""
    params = QUICK.plan(100, 100).params
    assert json.loads(json.dumps(params)) == params
    assert (params["hidden"], params["impute"]) == (8, False)


def test_no_more_orders_of_rows_than_members() -> None:
    assert Recipe(params={"members": 1}).plan(100, 10).params["batch_orders"] == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"members": 0},
        {"dropout": 1.0},
        {"learning_rate": np.inf},
        {"weight_decay": -1.0},
        {"warmup": 0.0},
        {"inducing_points": 0},
        {"centres": 16},
    ],
)
def test_recipes_that_cannot_train_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match=next(iter(bad))):
        Recipe(params=bad)


@pytest.mark.parametrize("softness", [0.0, -1.0, np.inf, np.nan])
def test_softness_that_bends_nothing_is_refused(softness: float) -> None:
    with pytest.raises(TrainingError, match="softness"):
        Recipe(softness=softness)
