"""A clip of another rate than its reference's: which pictures meet, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import ClipError
from mos_assets.features import measure_clip
from mos_assets.features.command import TICKS, exact_rate
from mos_assets.features.pairing import NEAREST, SLACK, Shape, require_same_shape
from mos_assets.media.ffmpeg import Ffmpeg, input_arguments, run_ffmpeg
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render, task_of

SIX = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
SIDES = 64, 64
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p")


def source(render: Render, rate: str, ext: str) -> Path:
    noisy = f"testsrc2=s=64x64:r={rate}:d=1,noise=alls=20:allf=t+u:all_seed=5"
    return render(f"at{rate.replace('/', '_')}.{ext}", "-f", "lavfi", "-i", noisy, encoder=LOSSLESS)


def stamps(path: Path, ffmpeg: Ffmpeg, folder: Path) -> list[Fraction]:
    """Seconds after the first picture, exactly, read apart from the product's own command."""
    words = ["-y", *input_arguments(path), "-map", "0:v:0", "-fps_mode", "passthrough"]
    words += ["-c:v", "wrapped_avframe", "-enc_time_base", "demux", "-stats_enc_pre:v", "t.txt"]
    words += ["-stats_enc_pre_fmt:v", "{pts} {tb}", "-f", "null", "-"]
    assert run_ffmpeg(ffmpeg, words, cwd=folder).returncode == 0
    pairs = [line.split() for line in (folder / "t.txt").read_text().splitlines()]
    times = [int(stamp) * Fraction(base) for stamp, base in pairs]
    return [time - times[0] for time in times]


def pictures(path: Path, ffmpeg: Ffmpeg, folder: Path) -> list[bytes]:
    width, height = SIDES
    words = ["-y", *input_arguments(path), "-map", "0:v:0", "-fps_mode", "passthrough", "-vf"]
    words += [f"scale={width}:{height}:flags=bicubic", "-pix_fmt", "yuv420p", "-f", "rawvideo"]
    assert run_ffmpeg(ffmpeg, [*words, "p.raw"], cwd=folder).returncode == 0
    data, size = (folder / "p.raw").read_bytes(), width * height * 3 // 2
    return [data[at : at + size] for at in range(0, len(data), size)]


def bare(
    clip: list[bytes], reference: list[bytes], ffmpeg: Ffmpeg, folder: Path
) -> dict[str, float]:
    """The six of libvmaf alone on two raw copies of equally many pictures."""
    for name, frames in (("c.y4m", clip), ("r.y4m", reference)):
        header = f"YUV4MPEG2 W{SIDES[0]} H{SIDES[1]} F25:1 Ip C420mpeg2\n".encode()
        (folder / name).write_bytes(header + b"".join(b"FRAME\n" + each for each in frames))
    graph = "libvmaf=model=:feature=name=adm|name=vif|name=motion:log_fmt=json:log_path=b.json"
    words = ["-i", "c.y4m", "-i", "r.y4m", "-lavfi", graph, "-f", "null", "-"]
    assert run_ffmpeg(ffmpeg, words, cwd=folder).returncode == 0
    rows = [row["metrics"] for row in json.loads((folder / "b.json").read_text())["frames"]]
    return {name: math.fsum(row[f"integer_{name}"] for row in rows) / len(rows) for name in SIX}


SELDOM = "select='not(mod(n,3))+lt(n,9)'"
RATES = [
    ("30", "mkv", "fps=15", "mp4", [0, 0, 1, 1, 2, 2]),
    ("30", "mkv", "fps=20", "mkv", [0, 0, 1, 2, 2, 3]),
    ("60", "avi", "fps=24", "mkv", [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]),
    ("60", "mkv", "fps=24", "avi", [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]),
    ("25", "mkv", "fps=50", "mp4", [0, 2, 4, 6]),
    ("24000/1001", "mkv", "fps=12000/1001", "flv", [0, 0, 1, 1]),
    ("30000/1001", "mkv", "fps=25", "ts", [0, 0, 1, 2, 3, 4, 5]),
    ("30", "mkv", SELDOM, "mkv", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 10]),
    ("30", "mkv", SELDOM, "mp4", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 10]),
]


def shown_at(
    frames: Sequence[Fraction], pictures: Sequence[Fraction], slack_s: Fraction
) -> list[int]:
    """The rule itself: for each reference frame the number of the picture that it meets.

    Both are stamps in seconds that do not fall, relative to their first, and are rounded to ticks
    as libav does: to the nearest, halves away from zero.
    """

    def ticks(stamp_s: Fraction) -> int:
        return math.floor(stamp_s * TICKS + Fraction(1, 2))

    begins = [ticks(stamp) - round(slack_s * TICKS) for stamp in pictures]
    found, at = [], 0
    for stamp in map(ticks, frames):
        while at + 1 < len(begins) and begins[at + 1] <= stamp:
            at += 1
        found.append(at)
    return found


@pytest.mark.parametrize(("rate", "held_in", "how", "ext", "begins"), RATES)
def test_another_rate_meets_what_is_on_the_screen(
    rate: str,
    held_in: str,
    how: str,
    ext: str,
    begins: list[int],
    render: Render,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    """Equal to the last digit with libvmaf on a copy whose pictures are repeated by hand."""
    reference = source(render, rate, held_in)
    words = ("-i", str(reference), "-vf", how, "-fps_mode", "passthrough")
    clip = render(f"{hash((rate, held_in, how)) & 0xFFFF}.{ext}", *words, encoder=CODED)
    frames, shown = (stamps(path, ffmpeg, tmp_path) for path in (reference, clip))
    at = shown_at(frames, shown, SLACK / Fraction(rate))
    assert at[: len(begins)] == begins
    (found,) = measure_clip(
        task_of(clip, "libvmaf", policy=ReferencePolicy.SOURCE, reference=reference), ffmpeg
    )
    assert found.reason is None
    mine = pictures(clip, ffmpeg, tmp_path)
    expected = bare(
        [mine[number] for number in at], pictures(reference, ffmpeg, tmp_path), ffmpeg, tmp_path
    )
    assert dict(found.figures) == expected


@pytest.mark.parametrize(
    ("rate", "own"), [("30", "30000/1001"), ("30000/1001", "30")], ids=["slower", "faster"]
)
def test_one_rate_and_as_many_pictures_meet_by_number(
    rate: str, own: str, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """29.97 beside 30, in both orders: no picture may lag behind its own for a thousandth."""
    reference = source(render, rate, "mkv")
    words = ("-i", str(reference), "-vf", f"setpts=N/({own})/TB", "-r", own)
    clip = render(f"beside{rate.replace('/', '_')}.mp4", *words, encoder=CODED)
    (found,) = measure_clip(
        task_of(clip, "libvmaf", policy=ReferencePolicy.SOURCE, reference=reference), ffmpeg
    )
    two = [pictures(path, ffmpeg, tmp_path) for path in (clip, reference)]
    assert dict(found.figures) == bare(*two, ffmpeg, tmp_path)


def test_a_last_picture_that_is_lost_is_held(
    render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    reference = source(render, "30", "mkv")
    clip = render("short.mkv", "-i", str(reference), "-frames:v", "29", encoder=CODED)
    (found,) = measure_clip(
        task_of(clip, "libvmaf", policy=ReferencePolicy.SOURCE, reference=reference), ffmpeg
    )
    mine = pictures(clip, ffmpeg, tmp_path)
    expected = bare([*mine, mine[-1]], pictures(reference, ffmpeg, tmp_path), ffmpeg, tmp_path)
    assert dict(found.figures) == expected


@given(
    st.sampled_from(
        [Fraction(24), Fraction(25), Fraction(30), Fraction(60), Fraction(24000, 1001)]
    ),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([1000, 90_000]),
)
def test_the_rounding_of_a_time_base_moves_no_picture(
    rate: Fraction, every: int, ticks: int
) -> None:
    frames = [number / rate for number in range(400)]
    exact = frames[::every]
    rounded = [Fraction(round(time * ticks), ticks) for time in exact]
    slack = SLACK / rate
    assert shown_at(frames, rounded, slack) == [number // every for number in range(400)]


def test_a_thousandth_slides_evenly() -> None:
    """Nearest: as many frames meet the picture of their number as the one beside it."""
    for ours, theirs in (
        (Fraction(30000, 1001), Fraction(30)),
        (Fraction(24), Fraction(24000, 1001)),
    ):
        frames = [number / theirs for number in range(1000)]
        shown = [number / ours for number in range(1100)]
        at = shown_at(frames, shown, NEAREST / exact_rate(float(theirs)))
        same = sum(picture == number for number, picture in enumerate(at))
        assert abs(same - 500) <= 2


SAME = [
    ((640, 360), (1920, 1080)),
    ((426, 240), (1920, 1080)),
    ((428, 240), (1920, 1080)),
    ((852, 480), (1920, 1080)),
    ((256, 144), (3840, 2160)),
    ((910, 480), (4096, 2160)),
    ((1920, 1080), (426, 240)),
    ((360, 640), (1080, 1920)),
]
OTHER = [
    ((320, 140), (320, 180)),
    ((360, 640), (640, 360)),
    ((1920, 1088), (1920, 1080)),
    ((640, 480), (640, 360)),
]


def test_shapes() -> None:
    one = Fraction(1)
    for clip, reference in SAME:
        require_same_shape(Shape(*clip, one), Shape(*reference, one))
    for clip, reference in OTHER:
        with pytest.raises(ClipError, match=f"{clip[0]}x{clip[1]}.*{reference[0]}x{reference[1]}"):
            require_same_shape(Shape(*clip, one), Shape(*reference, one))
    squeezed = Shape(1440, 1080, Fraction(4, 3))
    require_same_shape(squeezed, Shape(1920, 1080, one))
    require_same_shape(Shape(640, 360, one), squeezed)
    with pytest.raises(ClipError):
        require_same_shape(Shape(1440, 1080, one), Shape(1920, 1080, one))
