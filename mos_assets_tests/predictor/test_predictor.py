"""What users of a head rely on: the head's own answer, errors that name the feature, and a
fallback that says that it is one."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets import Predictor
from mos_assets.errors import FeatureError
from mos_assets.head import onnx_predict
from mos_assets.predictor import Source
from mos_assets.records import TrainingTable
from mos_assets.release.naming import ReleaseFiles
from mos_assets_tests.conftest import HEAD_ID, Release


@pytest.fixture
def predictor(model_folder: Path) -> Predictor:
    return Predictor(model_folder)


@pytest.fixture
def features(rated: TrainingTable) -> dict[str, float]:
    return dict(zip(rated.feature_order, map(float, rated.features[3]), strict=True))


def test_the_answer_is_the_heads_own(
    predictor: Predictor, release: Release, rated: TrainingTable
) -> None:
    expected = onnx_predict(release.onnx, rated.features)
    for row, mos in zip(rated.features[:20], expected, strict=False):
        named = dict(zip(rated.feature_order, map(float, row), strict=True))
        answer = predictor.predict_mos(named, "libx264")
        assert answer.source is Source.HEAD
        assert answer.mos == pytest.approx(mos, abs=1e-6)
        assert float(answer) == answer.mos


def test_it_says_which_verdict_it_carries(predictor: Predictor, features: dict[str, float]) -> None:
    answer = predictor.predict_mos(features, "libx264")
    assert answer.status == "Proposed"
    assert "200 simulated labels" in answer.reason


@pytest.mark.parametrize("half_width", [0.25, 3.0])
def test_the_interval_lies_around_the_score_and_within_the_scale(
    release: Release, features: dict[str, float], tmp_path: Path, half_width: float
) -> None:
    promised = release.manifest.interval
    assert promised is not None
    wide = promised.model_copy(update={"half_width": half_width})
    manifest = release.manifest.model_copy(update={"interval": wide})
    replace(release, manifest=manifest).put(tmp_path)
    answer = Predictor(tmp_path).predict_mos(features, "libx264")
    expected = (answer.mos - half_width, answer.mos + half_width)
    assert answer.interval == ((1.0, 5.0) if half_width == 3.0 else expected)


def test_a_head_that_can_promise_no_interval_gives_none(
    release: Release, features: dict[str, float], tmp_path: Path
) -> None:
    bare = release.manifest.model_copy(update={"interval": None})
    replace(release, manifest=bare).put(tmp_path)
    answer = Predictor(tmp_path).predict_mos(features, "libx264")
    assert answer.source is Source.HEAD
    assert answer.interval is None


def test_a_missing_feature_is_named(predictor: Predictor, features: dict[str, float]) -> None:
    del features["motion2"]
    with pytest.raises(FeatureError, match="'motion2' is missing"):
        predictor.predict_mos(features, "libx264")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_feature_that_is_not_finite_is_an_error_and_never_a_zero(
    predictor: Predictor, features: dict[str, float], bad: float
) -> None:
    with pytest.raises(FeatureError, match="'adm2' is"):
        predictor.predict_mos({**features, "adm2": bad}, "libx264")


def test_slots_that_a_longer_vocabulary_added_are_cut_off(
    predictor: Predictor, features: dict[str, float]
) -> None:
    plain = predictor.predict_mos(features, "libx264").mos
    longer = predictor.predict_mos(features, "libx264", encoder_onehot=[1.0, 0.0, 0.0]).mos
    assert longer == plain


@pytest.mark.parametrize("onehot", [[0.0, 1.0], [0.0], [1.0, 1.0], [0.5], []])
def test_a_slot_that_the_head_does_not_know_is_refused(
    predictor: Predictor, features: dict[str, float], onehot: list[float]
) -> None:
    with pytest.raises(FeatureError, match="encoder_onehot"):
        predictor.predict_mos(features, "libx264", encoder_onehot=onehot)


def test_without_a_head_the_codec_rule_answers_and_says_why(tmp_path: Path) -> None:
    answer = Predictor(tmp_path).predict_mos(
        {"probe_bitrate_kbps": 2000.0}, "libx264", target_quality=28
    )
    assert answer.source is Source.FALLBACK
    assert answer.mos == pytest.approx(4.546539, abs=1e-6)
    assert answer.status is None
    assert answer.interval is None
    assert f"{HEAD_ID}.onnx is missing" in answer.reason


def test_a_measured_vmaf_replaces_the_predicted_one(tmp_path: Path) -> None:
    answer = Predictor(tmp_path).predict_mos({"vmaf": 72.0}, "libx264")
    assert answer.mos == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("features", "codec", "named"),
    [
        ({"probe_bitrate_kbps": 2000.0}, "theora", "'theora'"),
        ({}, "libx264", "'probe_bitrate_kbps'"),
        ({"probe_bitrate_kbps": math.nan}, "libx264", "'probe_bitrate_kbps'"),
        ({"vmaf": math.nan}, "libx264", "'vmaf'"),
    ],
)
def test_the_fallback_invents_nothing(
    tmp_path: Path, features: dict[str, float], codec: str, named: str
) -> None:
    with pytest.raises(FeatureError, match=named):
        Predictor(tmp_path).predict_mos(features, codec)


def test_an_altered_head_is_not_used(model_folder: Path) -> None:
    onnx = ReleaseFiles(model_folder, HEAD_ID).onnx
    onnx.write_bytes(onnx.read_bytes() + b"\0")
    predictor = Predictor(model_folder)
    assert predictor.manifest is None
    assert predictor.fallback_reason is not None
    assert "sha256" in predictor.fallback_reason


def test_without_onnxruntime_the_fallback_says_so(model_folder: Path) -> None:
    """In a process of its own, in which onnxruntime cannot be imported."""
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from mos_assets import Predictor\n"
        "p = Predictor(sys.argv[1])\n"
        "print(p.predict_mos({'vmaf': 72.0}, 'libx264').reason)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(model_folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "onnxruntime cannot be imported" in found.stdout
