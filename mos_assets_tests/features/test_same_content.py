"""A reference of another scene is refused, and a bad encode of the same one is not."""

from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import ClipError
from mos_assets.features import ClipTask, require_same_content
from mos_assets.features.same_content import SIDES, alike
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.settings import Comparison, ReferencePolicy
from mos_assets_tests.made import Encodes


def task(clip: Path, reference: Path) -> ClipTask:
    return ClipTask(
        *("made", clip, hash_file(clip), probe(clip), frozenset({"libvmaf"})),
        *(reference, hash_file(reference), Comparison(ReferencePolicy.SOURCE)),
    )


def made(ffmpeg: Ffmpeg, source: Path, path: Path, *arguments: str) -> Path:
    ran = run_ffmpeg(ffmpeg, ["-i", f"file:{source}", *arguments, f"file:{path}"])
    assert ran.returncode == 0, ran.stderr
    return path


def test_encodes_meet_their_own_scene_and_no_other(encodes: Encodes, ffmpeg: Ffmpeg) -> None:
    for clip in (encodes.clips / "park_low.mp4", encodes.clips / "sub" / "lake.mp4"):
        for reference in encodes.references.iterdir():
            if clip.stem.startswith(reference.stem):
                require_same_content(task(clip, reference), ffmpeg)
            else:
                with pytest.raises(ClipError, match="something else than its reference"):
                    require_same_content(task(clip, reference), ffmpeg)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("raw.h264", ["-c:v", "libx264"]),
        ("low.mp4", ["-vf", "scale=32:32", "-c:v", "libx264", "-crf", "45"]),
        ("fast.mkv", ["-r", "30", "-c:v", "libx264"]),
        ("bright.mp4", ["-vf", "eq=brightness=0.2:contrast=0.6", "-c:v", "libx264"]),
        ("late.ts", ["-c:v", "mpeg2video", "-q:v", "5", "-output_ts_offset", "500"]),
    ],
)
def test_no_way_of_encoding_makes_a_scene_another(
    encodes: Encodes, ffmpeg: Ffmpeg, tmp_path: Path, name: str, arguments: list[str]
) -> None:
    reference, other = encodes.references / "park.mkv", encodes.references / "lake.mkv"
    clip = made(ffmpeg, reference, tmp_path / name, "-pix_fmt", "yuv420p", *arguments)
    require_same_content(task(clip, reference), ffmpeg)
    with pytest.raises(ClipError, match="something else"):
        require_same_content(task(clip, other), ffmpeg)


def test_what_holds_no_detail_is_not_judged(
    encodes: Encodes, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    reference = encodes.references / "park.mkv"
    for at, filters in enumerate(["eq=brightness=-1", "gblur=sigma=40"]):
        clip = made(ffmpeg, reference, tmp_path / f"{at}.mp4", "-vf", filters, "-c:v", "libx264")
        require_same_content(task(clip, reference), ffmpeg)


def test_another_shape_is_the_reason_where_it_is_one(
    encodes: Encodes, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    wide = made(ffmpeg, encodes.references / "lake.mkv", tmp_path / "w.mp4", "-vf", "crop=64:32")
    with pytest.raises(ClipError, match="another shape"):
        require_same_content(task(wide, encodes.references / "park.mkv"), ffmpeg)


def test_likeness_is_of_steps_and_levels_and_blind_to_light() -> None:
    rng = np.random.default_rng(3)
    width, lines = SIDES
    one, other = (rng.integers(40, 200, (lines, width)).astype(np.uint8) for _ in range(2))
    assert alike(one // 2 + 60, one)
    assert alike(other, one) is False
    assert alike(np.full_like(one, 9), one) is None
    # A slope that two scenes share, as of a bright sky, makes them no one scene.
    sky = np.linspace(0, 50, lines, dtype=np.uint8)[:, None]
    assert alike(other // 4 + sky, one // 4 + sky) is False
    # One that lost nearly all of its detail keeps where it is light and where it is dark.
    assert alike(other // 4 + one // 32 + 2 * sky, one // 4 + 2 * sky)
