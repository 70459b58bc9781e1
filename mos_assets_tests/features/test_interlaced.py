"""Interlaced clips: fields of two instants are refused by name, film in fields is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.features import measure_clip
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render, task_of

MOVING = "mandelbrot=s=64x64:r=50,format=yuv420p,scroll=h=0.02,trim=end_frame=24"
WEAVE, FILM = ",tinterlace=interleave_top", ",framestep=2"
FIELDS = ("-flags", "+ilme+ildct", "-threads", "1", "-pix_fmt", "yuv420p")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", *FIELDS)
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", *FIELDS)
PLAIN = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")


@pytest.mark.parametrize(
    ("name", "how", "encoder", "refused"),
    [
        ("top.mpg", WEAVE + ",setfield=tff", MPEG2, True),
        ("bottom.mkv", ",tinterlace=interleave_bottom,setfield=bff", MPEG2, True),
        ("top.mp4", WEAVE + ",setfield=tff", (*H264, "-x264opts", "tff=1"), True),
        ("psf.mp4", FILM + ",setfield=tff", (*H264, "-x264opts", "tff=1"), False),
        ("psf.ts", FILM + ",setfield=tff", MPEG2, False),
        ("still.mpg", FILM + ",loop=11:1:0,trim=end_frame=12,setfield=tff", MPEG2, False),
        ("combed.mkv", WEAVE + ",setfield=prog", PLAIN, False),
        ("film.mkv", FILM, PLAIN, False),
    ],
)
def test_only_flagged_pictures_of_two_instants_are_refused(
    name: str, how: str, encoder: tuple[str, ...], refused: bool, render: Render, ffmpeg: Ffmpeg
) -> None:
    clip = render(name, "-f", "lavfi", "-i", MOVING + how, encoder=encoder)
    found = {each.part: each.reason for each in measure_clip(task_of(clip, "saliency"), ffmpeg)}
    if refused:
        assert found["saliency"] is not None
        assert "pictures are interlaced, 12 of 12" in found["saliency"]
        assert "-vf bwdif" in found["saliency"]
    else:
        assert found == {"saliency": None}


def test_a_clip_is_not_compared_with_an_interlaced_reference(
    render: Render, ffmpeg: Ffmpeg
) -> None:
    """By number and, where the rates differ, by time; what needs no reference is measured."""
    woven = render("top.mpg", "-f", "lavfi", "-i", MOVING + WEAVE + ",setfield=tff", encoder=MPEG2)
    for name, how in (("film.mkv", FILM), ("fast.mkv", "")):
        clip = render(name, "-f", "lavfi", "-i", MOVING + how, encoder=PLAIN)
        task = task_of(
            clip, "libvmaf", "saliency", policy=ReferencePolicy.SOURCE, reference=Path(woven)
        )
        found = {each.part: each.reason for each in measure_clip(task, ffmpeg)}
        assert found["saliency"] is None
        assert found["libvmaf"] is not None
        assert found["libvmaf"].startswith("its reference's pictures are interlaced, 12 of 12")
