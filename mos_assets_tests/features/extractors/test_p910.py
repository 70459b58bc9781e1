"""The block `p910-2023` against the Recommendation's arithmetic in floating point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mos_assets.features import measure_clip
from mos_assets.features.extractors.p910 import pq_levels
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets_tests.features.conftest import Render, task_of

LOSSLESS = ("-c:v", "ffv1")


def pq(light: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 of cd/m²."""
    y = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(signal: np.ndarray) -> np.ndarray:
    """Display light of BT.2100 HLG at 1000 cd/m²."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return 0.01 + 999.99 * scene**1.2


DISPLAYS = {
    "": lambda s: pq(0.1 + 299.9 * s**2.4),
    "color_trc=bt709:colorspace=bt709": lambda s: pq(0.1 + 299.9 * s**2.4),
    "color_trc=smpte2084:colorspace=bt2020nc": lambda s: s,
    "color_trc=arib-std-b67:colorspace=bt2020nc": lambda s: pq(hlg(s)),
    "color_trc=iec61966-2-1": lambda s: pq(
        0.1 + 299.9 * np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    ),
}


@pytest.mark.parametrize("tags", DISPLAYS)
@pytest.mark.parametrize("depth", [8, 10])
def test_it_is_the_editions_arithmetic(
    tags: str, depth: int, render: Render, ffmpeg: Ffmpeg, tmp_path
) -> None:
    ending, dtype = ("", "u1") if depth == 8 else ("10le", "<u2")
    made = f"mandelbrot=s=64x64:r=2,trim=end_frame=2,format=yuv420p{ending}"
    made += f",setparams={tags}" if tags else ""
    name = f"p910_{depth}_{list(DISPLAYS).index(tags)}.mkv"
    clip = render(name, "-f", "lavfi", "-i", made, encoder=LOSSLESS)
    (found,) = measure_clip(task_of(clip, "p910"), ffmpeg)
    assert found.reason is None
    words = ["-i", str(clip), "-vf", "extractplanes=y", "-f", "rawvideo", "luma"]
    assert run_ffmpeg(ffmpeg, words, cwd=tmp_path).returncode == 0
    codes = np.fromfile(tmp_path / "luma", dtype).reshape(2, 64, 64) / 2 ** (depth - 8)
    first, second = DISPLAYS[tags](np.clip((codes - 16) / 219, 0, 1))
    edges = np.hypot(ndimage.sobel(first, 0), ndimage.sobel(first, 1))[1:-1, 1:-1]
    si, ti = 255 * edges.std(), 255 * (second - first).std()
    expected = {"p910_mean_si": si, "p910_max_si": si, "p910_mean_ti": ti, "p910_max_ti": ti}
    assert dict(found.figures) == pytest.approx(expected, rel=2e-3, abs=0.01)


def test_one_frame_and_a_transfer_without_a_display(render: Render, ffmpeg: Ffmpeg) -> None:
    still = "testsrc2=s=64x64:r=2,trim=end_frame=1,format=yuv420p"
    clip = render("p910_still.mkv", "-f", "lavfi", "-i", still, encoder=LOSSLESS)
    (found,) = measure_clip(task_of(clip, "p910"), ffmpeg)
    assert set(found.figures) == {"p910_mean_si", "p910_max_si"}
    assert found.reason is not None
    assert "one frame" in found.reason
    linear = f"{still},setparams=color_trc=linear"
    clip = render("p910_linear.mkv", "-f", "lavfi", "-i", linear, encoder=LOSSLESS)
    (found,) = measure_clip(task_of(clip, "p910"), ffmpeg)
    assert found.reason is not None
    assert "transfer characteristics are 8 of ITU-T H.273" in found.reason


def test_displays_rise_and_meet_at_their_joints() -> None:
    for transfer in (2, 13, 16, 18):
        steps = np.diff(pq_levels(transfer))
        assert steps.min() >= 0
        assert steps.max() < 400, "HLG has no jump at half of its signal"
