"""Unusual clips give the figures of the bare command; damaged ones give a reason, never half."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.features import measure_clip
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.records import Measurement, Setback
from mos_assets_tests.features.conftest import Render, disguised, task_of

SIX = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1")
BT2020 = ("-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-pix_fmt", "yuv420p10le")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "40", "-b:v", "0")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "5")
RAW = ("-pix_fmt", "yuv420p")

CLIPS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "pq.mp4": ("s=160x90:r=25", 12, (*X265, *BT2020, "-color_trc", "smpte2084")),
    "hlg.mp4": ("s=160x90:r=25", 12, (*X265, *BT2020, "-color_trc", "arib-std-b67")),
    "hevc.mp4": ("s=160x90:r=25", 12, (*X265, "-pix_fmt", "yuv420p")),
    "vp9.webm": ("s=160x90:r=25", 12, VP9),
    "av1.mp4": ("s=160x90:r=25", 12, ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "1")),
    "sixty.mp4": ("s=160x90:r=60", 30, ()),
    "portrait.mp4": ("s=90x160:r=25", 12, ()),
    "four.mp4": ("s=160x90:r=25", 4, ()),
    "one.mp4": ("s=160x90:r=25", 1, ()),
    "ten.mkv": ("s=160x90:r=25", 12, ("-c:v", "ffv1", "-pix_fmt", "yuv422p10le")),
    "odd.mkv": ("s=161x91:r=25", 12, ("-c:v", "ffv1", "-pix_fmt", "yuv420p")),
}


def bare_loopback(path: Path, ffmpeg: Ffmpeg, folder: Path, crop: str) -> dict[str, float]:
    """Means of the six as the bare command gives them."""
    bare = ["-threads", "1", "-i", str(path), "-filter_complex", f"[0:v]{crop}split[e][r]"]
    bare += ["-map", "[e]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "35"]
    bare += ["-threads", "1", "-fps_mode", "passthrough", "-f", "null", "-"]
    bare += ["-dec", "0:0", "-filter_complex"]
    bare += ["[dec:0][r]libvmaf=log_fmt=json:log_path=bare.json[v]", "-map", "[v]"]
    run = run_ffmpeg(ffmpeg, [*bare, "-f", "null", "-"], cwd=folder)
    assert run.returncode == 0, run.stderr
    metrics = json.loads((folder / "bare.json").read_text())["pooled_metrics"]
    return {name: metrics[f"integer_{name}"]["mean"] for name in SIX}


def reasons(results: tuple[Measurement, ...]) -> list[str]:
    """The reason of every part; none of them may have a figure."""
    assert all(m.reason and not m.figures for m in results), results
    return [m.reason or "" for m in results]


@pytest.mark.parametrize("name", CLIPS)
def test_unusual_clips_equal_the_bare_command(
    name: str, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    source, frames, encoder = CLIPS[name]
    made = ("-f", "lavfi", "-i", f"testsrc2={source}", "-frames:v", str(frames))
    clip = render(f"truth_{name}", *made, encoder=encoder)
    found = {m.part: m for m in measure_clip(task_of(clip), ffmpeg)}
    without = {part: m.reason for part, m in found.items() if m.reason is not None}
    still = "it has one frame, and nothing moves in it"
    missing = {"libvmaf": "motion2", "nr": "nr_max_ti", "p910": "p910_mean_ti"}
    one = {part: f"no {name}: {still}" for part, name in missing.items()}
    assert without == (one if frames == 1 else {})
    crop = "crop=160:90:0:0," if name.startswith("odd") else ""
    expected = bare_loopback(clip, ffmpeg, tmp_path, crop)
    if frames == 1:
        del expected["motion2"]  # libvmaf says 0 of what one frame cannot tell
    assert dict(found["libvmaf"].figures) == pytest.approx(expected, abs=2e-6)
    assert found["shots"].figures["frames"] == frames
    assert found["shots"].figures["shot_count"] == 1
    rate = float(source.rpartition("=")[2])
    assert found["shots"].figures["shot_mean_length_s"] == pytest.approx(frames / rate)


@pytest.mark.parametrize("encoder", [(*X265, *BT2020, "-color_trc", "smpte2084"), VP9])
def test_a_cut_is_found_in_every_codec(
    encoder: tuple[str, ...], hard_cut: Path, render: Render, ffmpeg: Ffmpeg
) -> None:
    name = f"cut_{encoder[1]}.mkv"
    clip = render(name, "-i", str(hard_cut), encoder=encoder)
    (shots,) = measure_clip(task_of(clip, "shots"), ffmpeg)
    assert (shots.figures["shot_count"], shots.figures["frames"]) == (2, 60)


WHOLE: dict[str, tuple[str, ...]] = {
    "cut.mp4": ("-c", "copy", "-movflags", "+faststart"),
    "moov_last.mp4": ("-c", "copy"),
    "fragments.mp4": ("-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"),
    "cut.mkv": ("-c", "copy"),
    "cut.ts": ("-c", "copy"),
    "cut.webm": VP9,
    "cut.avi": MPEG4,
    "cut.y4m": RAW,
    "cut.ivf": VP9,
    "cut.flv": ("-c", "copy"),
    "copied.avi": ("-c", "copy"),
    "cut.nut": ("-c", "copy"),
    "cut.mpg": ("-c:v", "mpeg2video", "-bf", "2"),
    "cut.wmv": ("-c:v", "wmv2"),
    "cut.ogv": ("-c:v", "libtheora"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_clip_cut_off_anywhere_is_never_scored(
    name: str, plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Cut inside the pictures; a lost byte of an index at the very end loses no picture."""
    whole = render(f"whole_{name}", "-i", str(plain), encoder=WHOLE[name])
    (intact,) = measure_clip(task_of(whole, "saliency"), ffmpeg)
    assert intact.reason is None
    data = whole.read_bytes()
    # The last 15 % of that AVI, whose clock ticks 600 times a second, are its index.
    shares = (0.25, 0.5, 0.75, 0.84 if name == "copied.avi" else 0.97)
    for share in shares:
        path = tmp_path / name
        path.write_bytes(data[: int(len(data) * share)])
        # The probe may say so already; where it does not, or the cut comes later, decoding does.
        try:
            task = task_of(path, "saliency")
        except ClipError as error:
            assert str(error)
            task = disguised(task_of(whole, "saliency"), path)
            if name.endswith(("y4m", "ts")):
                assert "cut off" in str(error)
                continue
        assert reasons(measure_clip(task, ffmpeg))


def test_a_count_that_differs_by_one_is_a_reason(plain: Path, ffmpeg: Ffmpeg) -> None:
    task = task_of(plain)
    more = replace(task, probe=replace(task.probe, frames=26, duration_s=26 / 25))
    fewer = replace(task, probe=replace(task.probe, frames=24))
    assert "25 frames were decoded of the 26" in reasons(measure_clip(more, ffmpeg))[0]
    assert "25 frames were decoded of the 24" in reasons(measure_clip(fewer, ffmpeg))[0]


def test_bytes_lost_between_blocks_of_a_matroska_are_a_reason(
    plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """It counts no frames and finds its feet again: only its demuxer knows that one is gone."""
    whole = render("lost.mkv", "-i", str(plain), encoder=("-c:v", "mjpeg", "-q:v", "9"))
    data = whole.read_bytes()
    first = data.index(b"\xff\xd8\xff")
    second = data.index(b"\xff\xd8\xff", first + 3)
    path = tmp_path / "lost.mkv"
    path.write_bytes(data[: second - 9] + bytes(9) + data[second:])
    assert "container is damaged" in reasons(measure_clip(task_of(path), ffmpeg))[0]


def test_a_head_of_a_packet_that_is_overwritten_in_a_wmv_is_a_reason(
    plain: Path, render: Render, tmp_path: Path
) -> None:
    """Two bits of it are right by chance; the demuxer leaves out the pictures, without a word."""
    data = bytearray(
        render("whole_cut.wmv", "-i", str(plain), encoder=WHOLE["cut.wmv"]).read_bytes()
    )
    head = bytes.fromhex("820000")
    at = data.index(head, len(data) // 2)
    data[at : at + 16] = bytes.fromhex("ca3481ecd271459241483f36c008b28e")
    path = tmp_path / "cut.wmv"
    path.write_bytes(data)
    with pytest.raises(ClipError, match="no packet at byte"):
        probe(path)


def test_what_has_sound_or_a_cover_only_is_named(
    plain: Path, render: Render, tmp_path: Path
) -> None:
    sound = render("only_sound.m4a", "-f", "lavfi", "-i", "sine=d=1", encoder=("-c:a", "aac"))
    with pytest.raises(ClipError, match="no video stream"):
        probe(sound)
    picture = render("cover.png", "-i", str(plain), "-frames:v", "1", encoder=("-c:v", "png"))
    attach = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic")
    covered = render("covered.mp4", "-i", str(sound), "-i", str(picture), encoder=attach)
    with pytest.raises(ClipError, match="cover picture"):
        probe(covered)


def test_sound_beside_the_video_changes_nothing(
    plain: Path, render: Render, ffmpeg: Ffmpeg
) -> None:
    mixed = ("-c:v", "copy", "-c:a", "aac", "-shortest")
    clip = render("sounding.mp4", "-i", str(plain), "-f", "lavfi", "-i", "sine=d=1", encoder=mixed)
    with_sound, without = (measure_clip(task_of(path), ffmpeg) for path in (clip, plain))
    assert [m.figures for m in with_sound] == [m.figures for m in without]
    assert all(m.reason is None for m in without)


def test_a_title_that_is_not_utf_8_says_nothing_of_the_pictures(
    plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    titled = ("-c", "copy", "-metadata", "title=XXXXXX")
    data = render("titled.mp4", "-i", str(plain), encoder=titled).read_bytes()
    path = tmp_path / "latin.mp4"
    path.write_bytes(data.replace(b"XXXXXX", b"\xe9\xff\xfe\xe9\x1b["))
    figures = [m.figures for m in measure_clip(task_of(path, "saliency"), ffmpeg)]
    assert figures == [m.figures for m in measure_clip(task_of(plain, "saliency"), ffmpeg)]


def test_a_codec_that_nobody_knows_is_named(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "strange.mp4"
    path.write_bytes(plain.read_bytes().replace(b"avc1\0\0\0\0", b"zzzz\0\0\0\0"))
    with pytest.raises(ClipError, match="no decoder here knows"):
        probe(path)


def test_pictures_that_change_size_on_the_way_are_named(
    render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """A container without a frame count promises nothing that would show it."""
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bsf:v", "h264_mp4toannexb")
    sizes = [
        render(f"{size}.h264", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=1", encoder=h264)
        for size in ("320x180", "160x90")
    ]
    raw = tmp_path / "both.h264"
    raw.write_bytes(b"".join(path.read_bytes() for path in sizes))
    for name in ("both.mp4", "both.mkv"):
        source = raw if name == "both.mp4" else tmp_path / "both.mp4"
        run = run_ffmpeg(ffmpeg, ["-i", str(source), "-c", "copy", str(tmp_path / name)])
        assert run.returncode == 0, run.stderr.decode()
    for name in ("both.h264", "both.mp4", "both.mkv"):
        for found in measure_clip(task_of(tmp_path / name), ffmpeg):
            assert found.reason == "its pictures change size or format on the way"


def test_a_fade_from_black_has_the_saliency_of_the_rest(render: Render, ffmpeg: Ffmpeg) -> None:
    """A black frame has no saliency map; what OpenCV makes of it is its rounding errors."""
    lit = "testsrc2=s=160x90:r=25:d=2"
    dark = "color=black:s=160x90:r=25:d=1"
    lossless = ("-c:v", "ffv1")
    plain = render("lit.mkv", "-f", "lavfi", "-i", lit, encoder=lossless)
    joined = f"{dark},format=yuv420p[a];{lit},format=yuv420p[b];[a][b]concat=n=2"
    faded = render("faded.mkv", "-f", "lavfi", "-i", joined, encoder=lossless)
    black = render("black.mkv", "-f", "lavfi", "-i", dark, encoder=lossless)
    found = [measure_clip(task_of(path, "saliency"), ffmpeg)[0] for path in (plain, faded, black)]
    assert found[0].figures == found[1].figures
    assert found[2].reason == "each of its 1 sampled frames is of one colour"


def test_a_clip_that_is_replaced_after_it_was_hashed_is_not_scored_under_the_old_hash(
    plain: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(plain.read_bytes())
    task = task_of(path, "saliency")
    path.write_bytes(render_longer(plain))
    (found,) = measure_clip(task, ffmpeg)
    assert found.reason is not None
    assert "changed" in found.reason
    assert isinstance(found, Setback)


def render_longer(clip: Path) -> bytes:
    """The same pictures in other bytes."""
    return clip.read_bytes() + b"\0\0\0\x08free"


def test_joined_files_whose_clock_runs_back_keep_their_rate(
    plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """All frames are shown at the stated rate; and it does not matter what else is measured."""
    flv = render("part.flv", "-i", str(plain), encoder=("-c", "copy"))
    data = flv.read_bytes()
    joined = tmp_path / "joined.flv"
    joined.write_bytes(data + data[13:])
    task = task_of(joined, "libvmaf", "saliency", "shots")
    with_nr = task_of(joined)
    first = {m.part: m for m in measure_clip(task, ffmpeg)}
    second = {m.part: m for m in measure_clip(with_nr, ffmpeg)}
    assert first == {part: second[part] for part in first}
    assert second["nr"].reason is None
    assert first["shots"].figures["shot_mean_length_s"] == 50 / 25
