"""Means and deviations are those of the training rows."""

from __future__ import annotations

import pytest

from mos_assets.head import TrainingResult
from mos_assets.records import TrainingTable


def test_standardisation_is_that_of_the_training_rows(
    result: TrainingResult, table: TrainingTable
) -> None:
    trained = table.features[table.folds >= 0]
    assert result.head.feature_mean == pytest.approx(trained.mean(axis=0), rel=1e-5, abs=1e-6)
    assert result.head.feature_std[:-1] == pytest.approx(trained.std(axis=0)[:-1], rel=1e-5)
    assert result.head.feature_std[-1] == 1.0
