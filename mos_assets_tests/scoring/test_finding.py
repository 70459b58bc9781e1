"""Which files of a folder are clips, and that each is found once."""

import os
from pathlib import Path

import pytest

from mos_assets.scoring.finding import find_clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips at two depths, and whatever else lies in such a folder."""
    folder = tmp_path / "clips"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / ".trash").mkdir()
    for name in ("b.mp4", "deep/er/a.MKV", ".trash/c.mp4", ".d.mp4", "readme.txt", "noext"):
        (folder / name).touch()
    (tmp_path / "far.mp4").touch()
    (folder / "far.mp4").symlink_to(tmp_path / "far.mp4")
    (folder / "near.mp4").symlink_to(folder / "b.mp4")
    (folder / "gone.mp4").symlink_to(tmp_path / "nothing.mp4")
    (folder / "loop").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    return folder


def test_a_folder_holds_its_clips_at_any_depth_once(folder: Path) -> None:
    given = find_clips([folder])
    assert given.clips == (folder / "b.mp4", folder / "deep" / "er" / "a.MKV")
    assert given.unusable == ()
    (told,) = given.passed_over
    for count in (
        "2 hidden ones",
        "2 links out of it",
        "1 link to nothing",
        "2 files of no video suffix",
    ):
        assert count in told


def test_what_is_named_counts_whatever_it_is_called(folder: Path) -> None:
    named = (folder / ".d.mp4", folder / "noext", folder / "far.mp4")
    assert find_clips(named).clips == named


def test_a_file_that_is_named_twice_is_one_clip(folder: Path) -> None:
    given = find_clips([folder / "b.mp4", folder, folder / "near.mp4"])
    assert given.clips == (folder / "b.mp4", folder / "deep" / "er" / "a.MKV")


def test_references_are_no_clips_unless_named(folder: Path) -> None:
    references = frozenset({os.path.realpath(folder / "b.mp4")})
    assert find_clips([folder], references).clips == (folder / "deep" / "er" / "a.MKV",)
    assert find_clips([folder / "b.mp4"], references).clips == (folder / "b.mp4",)


def test_what_is_not_there_is_said_and_stops_nothing(folder: Path) -> None:
    given = find_clips([folder / "none", folder / "b.mp4"])
    assert given.clips == (folder / "b.mp4",)
    assert [why for _, why in given.unusable] == [
        f"{folder / 'none'}: there is no such file or folder"
    ]
