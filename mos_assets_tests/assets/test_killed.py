"""A run that is killed with SIGKILL at any moment loses the clips in flight and nothing else."""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mos_assets.features.entries import ENTRY_SUFFIX, read_entry
from mos_assets.store import measurement_rows
from mos_assets_tests.assets.conftest import World, make_world, write_labels

KILLS = 20
COSTLY = "raw_corpus", "clip_measurements"


def measure_once(world: World, scratch: Path) -> None:
    """One real run, in a process of its own."""
    os.setsid()
    tempfile.tempdir = str(scratch)
    assert world.run(*COSTLY).success


def power_cut(process: multiprocessing.process.BaseProcess) -> None:
    """End the run without a word; ffmpeg is in a session of its own and has to notice."""
    assert process.pid is not None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        # It is over already, or has not made a session of its own yet.
        process.kill()
    process.join()


def clips_on_disk(world: World) -> int:
    """Clips whose measurements are safe: in shards, or in the journals of shards."""
    shards = world.settings.paths.store_folder / "shards"
    contents: set[str] = set()
    for path in shards.glob(f"*.clips/[!.]*{ENTRY_SUFFIX}"):
        contents.update(row.content for row in read_entry(path))
    for path in shards.glob("**/[!.]*.parquet"):
        contents.update(pq.read_table(path, columns=["content"])["content"].to_pylist())
    return len(contents)


def measured(world: World) -> pa.Table:
    database = world.database
    keys = database.fetch("SELECT DISTINCT content, fingerprint FROM clip_measurements")
    return measurement_rows.measurement_table(
        database, keys["content"].to_pylist(), keys["fingerprint"].to_pylist()
    )


@pytest.fixture
def filmed_twice(tmp_path: Path, write_clips: Callable[[Path], None]) -> tuple[World, World]:
    """The same corpus under two roots: one to be interrupted, one not."""
    first = tmp_path / "first" / "corpora" / "filmed"
    write_clips(first / "clips")
    write_labels(first)
    second = tmp_path / "second" / "corpora"
    second.mkdir(parents=True)
    (second / "filmed").symlink_to(first)
    features = {"features": "canonical-6+saliency"}
    return (
        make_world(tmp_path / "first", "filmed", **features),
        make_world(tmp_path / "second", "filmed", **features),
    )


def programs_on(world: World) -> list[str]:
    """Command lines of running programs that work on this world's clips."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = process.joinpath("cmdline").read_bytes().decode("utf-8", "replace")
            if f"file:{world.root}" in command:
                found.append(command)
    return found


def wait_for_work(world: World, process: multiprocessing.process.BaseProcess, safe: int) -> None:
    """Return when the run has one more clip on disk than were safe before, or is over."""
    deadline = time.monotonic() + 60
    while process.is_alive() and time.monotonic() < deadline:
        # Journals become shards meanwhile: a folder may go while it is read.
        with suppress(FileNotFoundError):
            if clips_on_disk(world) > safe:
                return
        time.sleep(0.002)


def test_twenty_kills_and_the_table_is_that_of_an_uninterrupted_run(
    filmed_twice: tuple[World, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second one strikes while clips are measured, the others wherever the run is then."""
    killed, whole = filmed_twice
    assert whole.run(*COSTLY).success
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mos_assets.definitions", "cv2", "pyarrow.parquet"])
    moments = random.Random(20260508)
    safe = [0]
    for kill in range(KILLS):
        process = context.Process(target=measure_once, args=(killed, scratch))
        process.start()
        if kill % 2:
            wait_for_work(killed, process, safe[-1])
            time.sleep(moments.uniform(0.0, 0.1))
        else:
            time.sleep(moments.uniform(0.2, 2.2))
        power_cut(process)
        safe.append(clips_on_disk(killed))
    assert safe == sorted(safe)
    assert len(set(safe) - {0, 15}) >= 3, "kills have to strike between clips"
    time.sleep(0.2)
    assert not programs_on(killed)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert killed.run(*COSTLY).success
    assert measured(killed).equals(measured(whole))
    left = [path.name for path in (killed.settings.paths.store_folder / "shards").iterdir()]
    assert all(name == ".lock" or name.endswith(".parquet") for name in left)
    assert not any(name.startswith(".") for name in left if name != ".lock")
    assert not list(scratch.glob("mos-clip-*")), "nothing of the killed runs stays"


def test_a_killed_run_is_taken_up_where_it_was(
    filmed_twice: tuple[World, World], tmp_path: Path
) -> None:
    """Killed after a few clips: the next run measures the others only."""
    world, _ = filmed_twice
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=measure_once, args=(world, tmp_path))
    process.start()
    deadline = time.monotonic() + 60
    while clips_on_disk(world) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    power_cut(process)
    safe = clips_on_disk(world)
    assert safe >= 3
    result = world.run(*COSTLY)
    (event,) = (
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("clip_measurements")
    )
    measured_now = event.materialization.metadata["clips_measured_in_this_run"].value
    assert measured_now == 15 - safe
    assert clips_on_disk(world) == 15
