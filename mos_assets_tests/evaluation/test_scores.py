"""Metrics of every seed on every fold, and the means of a seed."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math

import numpy as np
import pytest

from mos_assets.evaluation import GATE, PLCC
from mos_assets.evaluation.metrics import SROCC
from mos_assets.evaluation.scores import fold_scores, seed_scores
from mos_assets.records import FoldScore, OutOfFold, SeedScore


def test_held_out_rows_are_in_no_figure(make_table, predict) -> None:
    table = make_table(n=100, held_out=20)
    oof = predict(table)
    wrong = oof.predictions.copy()
    wrong[:, table.folds < 0] = np.nan
    assert fold_scores(table, oof, GATE.metrics) == fold_scores(
        table, OutOfFold(oof.seeds, wrong), GATE.metrics
    )
    assert {(row.n_train, row.n_val) for row in fold_scores(table, oof, GATE.metrics)} == {(64, 16)}


def test_predictions_must_fit_the_table(make_table, predict) -> None:
    table = make_table(n=50)
    oof = predict(table)
    with pytest.raises(ValueError, match=r"expected \(5, 50\), got \(5, 49\)"):
        fold_scores(table, OutOfFold(oof.seeds, oof.predictions[:, 1:]), GATE.metrics)
    with pytest.raises(ValueError, match="distinct"):
        fold_scores(table, OutOfFold((1, 1, 2, 3, 4), oof.predictions), GATE.metrics)


def test_a_missing_fold_is_never_averaged_away() -> None:
    rows = [
        FoldScore(seed=1, fold=fold, n_train=80, n_val=20, figures={"plcc": plcc, "srocc": 0.9})
        for fold, plcc in enumerate((0.9, math.nan))
    ]
    (seed,) = seed_scores(rows, (PLCC, SROCC))
    assert seed.of(PLCC) is None
    assert seed.of(SROCC) == pytest.approx(0.9)
    # In files each figure lies under its own name, and null stands for what does not exist.
    assert seed.model_dump(mode="json") == {"seed": 1, "mean_plcc": None, "mean_srocc": 0.9}
    assert SeedScore.model_validate_json(seed.model_dump_json()) == seed
