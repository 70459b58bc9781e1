"""Clips through the public door: bare libvmaf's figures, or a reason, never half a clip."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets.errors import ClipError
from mos_assets.features import (
    ClipTask,
    measure_clip,
    measure_clips,
    write_shard,
)
from mos_assets.features.extractors.no_reference import MOVING, NoReference
from mos_assets.features.extractors.shots import shot_columns
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.records import Measurement, Probe, Setback, ShotFigures
from mos_assets.settings import Loopback, ReferencePolicy
from mos_assets_tests.features.conftest import Render, disguised, measured_under, task_of

SIX = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")


def by_part(measurements: tuple[Measurement, ...]) -> dict[str, Measurement]:
    return {measurement.part: measurement for measurement in measurements}


def only(measurements: tuple[Measurement, ...]) -> Measurement:
    (measurement,) = measurements
    return measurement


def pooled(log: Path) -> dict[str, float]:
    metrics = json.loads(log.read_text())["pooled_metrics"]
    return {name: metrics[f"integer_{name}"]["mean"] for name in SIX}


def test_loopback_equals_the_bare_command(plain: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    bare = ["-i", str(plain), "-filter_complex", "[0:v]split[e][r]", "-map", "[e]"]
    bare += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-threads", "1"]
    bare += ["-f", "null", "-", "-dec", "0:0", "-filter_complex"]
    bare += [
        "[dec:0][r]libvmaf=log_fmt=json:log_path=bare.json[v]",
        "-map",
        "[v]",
        "-f",
        "null",
        "-",
    ]
    assert run_ffmpeg(ffmpeg, bare, cwd=tmp_path).returncode == 0
    found = by_part(measure_clip(task_of(plain, "libvmaf", "saliency"), ffmpeg))
    assert found.keys() == {"libvmaf", "saliency"}
    assert dict(found["libvmaf"].figures) == pytest.approx(pooled(tmp_path / "bare.json"), abs=2e-6)
    alone = only(measure_clip(task_of(plain, "libvmaf"), ffmpeg))
    assert alone == found["libvmaf"], "a part's figures must not depend on its company"


def test_loopback_2_codes_each_compared_picture_by_itself(
    plain: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """As the bare command does for pictures at 25 a second, whatever the rate of the clip.

    The first is coded twice, and what came of it first is dropped.
    """
    slow = render("plain_at_3.mkv", "-r", "3", "-i", str(plain), encoder=("-c:v", "ffv1"))
    chain = "[0:v]settb=1/25,setpts=N,fps=25,split[c][r];[c]tpad=start=1:start_mode=clone[e]"
    bare = ["-i", str(slow), "-filter_complex", chain, "-map", "[e]", "-enc_time_base", "1:25"]
    bare += ["-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "veryfast", "-crf", "35"]
    bare += ["-g", "1", "-threads", "1", "-f", "null", "-", "-dec", "0:0", "-filter_complex"]
    compared = "[dec:0]select=gt(n\\,0),settb=1/25,setpts=N[d];[d][r]libvmaf"
    bare += [f"{compared}=log_fmt=json:log_path=bare.json[v]", "-map", "[v]"]
    assert run_ffmpeg(ffmpeg, [*bare, "-f", "null", "-"], cwd=tmp_path).returncode == 0
    fast, late = (
        only(measure_clip(task_of(clip, "libvmaf", loopback=Loopback.TWO), ffmpeg)).figures
        for clip in (plain, slow)
    )
    assert fast == late
    assert dict(late) == pytest.approx(pooled(tmp_path / "bare.json"), abs=2e-6)


def test_the_other_parts_measure_what_they_say(plain: Path, ffmpeg: Ffmpeg) -> None:
    found = by_part(measure_clip(task_of(plain, "saliency", "shots"), ffmpeg))
    assert dict(found["shots"].figures) == {
        "shot_count": 1.0,
        "shot_mean_length_s": 1.0,
        "shot_length_std_s": 0.0,
        "frames": 25.0,
    }
    assert 0 < found["saliency"].figures["saliency_mean"] < 1
    assert 0 < found["saliency"].figures["saliency_var"] < 0.25


def test_self_tells_nothing(plain: Path, ffmpeg: Ffmpeg) -> None:
    figures = only(
        measure_clip(task_of(plain, "libvmaf", policy=ReferencePolicy.SELF), ffmpeg)
    ).figures
    assert [figures[name] for name in SIX[:5]] == pytest.approx([1.0] * 5, abs=1e-4)
    assert figures["motion2"] > 0


def test_source_scales_to_the_reference(plain: Path, render: Render, ffmpeg: Ffmpeg) -> None:
    small = render("small.mp4", "-i", str(plain), "-vf", "scale=80:44")
    task = task_of(small, "libvmaf", policy=ReferencePolicy.SOURCE, reference=plain)
    figures = only(measure_clip(task, ffmpeg)).figures
    assert 0.1 < figures["adm2"] < 0.99
    assert figures["motion2"] == pytest.approx(
        only(measure_clip(task_of(plain, "libvmaf", policy=ReferencePolicy.SELF), ffmpeg)).figures[
            "motion2"
        ]
    ), "motion is a property of the reference: the picture must have its size"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-frames:v", "20"), "lasts 1.000 s (25 frames), its reference 0.800 s (20 frames)"),
        (("-vf", "tpad=stop=5"), "lasts 1.000 s (25 frames), its reference 1.200 s (30 frames)"),
        (("-vf", "setpts=PTS*25/30", "-r", "30"), "its reference 0.833 s (25 frames)"),
        (("-vf", "pad=160:120:0:15"), "160x90 (1.778:1), its reference's 160x120 (1.333:1)"),
        (("-vf", "setsar=4/3"), "160x90 with samples of 4:3 (2.370:1)"),
        (("-vf", "transpose=1"), "90x160 (0.562:1)"),
    ],
)
def test_an_unlike_reference_costs_libvmaf_only(
    arguments: tuple[str, ...], named: str, plain: Path, render: Render, ffmpeg: Ffmpeg
) -> None:
    name = f"reference_{'_'.join(arguments).replace('/', '')}.mp4"
    reference = render(name, "-i", str(plain), *arguments)
    task = task_of(plain, "libvmaf", "saliency", policy=ReferencePolicy.SOURCE, reference=reference)
    found = by_part(measure_clip(task, ffmpeg))
    assert found["libvmaf"].reason is not None
    assert named in found["libvmaf"].reason
    expected = only(measure_clip(task_of(plain, "saliency"), ffmpeg))
    assert found["saliency"] == expected


def test_a_missing_or_broken_reference_costs_libvmaf_only(
    plain: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(plain.read_bytes())
    task = task_of(plain, "libvmaf", "saliency", policy=ReferencePolicy.SOURCE, reference=broken)
    damage(broken)
    found = by_part(measure_clip(task, ffmpeg))
    assert found["libvmaf"].reason is not None
    assert found["saliency"].reason is None
    broken.unlink()
    found = by_part(measure_clip(task, ffmpeg))
    assert found["libvmaf"].reason is not None
    assert isinstance(found["libvmaf"], Setback)
    assert found["saliency"].reason is None


def damage(path: Path) -> None:
    """Overwrite a stretch of the coded pictures; the container's index stays whole."""
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 4
    data[middle : middle + 400] = bytes(byte ^ 0x5A for byte in data[middle : middle + 400])
    path.write_bytes(data)


@pytest.fixture()
def faststart(hard_cut: Path, render: Render) -> Path:
    """An MP4 whose index comes first, so that a cut-off file still opens."""
    copy = ("-c", "copy", "-movflags", "+faststart")
    return render("faststart.mp4", "-i", str(hard_cut), encoder=copy)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_truncated_clip_is_not_scored_on_what_is_left(
    suffix: str, hard_cut: Path, faststart: Path, render: Render, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    whole = faststart
    if suffix == "mkv":
        whole = render("whole.mkv", "-i", str(hard_cut), encoder=("-c", "copy"))
    assert all(m.reason is None for m in measure_clip(task_of(whole, "saliency"), ffmpeg))
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    with pytest.raises(ClipError, match="cut off"):
        probe(cut)
    # As if it had been cut after the probe, and before it was hashed.
    results = measure_clip(disguised(task_of(whole), cut), ffmpeg)
    assert len(results) == len(measured_under(ReferencePolicy.LOOPBACK))
    assert all(m.reason and not m.figures for m in results)


def test_corrupt_pictures_are_a_reason_that_never_changes(
    faststart: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    corrupt = tmp_path / "corrupt.mp4"
    corrupt.write_bytes(faststart.read_bytes())
    damage(corrupt)
    results = measure_clip(task_of(corrupt), ffmpeg)
    assert all(m.reason and not m.figures for m in results)
    assert results == measure_clip(task_of(corrupt), ffmpeg)
    assert "0x" not in str([m.reason for m in results])


@pytest.mark.parametrize(
    "content",
    [b"", b"not a film at all\n" * 50, b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"],
    ids=["empty", "text", "playlist"],
)
def test_what_is_no_clip_is_a_reason(
    content: bytes, plain: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """The probe sees a whole clip and the file changes before it is measured."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(plain.read_bytes())
    task = task_of(path)
    path.write_bytes(content)
    assert all(m.reason and not m.figures for m in measure_clip(task, ffmpeg))
    path.unlink()
    gone = measure_clip(task, ffmpeg)
    assert all(m.reason and isinstance(m, Setback) for m in gone)


def test_sound_alone_is_a_reason(render: Render, plain: Path, ffmpeg: Ffmpeg) -> None:
    sound = render("sound.mp4", "-f", "lavfi", "-i", "sine=d=1", encoder=("-c:a", "aac"))
    whole = task_of(plain)
    task = ClipTask(
        "test/sound", sound, "0" * 64, whole.probe, whole.parts, None, None, whole.comparison
    )
    assert all(m.reason and not m.figures for m in measure_clip(task, ffmpeg))


UNUSUAL = {
    "ten_bit": ("testsrc2=s=160x90:r=25:d=1", "yuv420p10le", 25),
    "odd": ("testsrc2=s=161x91:r=25:d=1", "yuv444p", 25),
    "portrait": ("testsrc2=s=90x160:r=25:d=1", "yuv420p", 25),
    "one_frame": ("testsrc2=s=160x90:r=25,trim=end_frame=1", "yuv420p", 1),
    "ntsc": ("testsrc2=s=160x90:r=30000/1001,trim=end_frame=30", "yuv420p", 30),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_pictures(name: str, render: Render, ffmpeg: Ffmpeg) -> None:
    source, pixels, frames = UNUSUAL[name]
    encoder = ("-c:v", "ffv1", "-pix_fmt", pixels)
    clip = render(f"{name}.mkv", "-f", "lavfi", "-i", source, encoder=encoder)
    found = by_part(measure_clip(task_of(clip), ffmpeg))
    without = {part for part, m in found.items() if m.reason is not None}
    moving = {"libvmaf", "nr", "p910"} if frames == 1 else set()
    assert without == moving, "one frame has no change over time"
    if frames == 1:
        assert set(found["libvmaf"].figures) == set(SIX) - {"motion2"}
        assert set(NoReference().column_names) - set(found["nr"].figures) == MOVING
    assert found["shots"].figures["frames"] == frames
    assert 0.5 < found["libvmaf"].figures["adm2"] < 0.999
    itself = only(measure_clip(task_of(clip, "libvmaf", policy=ReferencePolicy.SELF), ffmpeg))
    assert itself.figures["adm2"] == pytest.approx(1.0, abs=1e-4)


def test_a_variable_frame_rate_meets_its_own_frames(render: Render, ffmpeg: Ffmpeg) -> None:
    """With timestamps of its own making, every frame must still meet itself, not a neighbour."""
    source = "testsrc2=s=160x90:r=30:d=2,select='lt(n,20)+not(mod(n,3))'"
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p", "-fps_mode", "passthrough")
    clip = render("variable.mkv", "-f", "lavfi", "-i", source, encoder=lossless)
    evenly = ("-vf", "settb=1/25,setpts=N", "-enc_time_base", "1:25")
    even = render("even.mkv", "-i", str(clip), *evenly, encoder=lossless)
    found = by_part(measure_clip(task_of(clip), ffmpeg))
    assert {m.reason for m in found.values()} == {None}
    twin = by_part(measure_clip(task_of(even), ffmpeg))
    assert found["shots"].figures["frames"] == twin["shots"].figures["frames"]
    assert found["shots"].figures["shot_mean_length_s"] == pytest.approx(1.96, abs=0.05)
    assert found["libvmaf"].figures["adm2"] == pytest.approx(
        twin["libvmaf"].figures["adm2"], abs=0.01
    )


def test_rotation_is_applied_as_players_do(plain: Path, render: Render, ffmpeg: Ffmpeg) -> None:
    turn = ("-c", "copy", "-y")
    turned = render("turned.mp4", "-display_rotation", "90", "-i", str(plain), encoder=turn)
    upright = render(
        "upright.mkv", "-i", str(plain), "-vf", "transpose=2", encoder=("-c:v", "ffv1")
    )
    one, other = (only(measure_clip(task_of(p, "saliency"), ffmpeg)) for p in (turned, upright))
    assert dict(one.figures) == pytest.approx(dict(other.figures))


def test_a_clip_that_takes_too_long_is_given_up(plain: Path, ffmpeg: Ffmpeg) -> None:
    result = only(measure_clip(task_of(plain, "libvmaf"), ffmpeg, limit_s=0.001))
    assert result.reason is not None
    assert isinstance(result, Setback)


def test_names_are_never_options_nor_filters(plain: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    expected = measure_clip(task_of(plain, "libvmaf", "saliency"), ffmpeg)
    for name in ("-y.mp4", "a:b;[x],'q' %d\n.mp4", "ünï\u202ecode.mp4"):
        path = tmp_path / name
        path.write_bytes(plain.read_bytes())
        assert measure_clip(task_of(path, "libvmaf", "saliency"), ffmpeg) == expected


def test_nothing_is_left_behind(
    plain: Path, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    measure_clip(task_of(plain, "libvmaf", "saliency"), ffmpeg)
    measure_clip(task_of(plain, "libvmaf"), ffmpeg, limit_s=0.001)
    assert not list(tmp_path.iterdir())


def test_the_number_of_workers_changes_nothing(
    plain: Path, hard_cut: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(plain.read_bytes())
    tasks = [task_of(hard_cut), task_of(broken), task_of(plain)]
    broken.write_bytes(b"gone bad")
    tasks[1] = replace(tasks[1], sha256="f" * 64)
    shards = []
    for workers in (1, 4):
        seen: list[str] = []

        def note(task: ClipTask, _: tuple[Measurement, ...], names: list[str] = seen) -> None:
            names.append(task.clip_id)

        results = measure_clips(tasks, ffmpeg, workers=workers, on_done=note)
        assert sorted(seen) == sorted(task.clip_id for task in tasks)
        path = tmp_path / f"{workers}.parquet"
        write_shard(path, [m for result in results for m in result])
        shards.append(path.read_bytes())
    assert shards[0] == shards[1]


def test_threads_are_given_back_after_an_interrupt(plain: Path, ffmpeg: Ffmpeg) -> None:
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads()

    def stop(task: ClipTask, result: tuple[Measurement, ...]) -> None:
        raise KeyboardInterrupt

    tasks = [task_of(plain, "saliency")] * 3
    with pytest.raises(KeyboardInterrupt):
        measure_clips(tasks, ffmpeg, workers=2, on_done=stop)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_a_real_clip_has_several_shots(real_clip: Callable[[str], Path], ffmpeg: Ffmpeg) -> None:
    figures = only(measure_clip(task_of(real_clip("bikes.mp4"), "shots"), ffmpeg)).figures
    assert figures["frames"] == 250
    assert figures["shot_count"] == 6
    columns = shot_columns(
        ShotFigures(
            int(figures["shot_count"]),
            figures["shot_mean_length_s"],
            figures["shot_length_std_s"],
            int(figures["frames"]),
        )
    ).figures
    assert columns["shot_cut_density"] == 5 / 250
    assert math.isclose(columns["shot_count_norm"], math.log10(7) / 3)


def test_the_time_limit_follows_length_and_size() -> None:
    from mos_assets.features.resource_limits import time_limit_s

    short = Probe(320, 180, 25.0, 2.0, 50, None, "h264", None, 0, 1, 0, 25.0)
    long = Probe(320, 180, 25.0, 60.0, None, None, "h264", None, 0, 1, 0, 25.0)
    large = Probe(3840, 2160, 25.0, 2.0, 50, None, "h264", None, 0, 1, 0, 25.0)
    assert time_limit_s(short) < min(time_limit_s(long), time_limit_s(large))
