"""Tags of colour: which matrix pictures are taken for, in RGB and where two files are compared."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mos_assets.features import measure_clip
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render, task_of

BARS = "testsrc2=s={}:r=5,trim=end_frame=3,format=yuv420p"
LOSSLESS = ("-c:v", "ffv1")
HD_709, SD_601 = (0.2126, 0.0722), (0.299, 0.114)


def by_hand(luma: int, blue: int, red: int, full: bool, weights: tuple[float, float]) -> float:
    """Hasler and Süsstrunk's figure of a picture of one colour, by the textbook."""
    (y, u, v) = (
        (luma / 255, (blue - 128) / 255, (red - 128) / 255)
        if full
        else ((luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224)
    )
    kr, kb = weights
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return 0.3 * 255 * math.hypot(r - g, (r + g) / 2 - b)


@pytest.mark.parametrize(
    ("size", "tags", "weights"),
    [
        ("64x64", "", SD_601),
        ("64x64", "colorspace=bt709", HD_709),
        ("64x64", "colorspace=smpte170m", SD_601),
        ("64x64", "range=pc", SD_601),
        ("64x64", "range=pc:colorspace=bt709", HD_709),
        ("1280x64", "", HD_709),
        ("64x1280", "", HD_709),
        ("1278x718", "", SD_601),
        ("720x720", "", HD_709),
        ("1280x64", "colorspace=bt470bg", SD_601),
        ("1280x64", "range=pc", HD_709),
    ],
)
def test_colour_by_tags_and_untagged_by_size(
    size: str, tags: str, weights: tuple[float, float], render: Render, ffmpeg: Ffmpeg
) -> None:
    luma, blue, red = 120, 110, 160
    made = f"color=s={size}:r=5,trim=end_frame=1,format=yuv420p,geq=lum={luma}:cb={blue}:cr={red}"
    full = "range=pc" in tags
    name = f"one_colour_{size}_{tags.replace(':', '_').replace('=', '_')}.mp4"
    # PNG and FFV1 know no range; x264 writes what it is told into the stream itself.
    encoder = ("-c:v", "libx264", "-qp", "0", *(("-color_range", "pc") if full else ()))
    told = f"{made},setparams={tags or 'range=tv'}"
    clip = render(name, "-f", "lavfi", "-i", told, encoder=encoder)
    (found,) = measure_clip(task_of(clip, "colour"), ffmpeg)
    assert found.reason is None
    expected = by_hand(luma, blue, red, full, weights)
    assert found.figures["colourfulness"] == pytest.approx(expected, abs=0.5)


def test_a_side_without_tags_is_compared_in_the_matrix_of_the_other(
    render: Render, ffmpeg: Ffmpeg
) -> None:
    """The same codes have the same figures, whichever of the two files says what they mean."""
    sides: dict[tuple[str, str], Path] = {}
    for tag in ("unknown", "bt709"):
        for side, change in (("clip", ",gblur=sigma=1"), ("slow", ",fps=2.5"), ("source", "")):
            made = f"{BARS.format('64x64')}{change},setparams=colorspace={tag}"
            name = f"{side}_{tag}.mkv"
            sides[side, tag] = render(name, "-f", "lavfi", "-i", made, encoder=LOSSLESS)
    for side in ("clip", "slow"):
        found = set()
        for clip, source in (("unknown", "unknown"), ("unknown", "bt709"), ("bt709", "unknown")):
            task = task_of(
                sides[side, clip],
                "libvmaf",
                policy=ReferencePolicy.SOURCE,
                reference=sides["source", source],
            )
            (measured,) = measure_clip(task, ffmpeg)
            assert measured.reason is None
            found.add(tuple(measured.figures.values()))
        assert len(found) == 1


def test_pairs_are_compared_at_the_depth_of_the_source(
    render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """FFmpeg's libvmaf by itself would round the source to the depth of the clip."""
    wave = "color=s=64x64:r=5,trim=end_frame=3,format=yuv420p10le,"
    wave += "geq=lum='400+3*sin(X/9+N/3)+2.2*sin(Y/5)+1.6*random(1)':cb=512:cr=512"
    deep = render("deep.mkv", "-f", "lavfi", "-i", wave, encoder=LOSSLESS)
    coded = ("-c:v", "libx264", "-crf", "30", "-threads", "1", "-pix_fmt", "yuv420p")
    shallow = render("shallow.mp4", "-i", str(deep), encoder=coded)
    task = task_of(shallow, "libvmaf", policy=ReferencePolicy.SOURCE, reference=deep)
    (found,) = measure_clip(task, ffmpeg)
    graph = "[0:v]{}null[a];[a][1:v]libvmaf=model=:feature=name=adm:log_fmt=json:log_path=log.json"
    means = []
    for first in ("format=yuv420p10le,", ""):
        words = ["-i", str(shallow), "-i", str(deep), "-lavfi", graph.format(first)]
        assert run_ffmpeg(ffmpeg, [*words, "-f", "null", "-"], cwd=tmp_path).returncode == 0
        rows = json.loads((tmp_path / "log.json").read_text())["frames"]
        means.append(np.mean([row["metrics"]["integer_adm2"] for row in rows]))
    assert found.figures["adm2"] == pytest.approx(means[0], abs=1e-12)
    assert abs(means[0] - means[1]) > 0.001
