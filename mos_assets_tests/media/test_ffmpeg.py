"""Only plain files are opened, and only by formats that hold video themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.errors import ToolError
from mos_assets.media.ffmpeg import find_ffmpeg, input_arguments, run_ffmpeg


def test_a_playlist_does_not_reach_other_files(tmp_path: Path) -> None:
    """A file named .mp4 that lists another file must not make ffmpeg read that one."""
    ffmpeg = find_ffmpeg()
    secret = tmp_path / "secret.mkv"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=0.2", "-c:v", "ffv1", str(secret)]
    assert run_ffmpeg(ffmpeg, source).returncode == 0
    lists = {
        "hls.mp4": f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{secret}'\n",
    }
    for name, text in lists.items():
        path = tmp_path / name
        path.write_text(text)
        run = run_ffmpeg(ffmpeg, [*input_arguments(path), "-f", "null", "-"])
        assert run.returncode != 0
    assert run_ffmpeg(ffmpeg, [*input_arguments(secret), "-f", "null", "-"]).returncode == 0


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match="MOS_FFMPEG"):
        find_ffmpeg("/nowhere/ffmpeg")
