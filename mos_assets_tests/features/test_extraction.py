"""Scripts that measure one clip by hand, with the names they know."""

from __future__ import annotations

from mos_assets.extraction import (
    ClipTask,
    Comparison,
    ReferencePolicy,
    container_columns,
    measure_clip,
)
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.media.probe import hash_file, probe
from mos_assets_tests.features.conftest import Render


def test_a_script_measures_a_clip(render: Render, ffmpeg: Ffmpeg) -> None:
    path = render("script.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.4")
    found = probe(path)
    assert container_columns(found).figures["height"] == 64
    parts = frozenset({"saliency"})
    task = ClipTask(
        "c", path, hash_file(path), found, parts, None, None, Comparison(ReferencePolicy.LOOPBACK)
    )
    (measured,) = measure_clip(task, ffmpeg)
    assert measured.reason is None
