from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mos_assets.corpora.layouts.custom import load_custom
from mos_assets.demo import DEMO_SOURCE
from mos_assets.demo.degradations import DEGRADATIONS
from mos_assets.demo.render import clip_file, render_demo
from mos_assets.demo.scenes import FRAMES, SCENES, Scene, Shot
from mos_assets.errors import CorpusError
from mos_assets.media.ffmpeg import Ffmpeg, input_arguments, run_ffmpeg
from mos_assets_tests.corpora.making import quiet


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_scenes_are_the_same_bytes(
    ffmpeg: Ffmpeg, small_demo: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    render_demo(tmp_path, ffmpeg, scenes=SCENES[3:5], workers=1, progress=said.append)
    found = digests(tmp_path / "demo")
    assert found == digests(small_demo / "demo")
    assert len(found) == 14
    assert len(said) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_with_sources_the_clips_are_the_same_and_ratings_follow_what_they_lack(
    ffmpeg: Ffmpeg, small_demo: Path, tmp_path: Path
) -> None:
    render_demo(tmp_path, ffmpeg, DEMO_SOURCE, scenes=SCENES[3:4], workers=1, progress=quiet)
    folder = tmp_path / "demo-source"
    found, plain = digests(folder), digests(small_demo / "demo")
    clips = [name for name in found if name.startswith("clips/")]
    assert len(clips) == len(DEGRADATIONS)
    assert all(found[name] == plain[name] for name in clips)
    labels = load_custom(folder)
    assert not labels.rejected
    assert {label.reference for label in labels.labels} == {f"sources/{SCENES[3].name}.mp4"}
    severities = [float(line.split(",")[3]) for line in _lines(folder)]
    ratings = [float(line.split(",")[4]) for line in _lines(folder)]
    assert np.corrcoef(severities, ratings)[0, 1] < -0.9
    assert 0.0 <= min(severities) < 0.1 < max(severities) <= 1.0


def _lines(folder: Path) -> list[str]:
    return (folder / "labels.csv").read_text().splitlines()[1:]


def test_every_scene_renders_the_same_pictures_twice(ffmpeg: Ffmpeg) -> None:
    """Sources draw what they are not given from the clock; the first pictures of each tell."""
    for scene in SCENES:
        if "drawtext" in scene.graph("v"):
            continue
        wanted = [scene.graph("v"), "-map", "[v]", "-frames:v", "6", "-f", "framemd5", "-"]
        one, two = (run_ffmpeg(ffmpeg, ["-filter_complex", *wanted]) for _ in range(2))
        assert one.returncode == 0, one.stderr
        assert one.stdout == two.stdout, scene.name


def test_the_catalogue_is_twenty_scenes_of_two_seconds_with_cuts_in_some() -> None:
    assert len({scene.name for scene in SCENES}) == 20
    assert all(sum(shot.frames for shot in scene.shots) == FRAMES for scene in SCENES)
    assert {len(scene.shots) - 1 for scene in SCENES} == {0, 1, 2, 3}


def test_cuts_are_where_the_scene_says(ffmpeg: Ffmpeg, small_demo: Path) -> None:
    scene = SCENES[4]
    clip = small_demo / "demo" / "clips" / clip_file(scene, DEGRADATIONS[0].name)
    arguments = [*input_arguments(clip), "-vf", "scale=32:18", "-pix_fmt", "gray", "-f", "rawvideo"]
    raw = run_ffmpeg(ffmpeg, [*arguments, "-"]).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 18 * 32).astype(np.float64)
    assert len(frames) == FRAMES
    change = np.abs(np.diff(frames, axis=0)).mean(axis=1)
    cuts = np.cumsum([shot.frames for shot in scene.shots])[:-1] - 1
    assert set(np.argsort(change)[-len(cuts) :]) == set(cuts)


def test_a_render_that_fails_leaves_nothing(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    broken = Scene("broken", (Shot("no_such_source", FRAMES),))
    with pytest.raises(CorpusError, match=r"scene broken.*MOS_FFMPEG"):
        render_demo(tmp_path, ffmpeg, scenes=[broken], workers=2, progress=quiet)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_root_is_named(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="MOS_CORPUS_ROOT"):
        render_demo(tmp_path / "file", ffmpeg, scenes=SCENES[:1], workers=1, progress=quiet)


def test_what_a_killed_render_left_is_swept_once_it_is_old(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    old, young = tmp_path / ".demo-rendering-old", tmp_path / ".demo-rendering-young"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (1, 1))
    render_demo(tmp_path, ffmpeg, scenes=SCENES[2:3], workers=1, progress=quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".demo-rendering-young", "demo"]


def test_of_two_renders_at_once_one_wins_and_both_end_well(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    said: list[str] = []

    def render() -> Path:
        return render_demo(tmp_path, ffmpeg, scenes=SCENES[2:3], workers=1, progress=said.append)

    with ThreadPoolExecutor(2) as pool:
        folders = [job.result() for job in [pool.submit(render), pool.submit(render)]]
    assert folders == [tmp_path / "demo"] * 2
    assert sum("another process" in line for line in said) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
