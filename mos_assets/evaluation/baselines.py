"""What the simplest predictors reach on the same folds: a head must not lose to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, TrainingTable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ALPHAS: tuple[float, ...] = tuple(float(10.0**e) for e in range(-2, 6))
"""Penalties that ridge chooses from, inside the training folds."""
_INNER_FOLDS = 5


def mean_predictions(table: TrainingTable) -> FloatArray:
    """[n] mean rating of the rows outside each row's fold; NaN for rows of fold -1."""
    predicted = np.full(len(table.mos), np.nan)
    inside = table.folds >= 0
    for fold in np.unique(table.folds[inside]):
        rows = table.folds == fold
        training = inside & ~rows
        if training.any():
            predicted[rows] = float(np.mean(table.mos[training]))
    return predicted


def ridge_predictions(table: TrainingTable) -> FloatArray:
    """[n] out-of-fold predictions of ridge on standardised features, kept within 1..5.

    The penalty is chosen on inner folds with the groups held apart, by squared error; with a
    single group to train on it is 1. NaN for rows of fold -1.
    """
    predicted = np.full(len(table.mos), np.nan)
    inside = table.folds >= 0
    for fold in np.unique(table.folds[inside]):
        rows = table.folds == fold
        training = np.flatnonzero(inside & ~rows)
        if len(training) == 0:
            continue
        groups = np.unique([table.groups[i] for i in training], return_inverse=True)[1]
        x, y = table.features[training], table.mos[training]
        model = _ridge(_penalty(x, y, groups)).fit(x, y)
        predicted[rows] = np.clip(model.predict(table.features[rows]), MOS_MIN, MOS_MAX)
    return predicted


def _ridge(alpha: float) -> Pipeline:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge(alpha=alpha, solver="cholesky"))


def _penalty(x: FloatArray, y: FloatArray, groups: np.typing.NDArray[np.int64]) -> float:
    from sklearn.model_selection import GroupKFold

    n_groups = int(groups.max()) + 1
    if n_groups < 2:
        return 1.0
    splits = list(GroupKFold(min(_INNER_FOLDS, n_groups)).split(x, y, groups))
    errors = [
        sum(
            float(np.sum((_ridge(alpha).fit(x[a], y[a]).predict(x[b]) - y[b]) ** 2))
            for a, b in splits
        )
        for alpha in ALPHAS
    ]
    return ALPHAS[int(np.argmin(errors))]
