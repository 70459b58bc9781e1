"""Tiny clips, rendered once a session with the real ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets.features import ClipTask, picture_extractors
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling

SHARED_CLIPS = Path(__file__).parents[2] / "../shared/data/clips"

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-threads", "1"]

Render = Callable[..., Path]


@pytest.fixture(scope="session")
def render(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render `name` from ffmpeg arguments, once a session; yuv420p x264 unless told otherwise."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, *arguments: str, encoder: tuple[str, ...] = ()) -> Path:
        path = folder / name
        if not path.exists():
            codec = encoder or (*X264, "-pix_fmt", "yuv420p")
            run = run_ffmpeg(ffmpeg, [*arguments, *codec, str(path)])
            assert run.returncode == 0, run.stderr.decode()
        return path

    return make


@pytest.fixture(scope="session")
def plain(render: Render) -> Path:
    """One shot of 25 frames, 160 by 90."""
    return render("plain.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1")


@pytest.fixture(scope="session")
def hard_cut(render: Render) -> Path:
    """Frames 0..29 of one picture, 30..59 of another."""
    return render(
        "hard_cut.mp4",
        *("-f", "lavfi", "-i", "mandelbrot=s=160x90:r=25"),
        *("-f", "lavfi", "-i", "smptebars=s=160x90:r=25"),
        "-filter_complex",
        "[0:v]trim=end_frame=30[a];[1:v]trim=end_frame=30,format=yuv444p[b];[a][b]concat=n=2",
    )


@pytest.fixture(scope="session")
def real_clip() -> Callable[[str], Path]:
    """A real clip of the shared data, or a skip."""

    def find(name: str) -> Path:
        path = SHARED_CLIPS / name
        if not path.exists():
            pytest.skip(f"../shared/data/clips/{name} is not on this machine")
        return path.resolve()

    return find


def disguised(task: ClipTask, path: Path) -> ClipTask:
    """The task over other bytes than its header was read from, as if a probe had been fooled."""
    return replace(task, path=path, sha256=hash_file(path))


def measured_under(policy: ReferencePolicy) -> list[str]:
    """Parts that have figures under a policy."""
    source = policy is ReferencePolicy.SOURCE
    return [name for name, each in picture_extractors().items() if source or not each.needs_source]


def task_of(
    path: Path,
    *parts: str,
    policy: ReferencePolicy = ReferencePolicy.LOOPBACK,
    sampling: Sampling = Sampling.EVERY,
    loopback: Loopback = Loopback.ONE,
    reference: Path | None = None,
) -> ClipTask:
    """A task over a clip as the platform would plan it."""
    return ClipTask(
        clip_id=f"test/{path.stem}",
        path=path,
        sha256=hash_file(path),
        probe=probe(path),
        parts=frozenset(parts or measured_under(policy)),
        reference_path=reference,
        reference_sha256=None if reference is None else hash_file(reference),
        comparison=Comparison(policy, sampling, loopback),
    )
