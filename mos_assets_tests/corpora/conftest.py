"""Corpora that the tests make themselves, and where the real label files are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.corpora.demo.render import render_demo
from mos_assets.corpora.demo.scenes import SCENES
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, run_ffmpeg
from mos_assets_tests.corpora.making import quiet

REAL = Path(__file__).parents[3] / "shared" / "data" / "corpora"


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg(None)


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
def small_demo(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a demo of two scenes, one of them with cuts."""
    root = tmp_path_factory.mktemp("demo-root")
    render_demo(root, ffmpeg, scenes=SCENES[3:5], workers=2, progress=quiet)
    return root


@pytest.fixture(scope="session")
def real_corpora() -> Path:
    if not REAL.is_dir():
        pytest.skip(f"the real label files are not at {REAL}")
    return REAL
