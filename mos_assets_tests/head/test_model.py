"""The trained head takes complete rows and stays small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import FeatureError
from mos_assets.head import Recipe, TrainingResult, export_onnx, train
from mos_assets.records import SEED, TrainingTable
from mos_assets_tests.head.conftest import make_table, quiet


def test_predicting_needs_complete_rows(result: TrainingResult, table: TrainingTable) -> None:
    features = table.features.copy()
    features[2, 1] = np.nan
    with pytest.raises(FeatureError, match=r"column1.*row 2"):
        result.head.predict(features)
    with pytest.raises(FeatureError, match="column0"):
        result.head.predict(features[:, :3])


def test_the_eleven_features_stay_small(tmp_path: Path) -> None:
    table = make_table(rows=60, columns=11)
    head = train(table, Recipe(params={"epochs": 1}), [SEED], progress=quiet).head
    export_onnx(head, tmp_path / "head.onnx")
    params = Recipe().plan(600, 16).params
    network = params["members"] * params["hidden"] * (11 + 1 + 2) + 11 + 2
    kernel = params["centres"] * (11 + 1 + 1) + 2
    linear = 11 + 2
    assert head.n_parameters <= network + 2 * kernel + 2 * linear <= 100_000
