"""The default recipe reaches what the data allow, on rows whose ceiling is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mos_assets.head import Recipe, train
from mos_assets.records import SEED, FloatArray, TrainingTable
from mos_assets_tests.head.conftest import quiet, table_of


def _synthetic() -> TrainingTable:
    """600 rows of the synthetic corpus: a linear rule and noise of 0.10."""
    rng = np.random.default_rng(SEED)
    bounds = [(0.4, 1), (0.2, 0.95), (0.3, 0.95), (0.4, 0.97), (0.5, 0.98), (0, 30), (0, 0.6)]
    bounds += [(0, 0.05), (0, 1), (0, 1), (0, 0.1)]
    columns = np.stack([rng.uniform(low, high, 600) for low, high in bounds], axis=1)
    rule = 2.5 + 1.6 * columns[:, 0] - 0.04 * columns[:, 5]
    rule += 0.6 * columns[:, 6] + 0.3 * columns[:, 4]
    mos = np.clip(rule + rng.normal(0, 0.1, 600), 1, 5)
    return table_of(columns, mos, np.arange(600) % 5)


def _bent() -> TrainingTable:
    """A rule that no straight line follows, on columns with heavy tails."""
    rng = np.random.default_rng(6)
    plain = rng.standard_normal((500, 4))
    mos = 3 + np.tanh(plain[:, 0] * plain[:, 1]) + 0.5 * np.abs(plain[:, 2])
    noisy = np.clip(mos + rng.normal(0, 0.2, 500), 1, 5)
    return table_of(np.sinh(1.5 * plain), noisy, np.arange(500) % 5)


def _mean_plcc(table: TrainingTable, predictions: FloatArray) -> float:
    folds = [table.folds == fold for fold in range(5)]
    return float(np.mean([np.corrcoef(predictions[f], table.mos[f])[0, 1] for f in folds]))


def _ridge(table: TrainingTable) -> FloatArray:
    splits = [
        (np.flatnonzero(table.folds != f), np.flatnonzero(table.folds == f)) for f in range(5)
    ]
    model = make_pipeline(StandardScaler(), Ridge(1.0))
    return np.asarray(cross_val_predict(model, table.features, table.mos, cv=splits))


def test_reaches_the_noise_ceiling_of_the_synthetic_corpus() -> None:
    """The ceiling is .977; a network must not lose to the straight line that made the rows."""
    table = _synthetic()
    found = train(table, Recipe(), [SEED, SEED + 1], progress=quiet).out_of_fold.predictions
    figures = [_mean_plcc(table, predictions) for predictions in found]
    assert min(figures) >= 0.975
    assert min(figures) >= _mean_plcc(table, _ridge(table)) - 0.003
    assert max(figures) - min(figures) <= 0.005


def test_bends_where_the_rows_do() -> None:
    table = _bent()
    (found,) = train(table, Recipe(), [SEED], progress=quiet).out_of_fold.predictions
    assert _mean_plcc(table, found) > _mean_plcc(table, _ridge(table)) + 0.2
    assert _mean_plcc(table, found) == pytest.approx(0.8, abs=0.15)
