"""What the sensors see on a real corpus folder, and what they do not mistake for a change."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mos_assets.settings import Settings
from mos_assets_tests.automation.conftest import TOML, Watch, WatchWith, folders


def future(path: Path) -> None:
    """Beyond what 64 bit of nanoseconds hold."""
    os.utime(path, (10_413_792_000, 10_413_792_000))


def folder_to_file(folder: Path, corpus: Path) -> None:
    """Its clips stay in the corpus, or their removal would be asked about."""
    for clip in folder.iterdir():
        clip.rename(folder.parent / clip.name)
    folder.rmdir()
    folder.write_bytes(b"")


def kept_time(path: Path, change: Callable[[], object]) -> None:
    status = path.stat()
    change()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edited(path: Path) -> bytes:
    return path.read_bytes().replace(b"3.", b"4.")


CHANGES: dict[str, Callable[[Path], object]] = {
    "label edited": lambda c: (c / "labels.csv").write_text("clip,mos\n" + "0.mp4,3.5\n" * 16),
    "corpus.toml edited": lambda c: (c / "corpus.toml").write_text(TOML + "\n"),
    "clip added": lambda c: (c / "clips" / "new.mp4").write_bytes(b"new"),
    "clip added below": lambda c: (c / "clips" / "deep" / "new.mp4").write_bytes(b"new"),
    "folder added": lambda c: (c / "clips" / "deep").rename(c / "clips" / "renamed"),
    "clip removed": lambda c: (c / "clips" / "0.mp4").unlink(),
    "clip renamed": lambda c: (c / "clips" / "0.mp4").rename(c / "clips" / "x.mp4"),
    "clip replaced in place": lambda c: (c / "clips" / "deep" / "1.mp4").write_bytes(b"NOT opened"),
    "clip of the year 2300": lambda c: future(c / "clips" / "0.mp4"),
    "folder became a file": lambda c: folder_to_file(c / "clips" / "deep", c),
    "clip added, folder's time put back": lambda c: kept_time(
        c / "clips", lambda: (c / "clips" / "new.mp4").write_bytes(b"new")
    ),
    "label edited under its old size and time": lambda c: kept_time(
        c / "labels.csv", lambda: (c / "labels.csv").write_bytes(edited(c / "labels.csv"))
    ),
    "link to itself added beside a clip": lambda c: (
        (c / "clips" / "loop.mp4").symlink_to("loop.mp4"),
        (c / "clips" / "below.mp4").symlink_to(c / "labels.csv" / "x.mp4"),
        (c / "clips" / "new.mp4").write_bytes(b"new"),
    ),
    "reference added": lambda c: (c / "pristine.y4m").write_bytes(b"source"),
}


SEEN_TWICE = {"label edited", "corpus.toml edited"}
"""The corpus folder's time stays: what is in it is read again at the next tick, and moves then."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_launches_once_when_it_has_been_quiet_for_two_ticks(
    change: str, corpus: Path, corpus_watch: Watch
) -> None:
    assert corpus_watch.ticks(3) == [0, 0, 0]
    assert corpus_watch.reason == "nothing changed: 20 clips of own, 17 label lines of own"
    CHANGES[change](corpus)
    late = [0] if change in SEEN_TWICE else []
    assert corpus_watch.ticks(6) == [*late, 0, 0, 1, 0, 0, 0][:6]


def test_what_is_no_clip_is_no_change(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    for name in ("notes.txt", ".new.mp4.Xa81b", "new.mp4.part"):
        (corpus / "clips" / name).write_text("not a clip")
        assert corpus_watch.ticks(4) == [0] * 4
    (corpus / "clips" / "new.mp4.part").rename(corpus / "clips" / "new.mp4")
    assert corpus_watch.ticks(4) == [0, 0, 1, 0]


def test_a_folder_of_the_year_2300_does_not_end_the_looks(
    corpus: Path, corpus_watch: Watch
) -> None:
    corpus_watch.ticks(3)
    future(corpus / "clips")
    future(corpus / "labels.csv")
    assert sum(corpus_watch.ticks(5)) == 1
    assert sum(corpus_watch.ticks(5)) == 0
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    assert sum(corpus_watch.ticks(5)) == 1


def test_a_clip_that_lies_is_found_whatever_else_changed_and_launches_once(
    corpus: Path, corpus_watch: Watch, settings: Settings
) -> None:
    """And a catalogue that is made anew after it is no change."""
    from mos_assets.watching import Catalogue

    corpus_watch.ticks(3)
    clip = corpus / "clips" / "10.mp4"
    kept_time(clip, lambda: clip.write_bytes(b"NOT OPENED"))
    (corpus / "clips" / "00.mp4").write_bytes(b"comes before it")
    assert sum(corpus_watch.ticks(5)) == 1
    assert Catalogue(settings.paths.store_folder).distrusted() == {str(clip)}
    (settings.paths.store_folder / "watch.sqlite").unlink()
    assert sum(corpus_watch.ticks(5)) == 0
    assert corpus_watch.reason.startswith("nothing changed")


def test_a_clip_replaced_under_its_old_time_is_found_in_the_night(
    corpus: Path, corpus_watch: Watch, settings: Settings
) -> None:
    """Same name, size and mtime: the change time, which no program can set, gives it away."""
    from mos_assets.watching import Catalogue

    clip = corpus / "clips" / "0.mp4"
    corpus_watch.ticks(3)
    status = clip.stat()
    clip.write_bytes(b"NOT OPENED")
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    (corpus / "clips" / "2.mp4").chmod(0o600)
    assert corpus_watch.ticks(3) == [0, 0, 0]
    corpus_watch.now += 24 * 3600
    assert corpus_watch.ticks(5) == [0, 0, 1, 0, 0]
    catalogue = Catalogue(settings.paths.store_folder)
    assert catalogue.distrusted() == {str(clip)}
    catalogue.trust(catalogue.distrusted())
    corpus_watch.now += 24 * 3600
    assert corpus_watch.ticks(5) == [0] * 5


def test_a_link_that_leads_nowhere_is_no_clip(corpus: Path, corpus_watch: Watch) -> None:
    """Nor does it end the looks."""
    corpus_watch.ticks(3)
    clip = corpus / "clips" / "0.mp4"
    clip.unlink()
    clip.symlink_to(clip.name)
    assert corpus_watch.ticks(4) == [0, 0, 1, 0]
    assert corpus_watch.reason == "nothing changed: 19 clips of own, 17 label lines of own"


@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_of_the_desktop_that_moves_during_each_run_starts_no_other(
    in_place: bool, corpus: Path, corpus_watch: Watch
) -> None:
    desktop = corpus / "clips" / ".DS_Store"
    desktop.write_bytes(b"1")
    corpus_watch.ticks(3)
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    assert corpus_watch.ticks(3) == [0, 0, 1]
    if in_place:
        desktop.write_bytes(b"22")
    else:
        (corpus / "clips" / ".DS_Store.tmp").write_bytes(b"22")
        (corpus / "clips" / ".DS_Store.tmp").rename(desktop)
    assert corpus_watch.ticks(6) == [0] * 6
    assert corpus_watch.reason.startswith("nothing changed")


def test_a_clip_dated_ahead_hides_no_copy_that_grows(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    ahead = corpus / "clips" / "ahead.mp4"
    ahead.write_bytes(b"of a machine whose clock is eight hours ahead")
    os.utime(ahead, (time.time() + 8 * 3600,) * 2)
    growing = corpus / "clips" / "next.mp4.part"
    for _ in range(5):
        with growing.open("ab") as file:
            file.write(b"x" * 1000)
        assert corpus_watch.tick() == 0
    growing.rename(corpus / "clips" / "next.mp4")
    assert corpus_watch.ticks(5) == [0, 0, 1, 0, 0]


def test_tables_that_are_copied_under_another_name_start_one_run(
    corpus: Path, watch: Callable[[str], Watch]
) -> None:
    tables = watch("shot_metadata_sensor")
    (corpus / "features").mkdir()
    tables.ticks(3)
    for n in range(3):
        growing = corpus / "features" / f".{n}.csv.Xa81b"
        for _ in range(3):
            with growing.open("a") as file:
                file.write("clip,x\n")
            assert tables.tick() == 0
        growing.rename(corpus / "features" / f"{n}.csv")
    assert tables.ticks(5) == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("corpus_name", ["konvid-1k", "konvid-150k"])
@pytest.mark.parametrize("gone", ["clips, a link", "clips", "labels"])
def test_a_published_corpus_whose_disk_is_not_mounted_is_not_taken_for_an_empty_one(
    corpus_name: str, gone: str, tmp_path: Path, watch_with: WatchWith
) -> None:
    folder = tmp_path / "corpora" / corpus_name
    labels, clips = {
        "konvid-1k": (folder / "metadata" / "KoNViD_1k_mos.csv", folder / "videos"),
        "konvid-150k": (folder / "k150ka_scores.csv", folder / "k150ka_extracted"),
    }[corpus_name]
    disk = tmp_path / "disk"
    for place in (labels.parent, disk):
        place.mkdir(parents=True, exist_ok=True)
    labels.write_text("video_name,video_score\n" + "".join(f"{n}.mp4,3\n" for n in range(20)))
    for n in range(20):
        (disk / f"{n}.mp4").write_bytes(b"not opened")
    clips.symlink_to(disk)
    sensor = watch_with(Settings.of(corpus=corpus_name, **folders(tmp_path)), "corpus_sensor")
    sensor.ticks(3)
    assert sensor.reason.startswith(f"nothing changed: 20 clips of {corpus_name}, 21 label lines")
    if gone == "labels":
        labels.unlink()
    else:
        disk.rename(tmp_path / "elsewhere")
    if gone == "clips":
        clips.unlink()
    assert sensor.ticks(6) == [0] * 6
    assert {
        "labels": f"21 of 21 label lines of {corpus_name} are missing",
        "clips": f"20 of 20 clips of {corpus_name} are missing",
        "clips, a link": f"could not look: {clips} is no folder, or a link",
    }[gone] in sensor.reason


def test_shot_metadata_and_features_have_a_sensor_of_their_own(
    corpus: Path, corpus_watch: Watch, watch: Callable[[str], Watch]
) -> None:
    tables = watch("shot_metadata_sensor")
    assert tables.ticks(3) == [0, 0, 0]
    (corpus / "shots" / "new.csv").write_text("clip,shot_count\n")
    assert sum(tables.ticks(4)) == 1
    (corpus / "shots" / "new.csv").write_text("clip,shot_count\n1,2\n")
    assert sum(tables.ticks(4)) == 1
    (corpus / "features").mkdir()
    (corpus / "features" / "own.csv").write_text("clip,x\n")
    assert sum(tables.ticks(4)) == 1
    assert sum(corpus_watch.ticks(5)) == 0


@pytest.mark.parametrize("folder", ["shots", "features"])
def test_a_link_to_a_disk_that_is_gone_is_no_empty_folder(
    folder: str, corpus: Path, watch: Callable[[str], Watch]
) -> None:
    (corpus / "shots").rmdir()
    tables = watch("shot_metadata_sensor")
    tables.ticks(3)
    (corpus / folder).symlink_to("/nowhere/mount")
    assert tables.ticks(4) == [0] * 4
    assert tables.reason.startswith(f"could not look: {corpus / folder} is no folder")


@pytest.mark.parametrize("lost", ["own", "own/clips", "own/labels.csv"])
def test_a_failed_look_is_not_an_empty_corpus(
    lost: str, settings: Settings, corpus_watch: Watch
) -> None:
    corpus_watch.ticks(3)
    gone = settings.paths.corpus_folder / lost
    gone.rename(settings.paths.corpus_folder / "gone")
    before = corpus_watch.cursor
    assert corpus_watch.ticks(4) == [0] * 4
    assert corpus_watch.reason.startswith("could not look: ")
    assert corpus_watch.cursor == before
    (settings.paths.corpus_folder / "gone").rename(gone)
    corpus_watch.ticks(4)
    assert corpus_watch.reason.startswith("nothing changed")


def test_a_damaged_or_lost_catalogue_is_made_anew(
    corpus: Path, corpus_watch: Watch, settings: Settings
) -> None:
    corpus_watch.ticks(3)
    catalogue = settings.paths.store_folder / "watch.sqlite"
    catalogue.write_bytes(b"no database at all" * 100)
    assert corpus_watch.ticks(3) == [0, 0, 0]
    catalogue.unlink()
    assert corpus_watch.ticks(3) == [0, 0, 0]
    assert corpus_watch.reason.startswith("nothing changed")
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    assert sum(corpus_watch.ticks(4)) == 1
