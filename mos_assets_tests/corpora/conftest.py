"""Corpora that the tests make themselves, and where the real label files are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg

REAL = Path(__file__).parents[3] / "shared" / "data" / "corpora"


@pytest.fixture(scope="session")
def videos(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """Three small H.264 clips of different bytes."""
    folder = tmp_path_factory.mktemp("videos")
    made = []
    for index in range(3):
        path = folder / f"{index}.mp4"
        source = f"testsrc2=s=64x48:r=25:d=0.{index + 2}"
        result = run_ffmpeg(ffmpeg, ["-f", "lavfi", "-i", source, "-c:v", "libx264", str(path)])
        assert result.returncode == 0, result.stderr
        made.append(path.read_bytes())
    return tuple(made)


@pytest.fixture(scope="session")
def real_corpora() -> Path:
    if not REAL.is_dir():
        pytest.skip(f"the real label files are not at {REAL}")
    return REAL
