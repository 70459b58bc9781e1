"""Looks at clip folders: a quick one sees what a thorough one sees, and lists nothing unasked."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.corpora.request import ClipDir
from mos_assets.watching import Catalogue

LONG_AGO = 1_700_000_000
YEAR_2100 = 4_102_444_800
NAMES = ["a", "b", "part", "part/a", "part/deep", "part/deep/b"]
TICK_S = 0.01
"""Longer than the clock of a file system stands still."""


def calm(root: Path) -> None:
    """Folders as they are long after a copy: a fresh one would be read again at each look."""
    for folder, _, _ in os.walk(root):
        os.utime(folder, (LONG_AGO, LONG_AGO))
    time.sleep(TICK_S)


def add(root: Path, name: str, size: int) -> None:
    path = root / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def remove(root: Path, name: str, _: int) -> None:
    (root / f"{name}.mp4").unlink(missing_ok=True)


def rename(root: Path, name: str, size: int) -> None:
    path = root / f"{name}.mp4"
    if path.exists():
        path.rename(root / f"{NAMES[size % 3]}{size}.mp4")


def empty_folder(root: Path, name: str, _: int) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)


def other_file(root: Path, name: str, size: int) -> None:
    path = root / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


OPERATIONS = st.tuples(
    st.sampled_from([add, add, remove, rename, empty_folder, other_file]),
    st.sampled_from(NAMES),
    st.integers(1, 9),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(OPERATIONS, min_size=1, max_size=6), st.booleans())
def test_a_quick_look_finds_what_a_new_catalogue_finds(operations: list, recursive: bool) -> None:
    with TemporaryDirectory() as name:
        corpus = Path(name)
        clips = corpus / "clips"
        clips.mkdir()
        dirs = [ClipDir(clips, recursive=recursive)]
        kept = Catalogue(corpus / "kept")
        for turn, (operation, where, size) in enumerate(operations):
            operation(clips, where, size)
            calm(clips)
            quick = kept.view(dirs, corpus, every_file=False, turn=turn)
            thorough = Catalogue(corpus / f"new{turn}").view(dirs, corpus, every_file=True)
            assert (quick.digest, quick.clips) == (thorough.digest, thorough.clips)
            again = kept.view(dirs, corpus, every_file=False, turn=turn)
            assert again == quick


def test_folders_that_overlap_do_not_hide_changes_from_each_other(tmp_path: Path) -> None:
    """Two corpora may share a folder: what one look has read, the other has not."""
    whole, part = ClipDir(tmp_path / "clips", recursive=True), ClipDir(tmp_path / "clips" / "part")
    add(tmp_path / "clips", "part/a", 3)
    calm(tmp_path / "clips")
    catalogue = Catalogue(tmp_path / "store")

    def look(entry: ClipDir) -> str:
        return catalogue.view([entry], tmp_path, every_file=False).digest

    before = look(whole)
    look(part)
    add(tmp_path / "clips", "part/a", 4)
    look(part)
    assert look(whole) != before


def test_tables_beside_the_clips_are_not_among_them(tmp_path: Path) -> None:
    add(tmp_path, "a", 3)
    add(tmp_path, "shots/preview", 3)
    calm(tmp_path)
    catalogue, dirs = Catalogue(tmp_path / "store"), [ClipDir(tmp_path, recursive=True)]
    seen = {
        clips: catalogue.view(dirs, corpus, every_file=False).clips
        for clips, corpus in ((1, tmp_path), (2, tmp_path.parent), (1, tmp_path))
    }
    assert seen == {1: 1, 2: 2}


def test_a_look_lists_no_folder_where_nothing_changed(tmp_path: Path) -> None:
    """But one that changed just now: the next file may come in the same tick of its clock."""
    for n in range(20):
        add(tmp_path / "clips", f"part{n}/a", 3)
    catalogue = Catalogue(tmp_path / "store")
    dirs = [ClipDir(tmp_path / "clips", recursive=True)]
    listed: list[str] = []
    watching = True
    sys.addaudithook(
        lambda event, given: (
            listed.append(os.fsdecode(given[0])) if watching and event == "os.scandir" else None
        )
    )

    def lists() -> int:
        listed.clear()
        catalogue.view(dirs, tmp_path, every_file=False)
        return len(listed)

    try:
        assert [lists(), lists()] == [21, 21]
        calm(tmp_path / "clips")
        assert [lists(), lists()] == [21, 0]
        add(tmp_path / "clips", "part7/b", 3)
        assert lists() == 1
        for at in (LONG_AGO, YEAR_2100):
            os.utime(tmp_path / "clips" / "part7", (at, at))
            time.sleep(TICK_S)
            assert lists() == 1
            assert lists() == 0
    finally:
        watching = False


def test_a_look_that_another_overtakes_leaves_what_the_other_saw(tmp_path: Path) -> None:
    """Such as "Test sensor" in the UI beside a tick: a clip is replaced after the one has listed
    its folder, and the other sees that."""
    clip = tmp_path / "clips" / "a.mp4"
    for name in ("a", "deep/b"):
        add(tmp_path / "clips", name, 3)
    calm(tmp_path / "clips")
    catalogue = Catalogue(tmp_path / "store")
    dirs = [ClipDir(tmp_path / "clips", recursive=True)]
    before = catalogue.view(dirs, tmp_path, every_file=True)
    overtaken: list[str] = []

    def overtake(event: str, given: tuple[object, ...]) -> None:
        if event == "os.scandir" and str(given[0]).rstrip("'").endswith("deep") and not overtaken:
            overtaken.append("")
            clip.write_bytes(b"replaced, longer")
            overtaken.append(catalogue.view(dirs, tmp_path, every_file=True).digest)

    sys.addaudithook(overtake)
    assert catalogue.view(dirs, tmp_path, every_file=True) == before
    assert overtaken[1] != before.digest
    assert catalogue.view(dirs, tmp_path, every_file=False).digest == overtaken[1]


@pytest.mark.parametrize("part", [(0, 4096), (2048, 2048)], ids=["whole pages", "torn pages"])
def test_a_catalogue_that_is_damaged_anywhere_is_made_anew(
    part: tuple[int, int], tmp_path: Path
) -> None:
    at, length = part
    for n in range(3000):
        (tmp_path / f"a_clip_with_a_long_name_{n:06d}.mp4").touch()
    calm(tmp_path)
    catalogue, dirs = Catalogue(tmp_path / "store"), [ClipDir(tmp_path)]
    before = catalogue.view(dirs, tmp_path, every_file=False)
    whole = catalogue.path.read_bytes()
    for page in range(0, len(whole), 4096):
        for rubbish in (b"\0", b"\xff"):
            damaged = bytearray(whole)
            damaged[page + at : page + at + length] = rubbish * length
            catalogue.path.write_bytes(damaged)
            assert catalogue.view(dirs, tmp_path, every_file=True).digest == before.digest
            assert catalogue.view(dirs, tmp_path, every_file=False).clips == before.clips
