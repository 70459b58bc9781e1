"""Files of strangers: nothing but the clip itself is opened, and every clip meets its bounds."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.features import measure_clip
from mos_assets.features.resource_limits import LONGEST_LIMIT_S, time_limit_s
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.records import Probe, Setback
from mos_assets_tests.features.conftest import Render, disguised, task_of


@pytest.fixture()
def listener() -> Iterator[socket.socket]:
    """A server on this machine that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


DISGUISES = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{file}\n#EXT-X-ENDLIST\n",
    "hls_url": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "hls_key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:1,\n{file}\n',
    "hls_master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}.m3u8\n",
    "concat": "ffconcat version 1.0\nfile '{file}'\n",
    "concat_url": "ffconcat version 1.0\nfile '{url}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="0" bandwidth="1"><BaseURL>{url}</BaseURL><SegmentBase/>'
    "</Representation></AdaptationSet></Period></MPD>",
    "smil": '<smil><body><video src="{url}"/></body></smil>',
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "rtsp": "RTSPtext\nrtsp://127.0.0.1:{port}/x\n",
    "file": "file://{file}\n",
    "url": "{url}\n",
    "filter": "movie=filename={file}\n",
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_script_in_disguise_opens_nothing(
    name: str, plain: Path, listener: socket.socket, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """The file it names is a good clip, which would be scored if it were followed."""
    port = listener.getsockname()[1]
    bait = tmp_path / "clip.mp4"
    words = {"file": str(plain), "url": f"http://127.0.0.1:{port}/x.mp4", "port": str(port)}
    text = DISGUISES[name]
    for key, value in words.items():
        text = text.replace(f"{{{key}}}", value)
    bait.write_text(text)
    with pytest.raises(ClipError):
        probe(bait)
    (found,) = measure_clip(disguised(task_of(plain, "saliency"), bait), ffmpeg)
    assert found.reason is not None
    assert not found.figures
    assert not called(listener)


def test_the_baits_would_be_taken(
    plain: Path, listener: socket.socket, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Without the limits these very files do reach another file and the server."""
    bait = tmp_path / "bait.mp4"
    bait.write_text(DISGUISES["concat"].replace("{file}", str(plain)))
    run = run_ffmpeg(ffmpeg, ["-safe", "0", "-i", str(bait), "-f", "null", "-"])
    assert run.returncode == 0, run.stderr
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.mp4"
    bait.write_text(DISGUISES["concat_url"].replace("{url}", url))
    hits: list[bool] = []

    def answer() -> None:
        listener.accept()[0].close()
        hits.append(True)

    listener.settimeout(10)
    server = threading.Thread(target=answer)
    server.start()
    follow = ["-safe", "0", "-protocol_whitelist", "file,http,tcp", "-i", str(bait)]
    run_ffmpeg(ffmpeg, [*follow, "-f", "null", "-"], timeout_s=20)
    server.join()
    assert hits


def with_alias(data: bytes, target: Path) -> bytes:
    """A QuickTime file that says its pictures lie in `target`; its own are blanked out."""
    name = os.fsencode(target)
    record = bytes(10) + bytes([0]) + bytes(27) + bytes(12)
    record += bytes([min(63, len(target.name))]) + os.fsencode(target.name)[:63].ljust(63, b"\0")
    record += bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    padded = name + bytes(len(name) % 2)
    record += struct.pack(">HH", 2, len(padded)) + padded + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(record), b"alis", 0) + record
    at = data.index(b"url \0\0\0\1") - 4
    grown = bytearray(data[:at] + entry + data[at + 12 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.rindex(box, 0, at) - 4
        (size,) = struct.unpack_from(">I", grown, start)
        struct.pack_into(">I", grown, start, size + len(entry) - 12)
    pictures = data.index(b"mdat") + 4
    grown[pictures : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - pictures)
    return bytes(grown)


def test_pictures_that_lie_in_another_file_are_not_fetched(
    plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    whole = render("whole.mov", "-i", str(plain), encoder=("-c", "copy"))
    bait = tmp_path / "bait.mov"
    target = tmp_path / "target.mov"
    target.write_bytes(whole.read_bytes())
    bait.write_bytes(with_alias(whole.read_bytes(), target))
    follow = ["-enable_drefs", "1", "-use_absolute_path", "1", "-xerror", "-i", str(bait)]
    taken = run_ffmpeg(ffmpeg, [*follow, "-f", "framemd5", "-"])
    assert taken.stdout.count(b"\n0,") == 25, "the bait has to work where it is allowed to"
    found = measure_clip(disguised(task_of(whole, "saliency", "libvmaf"), bait), ffmpeg)
    assert all(m.reason and not m.figures for m in found)


@pytest.mark.parametrize(
    "name",
    [
        *("concat:a|b.mp4", "http:", "%03d.mp4", "-i.mp4", "--.mp4", "'\"$(x)`y`;&.mp4"),
        *(os.fsdecode(b"caf\xe9.mp4"), "two\nlines.mp4", "pipe:0", "a*?[x].mp4"),
    ],
)
def test_a_name_is_only_a_name(name: str, plain: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(plain.read_bytes())
    assert probe(path) == probe(plain)
    expected = measure_clip(task_of(plain, "saliency"), ffmpeg)
    assert measure_clip(task_of(path, "saliency"), ffmpeg) == expected
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_pattern_finds_no_other_pictures(plain: Path, render: Render, tmp_path: Path) -> None:
    picture = render("still.png", "-i", str(plain), "-frames:v", "1", encoder=("-c:v", "png"))
    for index in range(3):
        (tmp_path / f"{index}.png").write_bytes(picture.read_bytes())
    with pytest.raises((ClipError, FileNotFoundError)):
        probe(tmp_path / "%d.png")


def test_a_decoder_that_hangs_leaves_nothing(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, pids = tmp_path / "scratch", tmp_path / "pids"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho $$ > {pids}\ntouch half.txt\nsleep 300\n")
    program.chmod(0o755)
    begun = time.monotonic()
    task = task_of(plain, "libvmaf", "saliency")
    found = measure_clip(task, Ffmpeg(str(program), "hangs"), limit_s=0.7)
    assert time.monotonic() - begun < 10
    assert all(m.reason and isinstance(m, Setback) and not m.figures for m in found)
    assert not Path(f"/proc/{pids.read_text().strip()}").exists()
    assert not list(scratch.iterdir())


def test_a_clip_without_end_meets_the_limit(plain: Path, render: Render, ffmpeg: Ffmpeg) -> None:
    loop = ("-c", "copy")
    endless = render("endless.mp4", "-stream_loop", "2000", "-i", str(plain), encoder=loop)
    begun = time.monotonic()
    (found,) = measure_clip(task_of(endless, "libvmaf"), ffmpeg, limit_s=1.0)
    assert time.monotonic() - begun < 10
    assert not found.figures
    # Which of the two depends on what else the machine has to do.
    words = "waiting for the machine" if isinstance(found, Setback) else "s of computing"
    assert words in (found.reason or "")


def test_a_claimed_length_does_not_buy_time() -> None:
    claims = Probe(16000, 4000, 25.0, 1e12, 2**31, None, "h264", None, 0, 1, 0, 25.0)
    assert time_limit_s(claims) == LONGEST_LIMIT_S
    assert time_limit_s(replace(claims, frames=None, duration_s=-5.0)) > 0


def with_vp9_size(data: bytes, side: int) -> bytes:
    """An IVF file of which every key frame's header claims another size."""
    out = bytearray(data)
    at = 32
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        frame = int.from_bytes(data[at + 12 : at + 22], "big")
        if data[at + 13 : at + 16] == b"\x49\x83\x42":
            low = 80 - 36 - 32
            claimed = ((side - 1) << 16) | (side - 1)
            frame = frame & ~(0xFFFFFFFF << low) | claimed << low
            out[at + 12 : at + 22] = frame.to_bytes(10, "big")
        at += 12 + size
    return bytes(out)


@pytest.mark.parametrize("side", [12000, 65536])
def test_pictures_that_outgrow_their_header_are_not_made(
    side: int, plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    whole = render("whole.ivf", "-i", str(plain), encoder=vp9)
    path = tmp_path / "large.ivf"
    path.write_bytes(with_vp9_size(whole.read_bytes(), side))
    (found,) = measure_clip(disguised(task_of(whole, "saliency"), path), ffmpeg)
    assert found.reason is not None
    assert "Picture size" in found.reason or f"{side}" in found.reason


def test_a_header_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    for size, named in (("W100000 H100000", "100000 by 100000"), ("W9000 H64", "to 1")):
        path = tmp_path / "a.y4m"
        path.write_bytes(f"YUV4MPEG2 {size} F25:1 Ip C420jpeg\nFRAME\n".encode() + bytes(999))
        with pytest.raises(ClipError, match=named):
            probe(path)


def claiming(side: int) -> bytes:
    """The header of an AVI file whose pictures claim `side` on both sides, and one short frame."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def collected(name: bytes, content: bytes) -> bytes:
        return chunk(b"LIST", name + content)

    main = struct.pack("<14I", 40000, 0, 0, 0, 1, 0, 1, 0, side, side, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<12I", 0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0)
    picture = struct.pack("<IiiHH4s5I", 40, side, side, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    streams = collected(b"strl", chunk(b"strh", stream) + chunk(b"strf", picture))
    body = collected(b"hdrl", chunk(b"avih", main) + streams)
    body += collected(b"movi", chunk(b"00dc", b"\xff\xd8" + bytes(60)))
    return chunk(b"RIFF", b"AVI " + body)


def test_a_container_that_claims_a_huge_picture_is_refused(tmp_path: Path) -> None:
    """Past the header of the raw format: this one is read by the library itself."""
    path = tmp_path / "a.avi"
    path.write_bytes(claiming(100_000))
    with pytest.raises(ClipError):
        probe(path)


def test_memory_is_bounded(plain: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound reaches the program: one that is far too small stops it."""
    monkeypatch.setattr("mos_assets.features.resource_limits.MEMORY_BYTES", 64 << 20)
    (found,) = measure_clip(task_of(plain, "libvmaf"), ffmpeg)
    assert found.reason is not None
    assert not found.figures
