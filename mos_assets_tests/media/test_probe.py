"""What a header says, and the reasons of files that are no clips."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.media.probe import hash_file, probe


def make(path: Path, *arguments: str) -> Path:
    run = run_ffmpeg(find_ffmpeg(), [*arguments, str(path)])
    assert run.returncode == 0, run.stderr.decode()
    return path


def test_a_clip(tmp_path: Path) -> None:
    source = "testsrc=s=64x48:r=30000/1001,trim=end_frame=30"
    found = probe(make(tmp_path / "a.mp4", "-f", "lavfi", "-i", source, "-c:v", "libx264"))
    assert (found.width, found.height, found.frames, found.codec) == (64, 48, 30, "h264")
    assert found.fps == pytest.approx(30000 / 1001)
    assert found.duration_s == pytest.approx(30 * 1001 / 30000, abs=1e-3)
    assert found.bit_rate


@pytest.mark.parametrize(
    ("content", "named"), [(b"", "empty"), (b"just text\n" * 99, "no video can be read")]
)
def test_what_is_no_clip(content: bytes, named: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ClipError, match=named):
        probe(path)


def test_sound_alone(tmp_path: Path) -> None:
    sound = make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    with pytest.raises(ClipError, match="no video stream"):
        probe(sound)


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 9000)
    assert hash_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()
