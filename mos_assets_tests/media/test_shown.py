"""Which stream is measured, and at which size: what a player shows, by ffmpeg's own pictures."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def make(path: Path, *arguments: str) -> Path:
    run = run_ffmpeg(find_ffmpeg(), ["-y", *arguments, str(path)])
    assert run.returncode == 0, run.stderr.decode()
    return path


def size_by_ffmpeg(path: Path, stream: int) -> tuple[int, int]:
    """Columns and lines of the first picture that the filters get."""
    header = ["-i", str(path), "-map", f"0:{stream}", "-frames:v", "1", "-f", "yuv4mpegpipe", "-"]
    run = run_ffmpeg(find_ffmpeg(), header)
    found = re.match(rb"YUV4MPEG2 W(\d+) H(\d+)", run.stdout)
    assert found is not None, run.stderr
    return int(found[1]), int(found[2])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    return make(path, "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=0.4", *X264)


def with_clap(film: Path) -> bytes:
    """The film with a clean aperture of 140 by 70 in its sample description."""
    data = bytearray(film.read_bytes())
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    end = entry + struct.unpack_from(">I", data, entry)[0]
    data[end:end] = struct.pack(">I4s8I", 40, b"clap", 140, 1, 70, 1, 0, 1, 0, 1)
    for name in (b"avc1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        at = data.rindex(name, 0, end) - 4
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + 40)
    return bytes(data)


def with_pixel_crop(film: Path) -> bytes:
    """A Matroska file that crops 20 lines at the bottom and 10 at the top."""
    data = bytearray(film.read_bytes())
    video = data.index(b"\xe0\x94", data.index(b"\x16\x54\xae\x6b"))
    end = video + 2 + 20
    rest = bytes(data[end : end + 15])
    assert (rest[:4], rest[4]) == (b"\x55\xee\x81\0", 0xEC), "a void element to make room"
    data[video + 1] += 8
    data[end : end + 15] = b"\x54\xaa\x81\x14\x54\xbb\x81\x0a" + rest[:4] + b"\xec\x81\0"
    return bytes(data)


SIZES: dict[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "plain.mkv": ((), (160, 90)),
    "quarter.mp4": (("-display_rotation", "90"), (90, 160)),
    "other_quarter.mkv": (("-display_rotation", "-90"), (90, 160)),
    "half.mp4": (("-display_rotation", "180"), (160, 90)),
    "aspect.mp4": (("-bsf:v", "h264_metadata=sample_aspect_ratio=2/1"), (160, 90)),
    "cropped.mp4": (("-bsf:v", "h264_metadata=crop_left=20:crop_top=10"), (140, 80)),
    "said.mkv": (("-bsf:v", "h264_metadata=display_orientation=insert:rotate=90"), (90, 160)),
}


@pytest.mark.parametrize("name", [*SIZES, "clap.mp4", "crop.mkv"])
def test_the_size_is_that_of_the_pictures_as_shown(name: str, film: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "clap.mp4":
        path.write_bytes(with_clap(film))
        expected = (140, 70)
    elif name == "crop.mkv":
        path.write_bytes(
            with_pixel_crop(make(tmp_path / "whole.mkv", "-i", str(film), "-c", "copy"))
        )
        expected = (160, 60)
    else:
        words, expected = SIZES[name]
        before = words if "-display_rotation" in words else ()
        after = () if before else words
        make(path, *before, "-i", str(film), "-c", "copy", *after)
    found = probe(path)
    assert (found.width, found.height) == expected == size_by_ffmpeg(path, 0)


def cover_first(path: Path) -> bytes:
    """The same file with the box of its cover before that of its film: stream 0 is the cover."""
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    end = at + struct.unpack_from(">I", data, at)[0]
    boxes, start = [], at + 8
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        boxes.append((kind, data[start : start + size]))
        start += size
    boxes.sort(key=lambda box: (b"mvhd", b"udta", b"trak").index(box[0]))
    return data[: at + 8] + b"".join(body for _, body in boxes) + data[end:]


def test_a_cover_is_no_film_wherever_it_stands(film: Path, tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.png", "-f", "lavfi", "-i", "testsrc=s=640x480", "-frames:v", "1")
    attach = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic")
    second = make(tmp_path / "second.mp4", "-i", str(film), "-i", str(cover), *attach)
    first = tmp_path / "first.mp4"
    first.write_bytes(cover_first(second))
    assert [probe(path).stream for path in (second, first)] == [0, 1]
    assert probe(second).coded_bytes == probe(first).coded_bytes == probe(film).coded_bytes
    alone = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic")
    sound = ("-f", "lavfi", "-i", "sine=d=0.2")
    with pytest.raises(ClipError, match="cover picture"):
        probe(make(tmp_path / "song.m4a", *sound, "-i", str(cover), *alone, "-f", "mp4"))


@pytest.mark.parametrize(
    ("flags", "number"),
    [(("0", "default"), 1), (("default", "0"), 0), (("0", "0"), 0)],
    ids=["second", "first", "neither: the larger"],
)
def test_of_two_films_the_default_one_is_shown(
    flags: tuple[str, str], number: int, film: Path, tmp_path: Path
) -> None:
    small = ("-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=0.4")
    chosen = [f"-disposition:v:{index}" for index in (0, 1)]
    marks = [word for pair in zip(chosen, flags, strict=True) for word in pair]
    both = ("-map", "0:v", "-map", "1:v", "-c:v:0", "copy", *marks)
    path = make(tmp_path / "two.mkv", "-i", str(film), *small, *both)
    found = probe(path)
    assert found.stream == number
    assert (found.width, found.height) == size_by_ffmpeg(path, number)
