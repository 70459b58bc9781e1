"""The codec rule of the fallback, against the figures of its specification."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import FeatureError
from mos_assets.predictor.codec_rule import CODEC_CURVES, predict_vmaf, vmaf_to_mos


@pytest.mark.parametrize(
    ("codec", "quality", "mos"),
    [
        ("libx264", 23, 4.996539),
        ("libx264", 28, 4.546539),
        ("libx264", 40, 3.291682),
        ("libx264", 51, 1.924539),
        ("h264_nvenc", None, 4.830103),
        ("av1_amf", None, 4.758674),
    ],
)
def test_checks_at_2000_kbps(codec: str, quality: float | None, mos: float) -> None:
    assert vmaf_to_mos(predict_vmaf(codec, 2000, quality)) == pytest.approx(mos, abs=1e-6)


def test_vp9_has_its_default_quality_apart_from_its_reference() -> None:
    assert predict_vmaf("libvpx-vp9", 2000, None) == predict_vmaf("libvpx-vp9", 2000, 32)
    assert predict_vmaf("libvpx-vp9", 2000, None) != predict_vmaf("libvpx-vp9", 2000, 23)


@given(
    st.sampled_from(sorted(CODEC_CURVES)),
    st.floats(-1e9, 1e9),
    st.one_of(st.none(), st.floats(-1e6, 1e6)),
)
def test_every_finite_input_gives_a_score_on_the_scale(
    codec: str, bitrate: float, quality: float | None
) -> None:
    assert 1.0 <= vmaf_to_mos(predict_vmaf(codec, bitrate, quality)) <= 5.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_an_error_and_never_a_five(bad: float) -> None:
    with pytest.raises(FeatureError):
        vmaf_to_mos(bad)
    with pytest.raises(FeatureError):
        predict_vmaf("libx264", bad, 23)
    with pytest.raises(FeatureError):
        predict_vmaf("libx264", 2000, bad)


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(FeatureError, match="'theora' is not known"):
        predict_vmaf("theora", 2000, None)
