"""Gaps and encoder slots: medians and flags of the training rows only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.errors import TrainingError
from mos_assets.head import train
from mos_assets.records import SEED
from mos_assets_tests.head.conftest import QUICK, make_table, quiet


def test_gaps_train_where_the_head_imputes() -> None:
    """Medians are those of the training rows, flags tell that there was a gap."""
    table = make_table(rows=200, columns=4)
    rng = np.random.default_rng(1)
    gaps = rng.random((200, 4)) < 0.1
    gaps[:, 1] = np.arange(200) % 3 == 0
    mos = np.where(gaps[:, 1], np.minimum(5.0, table.mos + 1.0), table.mos)
    holed = replace(table, features=np.where(gaps, np.nan, table.features), mos=mos)
    with pytest.raises(TrainingError, match="nan"):
        train(holed, QUICK, [SEED], progress=quiet)
    result = train(holed, replace(QUICK, impute=True), [SEED], progress=quiet)
    correlation = np.corrcoef(result.out_of_fold.predictions[0], mos)[0, 1]
    assert correlation > 0.7
    medians = result.head.inputs.medians
    assert medians is not None
    expected = np.nanpercentile(holed.features, 50, axis=0, method="lower")
    assert medians == pytest.approx(expected, rel=1e-6)


def test_a_fold_with_a_gap_does_not_move_its_own_medians() -> None:
    table = make_table(rows=100, columns=3)
    features = table.features.copy()
    features[table.folds == 2, 0] = np.nan
    recipe = replace(QUICK, impute=True)
    first = train(replace(table, features=features), recipe, [SEED], progress=quiet)
    features[np.flatnonzero(table.folds == 2)[0], 0] = 1e5
    second = train(replace(table, features=features), recipe, [SEED], progress=quiet)
    others = np.flatnonzero(table.folds == 2)[1:]
    before, after = (r.out_of_fold.predictions[0, others] for r in (first, second))
    assert np.array_equal(before, after)
