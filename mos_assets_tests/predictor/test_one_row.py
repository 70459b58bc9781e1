"""The short way for one clip gives what the long way gives, or leaves the clip to it."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from mos_assets import Predictor
from mos_assets.head import onnx_predict
from mos_assets.records import TrainingTable
from mos_assets_tests.conftest import Release

ORDER = ("adm2", "motion2", "saliency_mean")
VALUES: dict[str, tuple[Any, float]] = {
    "numpy float32": (np.float32(0.1), float(np.float32(0.1))),
    "numpy float64": (np.float64(0.1), 0.1),
    "whole": (3, 3.0),
    "large whole": (10**30, 1e30),
    "yes": (True, 1.0),
    "decimal": (Decimal("0.1"), 0.1),
    "fraction": (Fraction(1, 10), 0.1),
    "text": ("0.1", 0.1),
    "array of one": (np.array(0.1), 0.1),
    "largest float32": (3.4028234e38, 3.4028234e38),
    "beyond float32": (1e39, 3.4028234e38),
    "far beyond": (-1.7e308, -3.4028234e38),
    "tiny": (5e-324, 0.0),
}


@pytest.mark.parametrize("kind", VALUES)
def test_whatever_is_a_number_counts_as_that_number(
    release: Release, model_folder: Path, kind: str
) -> None:
    given, as_float = VALUES[kind]
    features = MappingProxyType({"adm2": 0.3, "motion2": given, "saliency_mean": 1.0})
    expected = onnx_predict(release.onnx, np.array([[0.3, as_float, 1.0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = Predictor(model_folder).predict_mos(features, "libx264")
    assert answer.mos == expected[0]


def test_threads_do_not_see_each_others_clips(model_folder: Path, rated: TrainingTable) -> None:
    predictor = Predictor(model_folder)
    clips = [dict(zip(ORDER, row, strict=True)) for row in rated.features.tolist()]
    alone = [predictor.predict_mos(clip, "libx264").mos for clip in clips]

    def all_of_them(_: int) -> list[float]:
        return [predictor.predict_mos(clip, "libx264").mos for clip in clips]

    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(all_of_them, range(12)):
            assert found == alone
