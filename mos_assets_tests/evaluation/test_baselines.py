"""The simple predictors are judged as strictly as the head."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation import plcc
from mos_assets.evaluation.baselines import (
    SVR_MOST_CLIPS,
    mean_predictions,
    ridge_predictions,
    svr_predictions,
)


def test_no_baseline_sees_the_fold_that_it_predicts(make_table) -> None:
    table = make_table(n=100, held_out=10)
    moved = table.mos.copy()
    moved[table.folds == 2] = 1.0
    other = replace(table, mos=moved)
    for predictor in (mean_predictions, ridge_predictions, svr_predictions):
        before, after = predictor(table), predictor(other)
        assert (before[table.folds == 2] == after[table.folds == 2]).all()
        assert not (before[table.folds == 1] == after[table.folds == 1]).all()
        assert np.isnan(before[table.folds == -1]).all()


def test_ridge_finds_a_linear_signal_and_survives_a_constant_column(make_table) -> None:
    table = make_table()
    table = replace(table, features=np.column_stack([table.features, np.full(400, 7.0)]))
    assert plcc(ridge_predictions(table), table.mos) == pytest.approx(0.87, abs=0.04)


def test_the_support_vector_machine_bends_where_ridge_cannot(make_table) -> None:
    table = make_table()
    bent = np.column_stack([table.features[:, 0] * 0, np.sqrt(np.abs(table.mos - 3))])
    bent[:, 0] = np.where(table.mos > 3, 1.0, -1.0)
    table = replace(table, features=bent + np.random.default_rng(0).normal(0, 0.05, bent.shape))
    found = svr_predictions(table)
    assert plcc(found, table.mos) > plcc(ridge_predictions(table), table.mos) + 0.02


def test_large_corpora_have_no_support_vector_machine(make_table) -> None:
    assert svr_predictions(make_table(n=SVR_MOST_CLIPS + 1)) is None


def test_one_group_to_train_on_is_enough(make_table) -> None:
    table = make_table(n=40, n_folds=2)
    table = replace(table, groups=tuple(f"g{f}" for f in table.folds))
    assert np.isfinite(ridge_predictions(table)).all()
    assert np.isfinite(svr_predictions(table)).all()
