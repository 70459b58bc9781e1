"""The sensors on a real corpus folder and a real Dagster instance, minute by minute."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.automation import sensors
from mos_assets.automation.jobs import retrain
from mos_assets.automation.sensors import sensors_for
from mos_assets.settings import Settings

TOML = """
name = "own"
version = "1"
licence = "none"
labels = ["labels.csv"]
scale = [1.0, 5.0]
clips = "clips"

[columns]
clip = "clip"
mos = "mos"
reference = "source"
"""
FIRST = "first look: 20 clips of own, 17 label lines of own; the next change starts a retrain"


@dataclass
class Watch:
    """One sensor, its cursor, and a clock."""

    sensor: dg.SensorDefinition
    instance: dg.DagsterInstance
    clock: Callable[[float], None]
    now: float = 1_800_000_000.0
    cursor: str | None = None
    reason: str = ""
    fails: bool = False
    """Whether the retrains fail that it launches."""

    def tick(self) -> int:
        """Launches of one tick, a minute after the last."""
        self.now += 60
        self.clock(self.now)
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            found = self.sensor(context)
        if isinstance(found, dg.SkipReason):
            self.reason = found.skip_message or ""
            return 0
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        skip = found.skip_reason
        self.reason = (skip.skip_message if isinstance(skip, dg.SkipReason) else skip) or ""
        for _ in found.run_requests or []:
            self.run(self.fails)
        return len(found.run_requests or [])

    def run(self, fails: bool = False) -> None:
        """A retrain that starts now and has ended before the next tick."""
        self.now += 1
        run = dg.DagsterRun(job_name="retrain")
        self.instance.add_run(run)
        end = (
            dg.DagsterEventType.PIPELINE_FAILURE if fails else dg.DagsterEventType.PIPELINE_SUCCESS
        )
        for event in (dg.DagsterEventType.PIPELINE_START, end):
            self.instance.run_storage.handle_run_event(
                run.run_id,
                dg.DagsterEvent(event.value, run.job_name),
                datetime.fromtimestamp(self.now, UTC),
            )

    def ticks(self, count: int) -> list[int]:
        return [self.tick() for _ in range(count)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpora" / "own"
    (corpus / "clips" / "deep").mkdir(parents=True)
    (corpus / "shots").mkdir()
    (corpus / "corpus.toml").write_text(TOML)
    write_labels(corpus, 16)
    for n in range(20):
        (corpus / "clips" / ("deep" if n % 2 else ".") / f"{n}.mp4").write_bytes(b"not opened")
    for folder in (corpus / "clips", corpus / "clips" / "deep"):
        # Of long ago, or each look would read the whole folder again.
        os.utime(folder, (1_700_000_000, 1_700_000_000))
    return Settings(
        corpus="own", corpus_root=str(tmp_path / "corpora"), store=str(tmp_path / "store")
    )


def write_labels(corpus: Path, rows: int) -> None:
    lines = "".join(f"{n}.mp4,3.{n}\n" for n in range(rows))
    (corpus / "labels.csv").write_text("clip,mos\n" + lines)


@pytest.fixture
def watch(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Watch]]:
    def clock(now: float) -> None:
        monkeypatch.setattr(sensors.time, "time", lambda: now)

    with dg.instance_for_test() as instance:
        found = {sensor.name: sensor for sensor in sensors_for(settings, retrain)}
        yield lambda name: Watch(found[name], instance, clock)


@pytest.fixture
def corpus(settings: Settings) -> Path:
    return settings.corpus_folder / "own"


@pytest.fixture
def corpus_watch(watch: Callable[[str], Watch]) -> Watch:
    found = watch("corpus_sensor")
    found.tick()
    assert found.reason == FIRST
    return found


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
    "reference added": lambda c: (c / "pristine.y4m").write_bytes(b"source"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_launches_once_when_it_has_been_quiet_for_two_ticks(
    change: str, corpus: Path, corpus_watch: Watch
) -> None:
    assert corpus_watch.ticks(3) == [0, 0, 0]
    assert corpus_watch.reason == "nothing changed: 20 clips of own, 17 label lines of own"
    CHANGES[change](corpus)
    assert corpus_watch.ticks(6) == [0, 0, 1, 0, 0, 0]


def test_what_is_no_clip_is_no_change(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    for name in ("notes.txt", ".new.mp4.Xa81b", "new.mp4.part"):
        (corpus / "clips" / name).write_text("not a clip")
        assert corpus_watch.ticks(4) == [0] * 4
    (corpus / "clips" / "new.mp4.part").rename(corpus / "clips" / "new.mp4")
    assert corpus_watch.ticks(4) == [0, 0, 1, 0]


def test_back_and_forth_launches_twice(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    (corpus / "clips" / "0.mp4").rename(corpus / "moved")
    assert sum(corpus_watch.ticks(5)) == 1
    (corpus / "moved").rename(corpus / "clips" / "0.mp4")
    assert sum(corpus_watch.ticks(5)) == 1


def test_a_launched_run_that_fails_has_not_read_the_change(
    corpus: Path, corpus_watch: Watch
) -> None:
    """It is launched again after an hour; mending what it failed on launches at once."""
    corpus_watch.ticks(3)
    corpus_watch.fails = True
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    assert corpus_watch.ticks(5) == [0, 0, 1, 0, 0]
    assert corpus_watch.reason.startswith("the last run of this state failed (1 so far)")
    assert sum(corpus_watch.ticks(60)) == 1
    (corpus / "clips" / "new.mp4").write_bytes(b"mended")
    assert corpus_watch.ticks(3) == [0, 0, 1]
    corpus_watch.fails = False
    assert sum(corpus_watch.ticks(62)) == 1
    assert corpus_watch.reason.startswith("nothing changed")


def test_nothing_launches_while_files_arrive(corpus: Path, corpus_watch: Watch) -> None:
    """One clip grows for ten minutes in place, which changes no folder; then others come."""
    with (corpus / "clips" / "big.mp4").open("wb") as file:
        for _ in range(10):
            file.write(b"x" * 1000)
            file.flush()
            assert corpus_watch.tick() == 0
            assert "not quiet" in corpus_watch.reason
    for n in range(100, 110):
        (corpus / "clips" / f"{n}.mp4").write_bytes(b"next")
        assert corpus_watch.tick() == 0
    assert corpus_watch.ticks(5) == [0, 1, 0, 0, 0]


@pytest.mark.parametrize("temporary", [".{}.Xa81b", "{}.part"])
def test_clips_that_are_copied_under_another_name_start_one_run(
    temporary: str, corpus: Path, corpus_watch: Watch
) -> None:
    """As rsync and browsers do: the clip gets its name when it is complete."""
    corpus_watch.ticks(3)
    for n in range(100, 103):
        clip = corpus / "clips" / f"{n}.mp4"
        growing = clip.with_name(temporary.format(clip.name))
        for _ in range(5):
            with growing.open("ab") as file:
                file.write(b"x" * 1000)
            assert corpus_watch.tick() == 0
        growing.rename(clip)
    assert corpus_watch.ticks(5) == [0, 0, 1, 0, 0]


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
    from mos_assets.corpora import Catalogue

    corpus_watch.ticks(3)
    clip = corpus / "clips" / "10.mp4"
    kept_time(clip, lambda: clip.write_bytes(b"NOT OPENED"))
    (corpus / "clips" / "00.mp4").write_bytes(b"comes before it")
    assert sum(corpus_watch.ticks(5)) == 1
    assert Catalogue(settings.store_folder).distrusted() == {str(clip)}
    (settings.store_folder / "watch.sqlite").unlink()
    assert sum(corpus_watch.ticks(5)) == 0
    assert corpus_watch.reason.startswith("nothing changed")


def test_a_clip_replaced_under_its_old_time_is_found_in_the_night(
    corpus: Path, corpus_watch: Watch, settings: Settings
) -> None:
    """Same name, size and mtime: the change time, which no program can set, gives it away."""
    from mos_assets.corpora import Catalogue

    clip = corpus / "clips" / "0.mp4"
    corpus_watch.ticks(3)
    status = clip.stat()
    clip.write_bytes(b"NOT OPENED")
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    (corpus / "clips" / "2.mp4").chmod(0o600)
    assert corpus_watch.ticks(3) == [0, 0, 0]
    corpus_watch.now += 24 * 3600
    assert corpus_watch.ticks(5) == [0, 0, 1, 0, 0]
    catalogue = Catalogue(settings.store_folder)
    assert catalogue.distrusted() == {str(clip)}
    catalogue.trust(catalogue.distrusted())
    corpus_watch.now += 24 * 3600
    assert corpus_watch.ticks(5) == [0] * 5


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


def test_tables_wait_for_clips_that_are_copied_and_confirm_no_removal(
    corpus: Path, watch: Callable[[str], Watch]
) -> None:
    """A retrain reads the clips too, whoever launches it."""
    tables = watch("shot_metadata_sensor")
    tables.ticks(3)
    (corpus / "shots" / "new.csv").write_text("clip,shot_count\n")
    for n in range(100, 105):
        (corpus / "clips" / f"{n}.mp4").write_bytes(b"next")
        assert tables.tick() == 0
    assert tables.ticks(4) == [0, 1, 0, 0]
    (corpus / "clips").rename(corpus / "unmounted")
    (corpus / "clips").mkdir()
    (corpus / "shots" / "new.csv").write_text("clip,shot_count\n1,2\n")
    assert tables.ticks(6) == [0] * 6
    assert "25 of 25 clips of own are missing" in tables.reason


def test_a_bad_table_may_be_taken_away_but_all_of_them_are_asked_about(
    corpus: Path, watch: Callable[[str], Watch]
) -> None:
    for name in ("one.csv", "two.csv"):
        (corpus / "shots" / name).write_text("clip,shot_count\n")
    tables = watch("shot_metadata_sensor")
    tables.ticks(3)
    (corpus / "shots" / "one.csv").unlink()
    assert sum(tables.ticks(4)) == 1
    (corpus / "shots" / "two.csv").unlink()
    assert sum(tables.ticks(4)) == 0
    assert "1 of 1 tables of own are missing" in tables.reason


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
    gone = settings.corpus_folder / lost
    gone.rename(settings.corpus_folder / "gone")
    before = corpus_watch.cursor
    assert corpus_watch.ticks(4) == [0] * 4
    assert corpus_watch.reason.startswith("could not look: ")
    assert corpus_watch.cursor == before
    (settings.corpus_folder / "gone").rename(gone)
    corpus_watch.ticks(4)
    assert corpus_watch.reason.startswith("nothing changed")


def test_an_empty_mount_point_asks_before_it_retrains(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    (corpus / "clips").rename(corpus / "unmounted")
    (corpus / "clips").mkdir()
    assert corpus_watch.ticks(6) == [0] * 6
    assert "20 of 20 clips of own are missing" in corpus_watch.reason
    assert "MOS_REMOVAL_SHARE=0.1" in corpus_watch.reason


def test_a_label_file_cut_short_asks_before_it_retrains(corpus: Path, corpus_watch: Watch) -> None:
    corpus_watch.ticks(3)
    write_labels(corpus, 3)
    assert corpus_watch.ticks(6) == [0] * 6
    assert "13 of 17 label lines of own are missing" in corpus_watch.reason


@pytest.mark.parametrize("selection", [None, frozenset({dg.AssetKey("folds")})])
def test_a_change_waits_for_whatever_is_in_flight(
    selection: frozenset[dg.AssetKey] | None, corpus: Path, corpus_watch: Watch
) -> None:
    """A retrain, or a few assets that somebody materializes from the graph."""
    corpus_watch.ticks(3)
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    run = dg.DagsterRun(
        job_name="retrain" if selection is None else "__ASSET_JOB",
        asset_selection=selection,
        status=dg.DagsterRunStatus.STARTED,
    )
    corpus_watch.instance.add_run(run)
    assert corpus_watch.ticks(5) == [0] * 5
    assert corpus_watch.reason == "changed; 1 retrain in flight, this one follows after"
    corpus_watch.instance.delete_run(run.run_id)
    assert corpus_watch.ticks(3) == [1, 0, 0]


def test_a_damaged_or_lost_catalogue_is_made_anew(
    corpus: Path, corpus_watch: Watch, settings: Settings
) -> None:
    corpus_watch.ticks(3)
    catalogue = settings.store_folder / "watch.sqlite"
    catalogue.write_bytes(b"no database at all" * 100)
    assert corpus_watch.ticks(3) == [0, 0, 0]
    catalogue.unlink()
    assert corpus_watch.ticks(3) == [0, 0, 0]
    assert corpus_watch.reason.startswith("nothing changed")
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    assert sum(corpus_watch.ticks(4)) == 1
