"""When the sensors launch: real corpus folder, real Dagster instance, minute by minute."""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.automation.jobs import STORE_TAG
from mos_assets.settings import Settings
from mos_assets_tests.automation.conftest import TOML, Watch, WatchWith, folders, write_labels


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
        tags={STORE_TAG: "store"} if selection is None else {},
        status=dg.DagsterRunStatus.STARTED,
    )
    corpus_watch.instance.add_run(run)
    assert corpus_watch.ticks(5) == [0] * 5
    assert corpus_watch.reason == "changed; 1 retrain in flight, this one follows after"
    corpus_watch.instance.delete_run(run.run_id)
    assert corpus_watch.ticks(3) == [1, 0, 0]


def test_what_lies_there_is_observed_whenever_it_changes(
    corpus: Path, watch: Callable[[str], Watch]
) -> None:
    sensor = watch("corpus_sensor")
    sensor.tick()
    assert sensor.observed == {
        "label_files": {"own": 17, "total": 17},
        "clips": {"own": 20, "total": 20},
    }
    sensor.tick()
    assert not sensor.observed
    (corpus / "clips" / "new.mp4").write_bytes(b"new")
    sensor.tick()
    assert sensor.observed["clips"] == {"own": 21, "total": 21}
    tables = watch("shot_metadata_sensor")
    (corpus / "shots" / "one.csv").write_text("clip,shot_count\n")
    tables.tick()
    assert tables.observed == {
        "shot_files": {"own": 1, "total": 1},
        "feature_tables": {"own": 0, "total": 0},
    }


def test_sensors_of_two_projects_see_their_own_corpora_and_runs(
    settings: Settings, corpus: Path, tmp_path: Path, watch_with: WatchWith
) -> None:
    other = corpus.with_name("other")
    shutil.copytree(corpus, other)
    (other / "corpus.toml").write_text(TOML.replace('"own"', '"other"'))
    watches = [
        watch_with(
            Settings.of(name, corpus=name, **folders(tmp_path) | {"store": str(tmp_path / name)}),
            f"{name}_corpus_sensor",
        )
        for name in ("own", "other")
    ]
    for each in watches:
        each.ticks(3)
    (other / "clips" / "new.mp4").write_bytes(b"new")
    assert [each.ticks(5) for each in watches] == [[0] * 5, [0, 0, 1, 0, 0]]
    assert [each.reason.split(":")[0] for each in watches] == ["nothing changed"] * 2
    (corpus / "clips").rename(corpus / "unmounted")
    (corpus / "clips").mkdir()
    assert watches[0].ticks(4) == [0] * 4
    assert watches[0].reason.endswith("confirm by launching the job own_retrain by hand.")
