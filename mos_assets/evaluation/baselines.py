"""What the simplest predictors reach on the same folds: a head must not lose to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, FoldLines, IntArray, TrainingTable

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

Setting = TypeVar("Setting")

_ALPHAS = tuple(float(10.0**e) for e in range(-2, 6))
"""Of these ridge chooses its alpha, inside the training folds."""
SVR_MOST_CLIPS = 2_000
"""A support vector machine costs more than the head does beyond this many clips."""
_SVR_GRID = tuple((c, g) for c in (2.0, 8.0) for g in (0.1, 0.25, 0.5))
"""C, and gamma times the number of features, chosen inside the training folds."""
INNER_FOLDS = 5
_SVR_INNER_FOLDS = 3


def mean_predictions(table: TrainingTable, lines: FoldLines | None = None) -> FloatArray:
    """[n] mean rating of the rows outside each row's fold; NaN for rows of fold -1."""
    return out_of_fold(table, lambda _, rows, mos: np.full(len(rows), np.mean(mos)), lines)


def ridge_predictions(table: TrainingTable, lines: FoldLines | None = None) -> FloatArray:
    """[n] out-of-fold predictions of ridge on standardised features, kept within 1..5.

    Alpha is chosen on inner folds with the groups held apart, by squared error; with a
    single group to train on it is 1. NaN for rows of fold -1. lines: as `out_of_fold`.
    """
    return chosen_inside(table, _ridge, _ALPHAS, fallback=1.0, inner_folds=INNER_FOLDS, lines=lines)


def svr_predictions(table: TrainingTable, lines: FoldLines | None = None) -> FloatArray | None:
    """The same of support vector regression with a Gaussian kernel (Smola & Schölkopf 2004).

    None beyond `SVR_MOST_CLIPS`.
    """
    if np.count_nonzero(table.folds >= 0) > SVR_MOST_CLIPS:
        return None
    grid = [(c, gamma / len(table.feature_order)) for c, gamma in _SVR_GRID]
    return chosen_inside(
        table, _svr, grid, fallback=grid[0], inner_folds=_SVR_INNER_FOLDS, lines=lines
    )


def chosen_inside(
    table: TrainingTable,
    make: Callable[[Setting], Pipeline],
    settings: Sequence[Setting],
    *,
    fallback: Setting,
    inner_folds: int,
    most_rows: int | None = None,
    lines: FoldLines | None = None,
) -> FloatArray:
    """[n] out-of-fold predictions of the setting of least squared error, held within 1..5.

    make: builds the regressor of a setting; fallback: the setting where training rows share a
    single content; most_rows: that settings are tried on, evenly spaced. They are tried on inner
    folds with the groups held apart, so that whatever is tuned sees the training folds only. NaN
    for rows of fold -1.
    """

    def predicted(training: IntArray, rows: IntArray, y: FloatArray) -> FloatArray:
        groups = np.unique([table.groups[i] for i in training], return_inverse=True)[1]
        x = table.features[training]
        step = 1 if most_rows is None else -(-len(y) // most_rows)
        few = np.unique(groups[::step], return_inverse=True)[1]
        chosen = _best(make, settings, x[::step], y[::step], few, inner_folds)
        best = fallback if chosen is None else chosen
        found = make(best).fit(x, y).predict(table.features[rows])
        return np.asarray(np.clip(found, MOS_MIN, MOS_MAX), dtype=np.float64)

    return out_of_fold(table, predicted, lines)


def out_of_fold(
    table: TrainingTable,
    predict: Callable[[IntArray, IntArray, FloatArray], FloatArray],
    lines: FoldLines | None = None,
) -> FloatArray:
    """[n] of `predict`, which is given the rows of the other folds, those of each fold, and the
    ratings of the other folds.

    lines: of corpora that were put on one scale. Then those ratings are on it, and what is
    predicted is put back on the scale of each row's corpus, as it is for the head. NaN for rows of
    fold -1, and where there is no other fold.
    """
    predicted = np.full(len(table.mos), np.nan)
    inside = table.folds >= 0
    for fold in np.unique(table.folds[inside]).tolist():
        rows = np.flatnonzero(table.folds == fold)
        training = np.flatnonzero(inside & (table.folds != fold))
        if not len(training):
            continue
        mos = table.mos[training]
        if lines is None:
            predicted[rows] = predict(training, rows, mos)
        else:
            found = predict(training, rows, lines.onto_reference(fold, mos, training))
            predicted[rows] = lines.onto_own(fold, found, rows)
    return predicted


def _best(
    make: Callable[[Setting], Pipeline],
    settings: Sequence[Setting],
    x: FloatArray,
    y: FloatArray,
    groups: IntArray,
    inner_folds: int,
) -> Setting | None:
    """The setting of least squared error; None where there is a single group."""
    from sklearn.model_selection import GroupKFold

    n_groups = int(groups.max()) + 1
    if n_groups < 2:
        return None
    splits = list(GroupKFold(min(inner_folds, n_groups)).split(x, y, groups))
    errors = [
        sum(
            float(np.sum((make(setting).fit(x[a], y[a]).predict(x[b]) - y[b]) ** 2))
            for a, b in splits
        )
        for setting in settings
    ]
    return settings[int(np.argmin(errors))]


def _ridge(alpha: float) -> Pipeline:
    from sklearn.linear_model import Ridge

    return standardised(Ridge(alpha=alpha, solver="cholesky"))


def _svr(setting: tuple[float, float]) -> Pipeline:
    from sklearn.svm import SVR

    c, gamma = setting
    return standardised(SVR(C=c, gamma=gamma, epsilon=0.1, tol=1e-4))


def standardised(regressor: BaseEstimator) -> Pipeline:
    """The regressor on standardised features; where some are missing, on medians and flags."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(filled, StandardScaler(), regressor)
