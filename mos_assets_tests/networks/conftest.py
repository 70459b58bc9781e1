"""Small networks that the tests make, and blocks of them while a test lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mos_assets.features import ClipTask, load_networks
from mos_assets.features.networks import forget_network
from mos_assets.io.hashing import hash_file
from mos_assets.media.probe import probe
from mos_assets.settings import Comparison, ReferencePolicy


@pytest.fixture
def as_block() -> Iterator[Callable[[Path], str]]:
    """Make the network of a folder a block, while the test lasts; the name of its part."""
    loaded = []

    def load(folder: Path) -> str:
        loaded.append(folder.name)
        load_networks([folder.name], folder.parent)
        return f"network_{folder.name}"

    yield load
    for name in loaded:
        forget_network(name)


def task_of(clip: Path, *parts: str) -> ClipTask:
    """As the platform would plan it."""
    return ClipTask(
        clip_id=clip.stem,
        path=clip,
        sha256=hash_file(clip),
        probe=probe(clip),
        parts=frozenset(parts),
        reference_path=None,
        reference_sha256=None,
        comparison=Comparison(ReferencePolicy.LOOPBACK),
    )


@pytest.fixture(scope="session")
def small_clip(ffmpeg: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven frames of 50 by 38 in which every pixel moves, lossless in RGB."""
    from mos_assets.media.ffmpeg import run_ffmpeg

    path = tmp_path_factory.mktemp("clips") / "small.mkv"
    run = run_ffmpeg(
        ffmpeg,  # type: ignore[arg-type]
        [
            *("-f", "lavfi", "-i", "mandelbrot=s=50x38:r=5:start_scale=2:end_pts=11"),
            *("-frames:v", "11", "-pix_fmt", "bgr0", "-c:v", "ffv1", str(path)),
        ],
    )
    assert run.returncode == 0, run.stderr.decode()
    return path
