"""What pushed a score adds up to it; correlated features push together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mos_assets.comparing.explanation import explain, timeline
from mos_assets.records import FloatArray
from mos_assets.release.manifest import Manifest
from mos_assets_tests.comparing.test_bd_rate import Encode
from mos_assets_tests.conftest import Release


def _curved(features: FloatArray) -> FloatArray:
    """A gap of -9 in motion2 counts as 4."""
    motion = np.where(features[:, 1] == -9, 4.0, features[:, 1])
    found: FloatArray = 3 + np.tanh(features[:, 0] * features[:, 2] - 0.1 * motion)
    return found


@pytest.fixture
def manifest(release: Release) -> Manifest:
    return release.manifest.model_copy(update={"missing_value": -9.0})


def test_pushes_add_up_and_a_gap_is_what_the_head_makes_of_it(
    encode: Encode, manifest: Manifest
) -> None:
    clip = encode(2.0)
    found = explain(clip, manifest, _curved)
    row = np.array([[0.9, -9.0, 0.2]])
    total = found.mean_score + sum(push.mos for push in found.pushes)
    assert total == pytest.approx(_curved(row)[0])
    assert found.mean_score == pytest.approx(_curved(np.array([manifest.feature_mean]))[0])
    strengths = [abs(push.mos) for push in found.pushes]
    assert strengths == sorted(strengths, reverse=True)
    (motion,) = [p.features[0] for p in found.pushes if p.features[0].name == "motion2"]
    assert (motion.value, motion.deviations) == (None, None)
    assert all(push.standard_error is None for push in found.pushes)


def test_a_family_pushes_as_one(encode: Encode, manifest: Manifest) -> None:
    families = (("adm2", "saliency_mean", "not_of_this_head"),)
    found = explain(encode(2.0), manifest.model_copy(update={"correlated": families}), _curved)
    names = {tuple(shift.name for shift in push.features) for push in found.pushes}
    assert names == {("adm2", "saliency_mean"), ("motion2",)}
    assert found.pushes[0].features[0].mean == manifest.feature_mean[0]


def test_seconds_change_what_is_known_of_them(encode: Encode, manifest: Manifest) -> None:
    seconds: list[Mapping[str, float]] = [{"adm2": 0.9, "vif": 1.0}, {"adm2": 0.1, "vif": 1.0}]
    found = timeline(encode(2.0), manifest, seconds, _curved)
    assert found.varying == ("adm2",)
    expected = _curved(np.array([[0.9, -9.0, 0.2], [0.1, -9.0, 0.2]]))
    assert found.mos == pytest.approx(tuple(expected))
