"""Tables that cannot train are refused, with the clip and the column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.errors import TrainingError
from mos_assets.head import train
from mos_assets.records import SEED, TrainingTable
from mos_assets_tests.head.conftest import QUICK, quiet


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_feature_that_is_not_finite_is_named(table: TrainingTable, value: float) -> None:
    features = table.features.copy()
    features[3, 1] = value
    with pytest.raises(TrainingError, match=r"made/000003.*column1"):
        train(replace(table, features=features), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.99, 5.01])
def test_a_label_out_of_range_is_named(table: TrainingTable, value: float) -> None:
    mos = table.mos.copy()
    mos[4] = value
    with pytest.raises(TrainingError, match=r"made/000004.*mos"):
        train(replace(table, mos=mos), QUICK, [SEED], progress=quiet)


def test_labels_without_variance_are_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="without variance"):
        train(replace(table, mos=np.full(120, 3.0)), QUICK, [SEED], progress=quiet)


def test_labels_without_variance_outside_one_fold_are_refused(table: TrainingTable) -> None:
    """The head of that fold would have nothing to learn from, though the corpus varies."""
    mos = np.where(table.folds == 1, table.mos, 3.0)
    with pytest.raises(TrainingError, match="outside fold 1"):
        train(replace(table, mos=mos), QUICK, [SEED], progress=quiet)


def test_features_without_variance_are_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="no feature varies"):
        train(replace(table, features=np.ones((120, 5))), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize(
    "values",
    [1e12 + 1e-3 * np.arange(120.0), 1e-50 * np.arange(120.0)],
    ids=["beyond float32's digits", "below float32's range"],
)
def test_variance_that_float32_cannot_hold_is_none(
    table: TrainingTable, values: np.ndarray
) -> None:
    features = np.column_stack([values, np.full(120, 7.0)])
    order = ("column0", "column1")
    with pytest.raises(TrainingError, match=r"no feature varies.*column0, column1"):
        train(replace(table, features=features, feature_order=order), QUICK, [SEED], progress=quiet)


def test_one_fold_is_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="fewer than two folds"):
        train(replace(table, folds=np.zeros(120, np.int64)), QUICK, [SEED], progress=quiet)


def test_a_repeated_clip_is_refused(table: TrainingTable) -> None:
    clips = (table.clip_ids[0], table.clip_ids[0], *table.clip_ids[2:])
    with pytest.raises(TrainingError, match="twice"):
        train(replace(table, clip_ids=clips), QUICK, [SEED], progress=quiet)
