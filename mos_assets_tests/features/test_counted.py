"""What a clip holds is counted from its own packets: fine clips are scored, and read the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.features import measure_clip
from mos_assets.features.extractors.container import Container
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.packets import Counted, shown_rate
from mos_assets.media.probe import probe
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render, task_of

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=3,noise=alls=8:allf=t:all_seed=1")
X265 = "log-level=none:pools=1:bframes=4:b-adapt=0:keyint=24:min-keyint=24:open-gop=1:scenecut=0"
LONG: dict[str, tuple[str, ...]] = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "24", "-threads", "1"),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", X265),
    "mpeg4": ("-c:v", "mpeg4", "-bf", "2", "-g", "24", "-q:v", "4"),
    "mpeg2": ("-c:v", "mpeg2video", "-bf", "2", "-g", "15", "-q:v", "4"),
    "open": ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:bframes=3:threads=1"),
}
COPY = ("-c", "copy")

Long = Callable[[str, str], Path]
"""The long clip of a codec in the container of a suffix."""


@pytest.fixture()
def long(render: Render) -> Long:
    """75 frames with pictures that are predicted from later ones, in a container."""

    def find(codec: str, suffix: str) -> Path:
        encoder = (*LONG[codec], "-pix_fmt", "yuv420p")
        first = render(f"long_{codec}.mp4", *SOURCE, encoder=encoder)
        if suffix == "mp4":
            return first
        return render(f"long_{codec}.{suffix}", "-i", str(first), encoder=COPY)

    return find


def shown_by_ffmpeg(path: Path, ffmpeg: Ffmpeg) -> int:
    """Pictures that the bare program decodes of it."""
    bare = ["-threads", "1", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough"]
    run = run_ffmpeg(ffmpeg, [*bare, "-f", "framecrc", "-"])
    return run.stdout.count(b"\n0,")


def require_scored(path: Path, ffmpeg: Ffmpeg) -> None:
    (found,) = measure_clip(task_of(path, "saliency"), ffmpeg)
    assert found.reason is None, f"{path.name}: {found.reason}"
    assert probe(path).frames == shown_by_ffmpeg(path, ffmpeg)


TRIMS = [
    *(("h264", suffix) for suffix in ("mp4", "mkv", "ts", "avi")),
    *(("hevc", suffix) for suffix in ("mp4", "mkv", "ts")),
    *(("mpeg4", suffix) for suffix in ("mp4", "mkv", "avi")),
    *(("open", suffix) for suffix in ("mp4", "mkv", "avi")),
    ("mpeg2", "mkv"),
]


@pytest.mark.parametrize(("codec", "suffix"), TRIMS)
def test_a_trim_without_coding_anew_is_scored(
    codec: str,
    suffix: str,
    long: Long,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    """Hidden lead-in, leading pictures without their reference, holes near the end."""
    for start, length in (("0.1", "1"), ("0.7", "0.9"), ("1.3", "1.2"), ("0.9", "1")):
        path = tmp_path / f"{start}.{suffix}"
        trim = ["-ss", start, "-i", str(long(codec, "mp4")), "-t", length, *COPY, str(path)]
        assert run_ffmpeg(ffmpeg, trim).returncode == 0
        require_scored(path, ffmpeg)
        assert probe(path).fps == 25


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2"])
def test_a_stream_that_begins_between_key_frames_is_scored(
    codec: str,
    long: Long,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    """Inside a packet too, as a tool that records by bytes leaves it."""
    data = long(codec, "ts").read_bytes()
    path = tmp_path / "middle.ts"
    begins = len(data) // 188 // 4 * 188
    for skipped in (0, 77):
        path.write_bytes(data[begins + skipped :])
        require_scored(path, ffmpeg)
        assert 0 < (probe(path).frames or 0) < 75
    path.write_bytes(data[begins + 77 : -5])
    with pytest.raises(ClipError, match="the file is cut off: it ends inside a packet"):
        probe(path)


def test_a_transport_stream_that_reads_as_another_format_is_named(
    long: Long, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Its first bytes are H.264 headers of a packet that is lost."""
    data = long("h264", "ts").read_bytes()
    headers = data.index(b"\0\0\0\1\x67", len(data) // 3)
    path = tmp_path / "middle.ts"
    path.write_bytes(data[headers:])
    with pytest.raises(
        ClipError, match=r"a transport stream that begins inside .* bare h264"
    ) as told:
        probe(path)
    left_out = re.search(r"leave out its first (\d+) bytes", str(told.value))
    assert left_out is not None
    path.write_bytes(data[headers + int(left_out[1]) :])
    require_scored(path, ffmpeg)


BESIDE = ("-f", "lavfi", "-i", "anoisesrc=d=7")
SUBTITLES = "1\n00:00:00,000 --> 00:00:01,000\na\n\n2\n00:00:19,000 --> 00:00:22,000\nb\n"
HELD: dict[str, tuple[str, ...]] = {
    "alone.mkv": (),
    "alone.ts": (),
    "pictures.avi": (),
    "pictures.flv": (),
    "pictures.nut": (),
    "pcm.mkv": ("-c:a", "pcm_s16le"),
    "opus.mkv": ("-c:a", "libopus"),
    "sound.mp4": ("-c:a", "aac"),
    "mp3.avi": ("-c:a", "mp3"),
    "mp3.flv": ("-c:a", "mp3", "-ar", "44100"),
    "sound.ts": ("-c:a", "aac"),
    "late.mkv": ("-c:a", "libopus", "-itsoffset", "1.5"),
    "offset.mkv": ("-output_ts_offset", "3600"),
    "wrap.ts": ("-output_ts_offset", "95443"),
    "subtitles.mkv": ("-c:s", "srt"),
}


@pytest.mark.parametrize("name", HELD)
def test_the_same_pictures_read_the_same_whatever_is_beside_them(
    name: str,
    long: Long,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    plain, words = long("h264", "mp4"), list(HELD[name])
    inputs = ["-i", str(plain)]
    if "-itsoffset" in words:
        inputs, words = [*words[-2:], *inputs], words[:-2]
    if "-c:a" in words:
        inputs += BESIDE
    if "-c:s" in words:
        (tmp_path / "s.srt").write_text(SUBTITLES)
        inputs += ["-i", str(tmp_path / "s.srt")]
    path = tmp_path / name
    run = run_ffmpeg(ffmpeg, [*inputs, "-c:v", "copy", *words, str(path)])
    assert run.returncode == 0, run.stderr
    first, other = (Container().read(probe(each)) for each in (plain, path))
    assert first.reason is other.reason is None
    # A transport stream repeats the headers of H.264, which adds less than a fiftieth of a decade.
    bound = 0.02 if name.endswith("ts") else 0.0
    bits = "log10_bits_per_pixel"
    assert other.figures[bits] == pytest.approx(first.figures[bits], abs=bound)
    assert other.figures["fps"] == 25
    assert other.figures["height"] == 64
    require_scored(path, ffmpeg)
    assert measure_clip(task_of(path, "saliency", "libvmaf"), ffmpeg)[0].figures == (
        measure_clip(task_of(plain, "saliency", "libvmaf"), ffmpeg)[0].figures
    )


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2"])
def test_joined_transport_streams_are_scored_and_lost_packets_named(
    codec: str, long: Long, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """The demuxer calls the picture before the joint corrupt in either case."""
    data = long(codec, "ts").read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    film = [at for at, each in enumerate(packets) if each[1] & 31 == 1 and each[2] == 0]
    begins = [at for at in film if packets[at][1] & 0x40]
    path = tmp_path / "joined.ts"
    for first in (packets, packets[: begins[40]]):
        path.write_bytes(b"".join(first) + data)
        require_scored(path, ffmpeg)
        assert probe(path).frames in (150, 40 + 75)
        assert probe(path).fps == 25
    # A picture that is cut off before the joint, and packets that are lost inside one.
    spans = [[at for at in film if a <= at < b] for a, b in pairwise(begins)]
    large = max(spans, key=len)
    # Of 16 packets the counter would go on by chance.
    at = 1 + (film.index(large[1]) % 16 == 0)
    rest = b"".join(packets[large[-1] + 1 :])
    for held in (data, rest, b"".join(packets[large[at + 1] :])):
        path.write_bytes(b"".join(packets[: large[at] if held != rest else large[-1]]) + held)
        with pytest.raises(ClipError, match="damaged"):
            probe(path)
    gone = range(begins[20], begins[22])
    path.write_bytes(b"".join(p for at, p in enumerate(packets) if at not in gone))
    with pytest.raises(ClipError, match="damaged"):
        probe(path)


def test_joined_files_are_compared_with_a_joined_reference(
    long: Long, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "joined.ts"
    path.write_bytes(2 * long("h264", "ts").read_bytes())
    task = task_of(path, "libvmaf", policy=ReferencePolicy.SOURCE, reference=path)
    (found,) = measure_clip(task, ffmpeg)
    assert found.reason is None
    assert found.figures["vif_scale0"] == pytest.approx(1.0, abs=1e-3)


def test_pictures_at_one_time_last_as_long_as_their_rate_says(
    render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    flat = render("flat.mkv", *SOURCE, encoder=("-c:v", "mjpeg"))
    path = tmp_path / "stamp.mkv"
    stamps = ["-i", str(flat), *COPY, "-bsf:v", "setts=pts=0:dts=0", str(path)]
    assert run_ffmpeg(ffmpeg, stamps).returncode == 0
    require_scored(path, ffmpeg)
    assert probe(path).duration_s == 3


@pytest.mark.parametrize(
    ("stated", "step", "rate"),
    [((24.398, 25.0), 40, 25.0), ((25.0, 24.9), 40, 25.0), ((24.398,), 40, 24.398)],
)
def test_of_two_stated_rates_the_one_that_stamps_bear_out_counts(
    stated: tuple[float, ...], step: int, rate: float
) -> None:
    counted = Counted(frames=50, stamps=[at * step for at in range(50)])
    assert shown_rate(stated, counted, Fraction(1, 1000)) == rate


PIECES: dict[str, tuple[str, ...]] = {
    "hidden.webm": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "99k"),
    "hidden9.webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-lag-in-frames", "25"),
    "hidden.ivf": ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "99k"),
    "packed.avi": ("-c:v", "libxvid", "-bf", "2", "-g", "24", "-q:v", "4"),
    "gaps.avi": ("-vf", "select=not(eq(mod(n\\,7)\\,3))", "-fps_mode", "vfr", "-c:v", "mpeg4"),
    "same.mkv": ("-vf", "setpts=floor(N/3)*3/25/TB", "-fps_mode", "passthrough", "-c:v", "libx264"),
    "split.mkv": ("-c:v", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "19", "-b:v", "99k"),
    "fields.mkv": ("-c:v", "libx265", "-x265-params", "log-level=none:interlace=tff:pools=1"),
    "variable.mkv": ("-vf", "select=lt(n\\,9)+not(mod(n\\,5))", "-fps_mode", "vfr", "-c:v", "ffv1"),
}


@pytest.mark.parametrize("name", PIECES)
def test_packets_that_are_no_picture_each_are_counted_right(
    name: str, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Invisible frames, frames in pieces, packed and left-out ones, several at one time."""
    path = render(f"piece_{name}", *SOURCE, "-pix_fmt", "yuv420p", encoder=PIECES[name])
    if name == "split.mkv":
        bits = ("-c", "copy", "-bsf:v", "av1_frame_split")
        path = render("pieces.mkv", "-i", str(path), encoder=bits)
    (found,) = measure_clip(task_of(path, "saliency"), ffmpeg)
    assert found.reason is None
    allowed = 1 if name == "packed.avi" else 0  # its encoder leaves one behind
    shown = shown_by_ffmpeg(path, ffmpeg)
    assert shown <= (probe(path).frames or 0) <= shown + allowed
    assert probe(path).fps < 26


@pytest.mark.parametrize("size", ["16x16", "100x16", "16x100", "2x2"])
def test_pictures_too_small_for_libvmaf_are_refused_by_size(
    size: str, render: Render, ffmpeg: Ffmpeg
) -> None:
    """libvmaf's adm crashes below 18 lines or columns: it is never begun."""
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    made = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.2")
    found = {
        m.part: m
        for m in measure_clip(task_of(render(f"{size}.mkv", *made, encoder=lossless)), ffmpeg)
    }
    named = f"its pictures are compared at {size.replace('x', ' by ')}; libvmaf needs 18 by 18"
    assert all(named in (found[part].reason or "") for part in ("libvmaf", "nr"))
    assert found["shots"].figures["frames"] == 5
    if size != "2x2":
        assert found["saliency"].reason is None


def test_pictures_just_large_enough_are_compared(render: Render, ffmpeg: Ffmpeg) -> None:
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    made = ("-f", "lavfi", "-i", "testsrc2=s=18x18:r=25:d=0.2")
    (found,) = measure_clip(task_of(render("18.mkv", *made, encoder=lossless), "libvmaf"), ffmpeg)
    assert found.reason is None


HOLES = ["mp4", "avi", "mkv", "ts", "flv", "mpg", "wmv", "ogv"]


@pytest.mark.parametrize("suffix", HOLES)
def test_a_hole_in_the_middle_is_named(
    suffix: str,
    long: Long,
    render: Render,
    ffmpeg: Ffmpeg,
    tmp_path: Path,
) -> None:
    encoders = {"mpg": LONG["mpeg2"], "wmv": ("-c:v", "wmv2"), "ogv": ("-c:v", "libtheora")}
    if suffix in encoders:
        whole = render(f"whole.{suffix}", *SOURCE, "-pix_fmt", "yuv420p", encoder=encoders[suffix])
    else:
        whole = long("h264", suffix)
    data = whole.read_bytes()
    require_scored(whole, ffmpeg)
    for share, size in ((0.3, 9000), (0.6, 3001)):
        at = int(len(data) * share)
        path = tmp_path / f"{share}.{suffix}"
        path.write_bytes(data[:at] + data[at + size :])
        try:
            (found,) = measure_clip(task_of(path, "saliency"), ffmpeg)
        except ClipError:
            continue
        assert found.reason is not None, f"{path.name}: a hole of {size} bytes"
