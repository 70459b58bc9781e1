"""Runs that bypass the queue, runs whose process is gone, and runs that are old."""

import datetime
import os
import sys
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.assets import platform
from mos_assets.assets.naming import UNNAMED
from mos_assets.automation import maintenance
from mos_assets.automation.launcher import WatchedRunLauncher
from mos_assets.automation.maintenance import prune_for, prune_runs
from mos_assets.automation.schedules import schedules_for
from mos_assets.corpora.request import ClipDir
from mos_assets.definitions import build_defs
from mos_assets.errors import SettingsError
from mos_assets.settings import Settings
from mos_assets.store.run_lock import run_lock
from mos_assets.watching import Catalogue
from mos_assets_tests.assets.conftest import World, make_world, write_labels
from mos_assets_tests.conftest import backup

LAUNCHER = {
    "run_launcher": {"module": "mos_assets.automation.launcher", "class": "WatchedRunLauncher"}
}


def test_two_runs_on_one_store_are_refused_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the command line, which does not ask the queue."""
    monkeypatch.setattr(platform, "LOCK_TIMEOUT_S", 0.2)
    world: World = make_world(tmp_path, "synthetic", features="konvid-v1")
    with run_lock(world.settings.paths.store_folder, "run 42"):
        result = world.run("raw_corpus")
        (failure,) = [e for e in result.all_events if e.is_step_failure]
        assert not result.success
        assert "is in use by run 42" in str(failure.event_specific_data.error)  # type: ignore[union-attr]
        assert not world.database.exists
    assert world.run("raw_corpus").success
    assert world.run("raw_corpus").success, "a run lets go of the store when it ends"


def test_a_run_and_the_pruning_wait_until_a_backup_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world: World = make_world(tmp_path, "synthetic", features="konvid-v1")
    store = world.settings.paths.store_folder
    store.mkdir()
    with backup(store, seconds=2):
        assert world.run("raw_corpus").success
    prune = prune_for(world.settings)
    with dg.instance_for_test() as instance:
        with backup(store, seconds=2):
            assert prune.execute_in_process(instance=instance).success
        monkeypatch.setattr(platform, "LOCK_TIMEOUT_S", 0.2)
        with backup(store):
            late = prune.execute_in_process(instance=instance, raise_on_error=False)
    (failure,) = [e for e in late.all_events if e.is_step_failure]
    error = failure.event_specific_data.error  # type: ignore[union-attr]
    assert "is in use by another program, such as a backup" in str(error)


def test_a_run_reads_again_what_lies_about_its_time(tmp_path: Path) -> None:
    """A clip replaced under its old size and mtime, as the nightly look finds it."""
    folder = tmp_path / "corpora" / "own"
    write_labels(folder)
    clip = folder / "clips" / "scene0_crf18.mp4"
    clip.parent.mkdir()
    clip.write_bytes(b"no clip, but a file")
    world = make_world(tmp_path, "own", features="own")
    (folder / "features").mkdir()
    (folder / "features" / "own.csv").write_text("clip,x\n")
    catalogue, dirs = Catalogue(world.settings.paths.store_folder), [ClipDir(clip.parent)]
    catalogue.view(dirs, folder, every_file=True)

    def opened() -> object:
        result = world.run("raw_corpus")
        (event,) = result.get_asset_materialization_events()
        return event.materialization.metadata["clips_opened"].value

    assert [opened(), opened()] == [1, 0]
    status = clip.stat()
    clip.write_bytes(b"NO CLIP, BUT A FILE")
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert opened() == 0
    catalogue.view(dirs, folder, every_file=True)
    assert [opened(), opened()] == [1, 0]


@pytest.mark.parametrize(
    ("pid", "lives"), [(os.getpid(), True), (2**22 + 1, False)], ids=["here", "gone"]
)
def test_a_run_without_a_process_has_failed(pid: int, lives: bool) -> None:
    with dg.instance_for_test(overrides=LAUNCHER) as instance:
        launcher = instance.run_launcher
        assert isinstance(launcher, WatchedRunLauncher)
        assert launcher.supports_check_run_worker_health
        run = dg.DagsterRun(job_name="retrain", status=dg.DagsterRunStatus.STARTED)
        instance.add_run(run)
        assert launcher.check_run_worker_health(run).status.value == "RUNNING", "not known yet"
        instance.report_engine_event(
            "Started process for run",
            run,
            dg._core.events.EngineEventData.in_process(pid),  # type: ignore[attr-defined]
        )
        found = launcher.check_run_worker_health(run)
        assert (found.status.value == "RUNNING") == lives
        assert lives or "is gone" in str(found.msg)


OURS = {"mos_assets/corpus": "own"}


def test_old_runs_go_but_not_the_last_that_made_or_checked_an_asset_nor_those_of_others() -> None:
    @dg.asset
    def made() -> None:
        pass

    @dg.asset_check(asset=made)
    def looked_at() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    job = dg.define_asset_job("alone", selection=dg.AssetSelection.checks(looked_at))
    alone = dg.Definitions([made], jobs=[job], asset_checks=[looked_at]).resolve_job_def("alone")
    with dg.instance_for_test() as instance:
        for _ in range(3):
            last = dg.materialize([made, looked_at], instance=instance, tags=OURS)
        for _ in range(2):
            checked = alone.execute_in_process(instance=instance, tags=OURS)
        others = dg.DagsterRun(job_name="retrain", status=dg.DagsterRunStatus.SUCCESS)
        instance.add_run(others)
        assert prune_runs(instance, days=1) == 0
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=8)
        assert prune_runs(instance, days=7, now=later) == 3
        left = {record.dagster_run.run_id for record in instance.get_run_records()}
        assert left == {last.run_id, checked.run_id, others.run_id}


def test_however_many_runs_are_old_all_of_them_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "RUNS_AT_ONCE", 4)
    with dg.instance_for_test() as instance:
        for _ in range(9):
            instance.add_run(
                dg.DagsterRun(job_name="retrain", status=dg.DagsterRunStatus.SUCCESS, tags=OURS)
            )
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=8)
        assert prune_runs(instance, days=7, now=later) == 9
        assert instance.get_run_records() == []


def test_of_an_old_run_no_file_is_left(tmp_path: Path) -> None:
    """Its own database of events, what its steps printed, and what they handed on."""

    @dg.op
    def speak() -> int:
        sys.stdout.write("heard\n")
        return 1

    @dg.job(resource_defs={"io_manager": dg.FilesystemIOManager()})
    def spoken() -> None:
        speak()

    home = str(tmp_path)
    local = {"module": "dagster._core.storage.local_compute_log_manager"}
    settings = {
        "storage": {"sqlite": {"base_dir": home}},
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": home},
        },
        "compute_logs": {
            **local,
            "class": "LocalComputeLogManager",
            "config": {"base_dir": f"{home}/logs"},
        },
    }
    with dg.instance_for_test(overrides=settings, temp_dir=home) as instance:
        ids = [spoken.execute_in_process(instance=instance, tags=OURS).run_id for _ in range(2)]
        of_runs = [path for path in tmp_path.rglob("*") if any(i in path.name for i in ids)]
        assert {str(path.parent.relative_to(tmp_path)) for path in of_runs} >= {
            *("history/runs", "logs", "storage")
        }
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=8)
        assert prune_runs(instance, days=7, now=later) == 2
        assert instance.get_run_records() == []
        left = [path for path in tmp_path.rglob("*") if any(i in str(path) for i in ids)]
        assert left == []


def test_the_prune_job_runs(tmp_path: Path) -> None:
    settings = make_world(tmp_path, "synthetic").settings
    with dg.instance_for_test() as instance:
        assert prune_for(settings).execute_in_process(instance=instance).success


def test_settings_switch_automation_and_freshness() -> None:
    on, off = build_defs(Settings()), build_defs(Settings.of(automation=False, freshness_days=0))
    for definitions, running, fresh in ((on, "RUNNING", 2), (off, "STOPPED", 0)):
        repository = definitions.get_repository_def()
        statuses = {one.default_status.value for one in repository.sensor_defs}
        statuses |= {one.default_status.value for one in repository.schedule_defs}
        assert statuses == {running}
        specs = definitions.resolve_all_asset_specs()
        assert sum(spec.freshness_policy is not None for spec in specs) == fresh


@pytest.mark.parametrize("cron", ["weekly", "61 3 * * 0", "0 3 * *"])
def test_a_cron_that_is_none_is_named(cron: str) -> None:
    from mos_assets.automation.jobs import retrain_for

    with pytest.raises(SettingsError, match="MOS_RETRAIN_CRON"):
        settings = Settings.from_env({"MOS_RETRAIN_CRON": cron})
        schedules_for(settings, retrain_for(UNNAMED), prune_for(settings))
