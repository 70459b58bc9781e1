"""One small picture of a clip, whatever its shape; and what is no clip says so."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.thumbnail import SIDE, thumbnail


@pytest.mark.parametrize(
    ("size", "extra", "shape"),
    [
        ("36x64", ["-c:v", "ffv1", "-pix_fmt", "yuv420p10le"], (134, SIDE)),
        ("64x64", ["-c:v", "mpeg4", "-aspect", "2:1"], (SIDE, SIDE // 2)),
        ("512x2", ["-c:v", "ffv1"], (SIDE, 16)),
    ],
)
def test_a_picture_has_the_shape_that_a_player_shows(
    size: str, extra: list[str], shape: tuple[int, int], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Where nothing lies at that time, it is the first picture."""
    clip = tmp_path / "-i \N{SNOWMAN}%d.mkv"
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=5:d=1", *extra]
    assert run_ffmpeg(ffmpeg, [*source, f"file:{clip}"]).returncode == 0
    jpeg = thumbnail(ffmpeg, clip, at_s=99.0, stream=0)
    assert Image.open(io.BytesIO(jpeg)).size == shape and len(jpeg) < 30_000
    assert thumbnail(ffmpeg, clip) == jpeg


@pytest.mark.parametrize("content", [b"", b"no clip", b"#EXTM3U\n/etc/passwd\n"])
def test_what_is_no_clip_gives_a_reason(content: bytes, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    with pytest.raises(ClipError):
        thumbnail(ffmpeg, clip, at_s=1.0)
