"""Small tables with known structure, and one trained head that many tests look at."""

from __future__ import annotations

import numpy as np
import pytest

from mos_assets.head import Recipe, TrainingResult, train
from mos_assets.records import SEED, FloatArray, TrainingTable

QUICK = Recipe(params={"members": 3, "hidden": 8, "epochs": 8, "inducing_points": 16, "trees": 10})
"""Enough to learn the small tables, cheap enough to train many times."""


def quiet(_line: str) -> None:
    """A progress callback for tests that do not look at progress."""


def make_table(
    rows: int = 120, columns: int = 5, seed: int = 1, held_out: int = 0
) -> TrainingTable:
    """Rows whose MOS bends with the first column and falls with the second.

    The last column is constant where there are three or more, another has heavy tails; units
    differ by orders of magnitude. Fold f holds the rows f, f + 5, …; the last `held_out` rows
    have fold -1.
    """
    rng = np.random.default_rng(seed)
    plain = rng.standard_normal((rows, columns))
    mos = np.clip(3 + np.tanh(plain[:, 0]) - 0.4 * plain[:, 1] + 0.1 * plain.sum(axis=1), 1, 5)
    features = plain * 10.0 ** (np.arange(columns) % 7 - 2) + 7.0
    if columns >= 3:
        features[:, 2] = plain[:, 2] ** 5
        features[:, -1] = 42.0
    folds = np.arange(rows) % 5
    folds[rows - held_out :] = -1
    # NumPy's own tanh and powers differ in the last bit between vector units; the rows must not.
    return table_of(_single(features), _single(mos), folds)


def _single(values: FloatArray) -> FloatArray:
    return values.astype(np.float32).astype(np.float64)


def table_of(features: FloatArray, mos: FloatArray, folds: np.ndarray) -> TrainingTable:
    """A table around the given numbers; every row is its own group."""
    rows, columns = features.shape
    clips = tuple(f"made/{row:06d}" for row in range(rows))
    unknown = np.full(rows, np.nan)
    return TrainingTable(
        clip_ids=clips,
        feature_order=tuple(f"column{index}" for index in range(columns)),
        features=features,
        mos=mos,
        folds=folds.astype(np.int64),
        groups=clips,
        mos_std=unknown,
        n_ratings=unknown,
        height=unknown,
        codec=(None,) * rows,
        part=(None,) * rows,
    )


@pytest.fixture(scope="session")
def table() -> TrainingTable:
    """120 rows, five columns, ten rows held out of training."""
    return make_table(held_out=10)


@pytest.fixture(scope="session")
def result(table: TrainingTable) -> TrainingResult:
    """The small table, trained with two seeds."""
    return train(table, QUICK, [SEED, SEED + 1], progress=quiet)
