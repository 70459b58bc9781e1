"""The block `exchanged-v1`: the same comparison the other way round, beside the plain one."""

from __future__ import annotations

import pytest

from mos_assets.errors import SettingsError
from mos_assets.features import measure_clip, require_reference
from mos_assets.features.measure import NEEDS_SOURCE
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.settings import ReferencePolicy, Sampling
from mos_assets_tests.features.conftest import Render, task_of

SIX = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
SCENE = "testsrc2=s=64x64:r=25,trim=end_frame=60"


@pytest.mark.parametrize("how", ["gblur=sigma=1", "fps=12.5"])
@pytest.mark.parametrize("sampling", [Sampling.EVERY, Sampling.SPARSE])
def test_it_is_the_pair_with_its_roles_exchanged(
    how: str, sampling: Sampling, render: Render, ffmpeg: Ffmpeg
) -> None:
    """Of one rate to the last digit what libvmaf says of the source as a clip; the plain figures
    beside it stay what they are alone."""
    source = render("ex_source.mkv", "-f", "lavfi", "-i", SCENE, encoder=LOSSLESS)
    name = f"ex_{how.partition('=')[0]}.mkv"
    clip = render(name, "-i", str(source), "-vf", how, encoder=LOSSLESS)

    def measured(one, other, *parts: str) -> dict[str, dict[str, float]]:
        task = task_of(
            one, *parts, policy=ReferencePolicy.SOURCE, sampling=sampling, reference=other
        )
        found = {each.part: each for each in measure_clip(task, ffmpeg)}
        assert [each.reason for each in found.values()] == [None] * len(parts)
        return {part: dict(each.figures) for part, each in found.items()}

    both = measured(clip, source, "libvmaf", "exchanged")
    assert both["libvmaf"] == measured(clip, source, "libvmaf")["libvmaf"]
    assert both["exchanged"] == measured(clip, source, "exchanged")["exchanged"]
    if how.startswith("gblur"):
        back = measured(source, clip, "libvmaf")["libvmaf"]
        assert [both["exchanged"][f"exchanged_{name}"] for name in SIX] == list(back.values())
        assert both["exchanged"]["noise_of_clip"] < both["exchanged"]["noise_of_source"]


def test_it_sees_grain_on_grey_that_the_six_do_not(render: Render, ffmpeg: Ffmpeg) -> None:
    grey = "color=gray:s=64x64:r=5,trim=end_frame=3"
    source = render("plain_grey.mkv", "-f", "lavfi", "-i", grey, encoder=LOSSLESS)
    grain = f"{grey},noise=alls=20:allf=t:all_seed=1"
    clip = render("grainy_grey.mkv", "-f", "lavfi", "-i", grain, encoder=LOSSLESS)
    task = task_of(clip, "libvmaf", "exchanged", policy=ReferencePolicy.SOURCE, reference=source)
    found = {each.part: each.figures for each in measure_clip(task, ffmpeg)}
    assert found["libvmaf"]["adm2"] > 0.99
    assert found["exchanged"]["exchanged_vif_scale0"] < 0.1
    assert found["exchanged"]["noise_of_source"] == 0
    assert found["exchanged"]["noise_of_clip"] > 3


def test_without_a_source_it_is_refused_by_name(plain, ffmpeg: Ffmpeg) -> None:
    (found,) = measure_clip(task_of(plain, "exchanged"), ffmpeg)
    assert found.reason == NEEDS_SOURCE
    with pytest.raises(SettingsError, match=r"exchanged-v1.*MOS_REFERENCE=source"):
        require_reference(("container-v1", "exchanged-v1"), ReferencePolicy.LOOPBACK)
    require_reference(("container-v1", "exchanged-v1", "a-table"), ReferencePolicy.SOURCE)
