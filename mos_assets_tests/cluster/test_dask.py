"""Clips measured by workers of a real Dask cluster, which share neither folder nor settings with
the caller, and are killed, frozen and cut off while they work."""

import logging
import mmap
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from mos_assets.cluster import Fact, Spread, Work, on_dask, spread
from mos_assets.errors import ClusterError
from mos_assets.features.networks import forget_network
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, run_ffmpeg
from mos_assets.objects import Location
from mos_assets.pipeline import ingest, measure
from mos_assets.settings import Settings
from mos_assets.store import Database, setback_rows
from mos_assets.store.opening import locked, refresh
from mos_assets_tests.buckets import KEYS, Server
from mos_assets_tests.cluster.processes import Cluster
from mos_assets_tests.corpora.making import MINIMAL_TOML
from mos_assets_tests.disks import tiny_disk
from mos_assets_tests.networks.making import write_means

LOG = logging.getLogger(__name__)
CLIPS = 12
FEATURES, PARTS = "canonical-6+saliency+tiny", 3
APART = "/usr/bin/unshare", "-m", "sh", "-c"
"""A shell with mounts of its own."""
MEMORY_MB = 500
"""Of the worker that has too little, more than it takes to measure."""
TOML = MINIMAL_TOML.replace('"mine"', '"tiny"')


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, s3_server: Server) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("elsewhere"))
    try:
        cluster.start_scheduler()
        for _ in range(2):
            cluster.start_worker(**KEYS, AWS_ENDPOINT_URL=s3_server.address)
        cluster.wait_for(2)
        yield cluster
    finally:
        for process in list(cluster.processes):
            cluster.end(process)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> Iterator[Path]:
    """A corpus of small clips, 64 by 64, 25 frames; and a network beside it."""
    root = tmp_path_factory.mktemp("tiny-root")
    clips = root / "tiny" / "clips"
    clips.mkdir(parents=True)
    (root / "tiny" / "corpus.toml").write_text(TOML)
    rows = "".join(f"c{number:02}.mp4,{1 + number % 4}\n" for number in range(CLIPS))
    (root / "tiny" / "labels.csv").write_text(f"clip,mos\n{rows}")
    source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25"]
    for number in range(CLIPS):
        source += ["-vf", f"hue=h={30 * number}", "-frames:v", "25", "-c:v", "libx264"]
        source += ["-preset", "ultrafast", str(clips / f"c{number:02}.mp4")]
    assert run_ffmpeg(ffmpeg, source).returncode == 0
    write_means(root / "networks" / "tiny")
    yield root
    forget_network("tiny")


@dataclass(frozen=True)
class World:
    """A store of its own over the corpus."""

    settings: Settings

    def measure(self) -> measure.Merged:
        run, paths = self.settings.run, self.settings.paths
        ingest.ingest(run, paths, self.database, LOG.info)
        return measure.measure(run, paths, self.database, LOG)

    @property
    def database(self) -> Database:
        return Database(self.settings.paths.store_folder)

    @property
    def shards(self) -> Path:
        return self.settings.paths.store_folder / "shards"

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.shards.glob("*.parquet")}


Make = Callable[..., World]


@pytest.fixture
def make(corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    # Clips are small: two pieces a worker at least, or there is nothing to take over.
    monkeypatch.setattr(measure, "LEAST_PIECE_S", 0.5)

    def make(name: str, **changes: object) -> World:
        given = {"corpus": "tiny", "corpus_root": str(corpora), "workers": 2}
        given |= {"features": FEATURES, "networks": str(corpora / "networks")}
        given |= {"store": str(tmp_path / name)}
        return World(Settings.of(**(given | changes)))

    return make


@pytest.fixture(scope="module")
def here(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Shards as this process writes them."""
    world = World(
        Settings.of(
            corpus="tiny",
            corpus_root=str(corpora),
            workers=2,
            features=FEATURES,
            networks=str(corpora / "networks"),
            store=str(tmp_path_factory.mktemp("here")),
        )
    )
    assert world.measure().clips == CLIPS
    return world.bytes()


def measured_keys(world: World) -> int:
    (row,) = world.database.fetch("SELECT count(*) AS n FROM clip_measurements").to_pylist()
    return int(row["n"])


def when_some_are_kept(world: World, act: Callable[[], None]) -> threading.Thread:
    """Act as soon as the first clips of this world are on disk."""

    def watch() -> None:
        deadline = time.monotonic() + 120
        while not list(world.shards.glob("*.clips/[!.]*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_workers_elsewhere_give_the_bytes_of_this_process(
    cluster: Cluster, make: Make, here: dict[str, bytes]
) -> None:
    world = make("store", cluster=cluster.address)
    merged = world.measure()
    assert (merged.clips, merged.failed, merged.spread.lost) == (CLIPS, 0, 0)
    assert sum(merged.spread.workers.values()) == CLIPS
    assert len(merged.spread.workers) == 2
    assert merged.spread.pieces < CLIPS
    assert world.bytes() == here
    assert world.measure().spread.pieces == 0


def test_clips_and_shards_in_a_bucket_give_the_same_bytes(
    cluster: Cluster,
    make: Make,
    corpora: Path,
    here: dict[str, bytes],
    bucket: str,
    tmp_path: Path,
) -> None:
    """Workers fetch clips themselves, and leave nothing behind."""
    for path in sorted((corpora / "tiny").rglob("*.*")):
        name = path.relative_to(corpora).as_posix()
        Location(f"{bucket}/corpora").put(name, path.read_bytes())
    places = {"corpus_root": f"{bucket}/corpora", "store": f"{bucket}/store"}
    # Two of the largest clips have room at once.
    world = make("-", **places, work=str(tmp_path / "work"), cluster=cluster.address, fetch_mb=1)
    place = world.settings.paths.store_place
    with locked(place, "run a"):
        merged = world.measure()
    assert (merged.clips, merged.failed, len(merged.waiting)) == (CLIPS, 0, 0)
    assert sum(merged.spread.workers.values()) == CLIPS
    assert world.bytes() == here
    clips = sorted((world.settings.paths.corpus_folder / "tiny" / "clips").iterdir())
    assert len(clips) == CLIPS
    assert all(clip.stat().st_blocks * 512 <= 4096 for clip in clips)
    shards = Location(place.url).listed("shards")
    assert {one.name.removeprefix("shards/") for one in shards} == here.keys()

    elsewhere = make("-", **places, work=str(tmp_path / "another"))
    refresh(elsewhere.settings.paths.store_place)
    # A clip that is put again is read again, and one of other bytes measured.
    again = Location(f"{bucket}/corpora")
    again.put("tiny/clips/c00.mp4", again.read("tiny/clips/c01.mp4")[0])
    again.delete(["tiny/clips/c02.mp4"])
    run, paths = elsewhere.settings.run, elsewhere.settings.paths
    ingested = ingest.ingest(run, paths, elsewhere.database, LOG.info)
    rows = elsewhere.database.fetch("SELECT count(sha256) AS n FROM raw_corpus").to_pylist()
    # Two of the twelve have the same bytes and other ratings now, and one has no clip.
    assert (ingested.opened, rows[0]["n"]) == (CLIPS - 1, CLIPS - 3)
    assert elsewhere.bytes() == here


def test_a_worker_that_freezes_and_one_that_is_killed_change_nothing(
    cluster: Cluster, make: Make, here: dict[str, bytes]
) -> None:
    world = make("store", cluster=cluster.address)
    first, second = cluster.workers()

    def act() -> None:
        first.suspend()
        second.kill()
        time.sleep(3)
        first.resume()

    thread = when_some_are_kept(world, act)
    merged = world.measure()
    thread.join()
    assert (merged.clips, merged.failed, merged.spread.set_aside) == (CLIPS, 0, 0)
    assert merged.spread.lost >= 1
    assert world.bytes() == here


def test_a_clip_that_ends_workers_is_named_and_set_aside(
    cluster: Cluster, make: Make, tmp_path: Path
) -> None:
    """The program kills whoever started it over one clip, as long as a file is there."""
    broken, program = tmp_path / "broken", tmp_path / "ffmpeg"
    program.write_text(
        f'#!/bin/bash\n[ -e {broken} ] && [[ "$*" == *c05.mp4* ]] && kill -KILL $PPID\n'
        f'exec {find_ffmpeg().path} "$@"\n'
    )
    program.chmod(0o755)
    broken.touch()
    world = make("store", cluster=cluster.address, ffmpeg=str(program))
    merged = world.measure()
    assert (merged.clips, merged.failed, merged.spread.set_aside) == (CLIPS, 1, 1)
    waiting = setback_rows.read_setbacks(world.database)
    assert {noted.clip_id for noted in waiting} == {"tiny/c05"}
    assert "2 workers were lost while they measured it alone" in waiting[0].setback.reason
    broken.unlink()
    assert world.measure().clips == 1
    assert setback_rows.read_setbacks(world.database) == ()
    assert measured_keys(world) == PARTS * CLIPS


def hungry(items: tuple[int, ...]) -> tuple[int, ...]:
    """Takes more memory than one of the workers may have."""
    taken = bytearray(MEMORY_MB << 20)
    taken[:: mmap.PAGESIZE] = bytes([1]) * len(taken[:: mmap.PAGESIZE])
    time.sleep(1.0)
    return doubled(items)


def test_workers_without_room_memory_or_the_network_leave_the_rest_to_others(
    cluster: Cluster,
    make: Make,
    here: dict[str, bytes],
    corpora: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One has a disk of 48 KB for its scratch files and a nanny that watches its memory; for
    another there is no folder of networks."""
    monkeypatch.setattr(measure, "LEAST_PIECE_S", 0.1)
    hidden = f"mount -t tmpfs tmpfs {corpora / 'networks'}"
    if subprocess.run([*APART, hidden]).returncode:
        pytest.skip("mounting is not permitted here")
    before = list(cluster.processes)
    cluster.start_worker("--no-nanny", under=[*APART, f'{hidden}; exec "$@"', "-"])
    try:
        with tiny_disk(tmp_path / "scratch", "48k") as scratch:
            memory = ("--memory-limit", f"{MEMORY_MB}MiB")
            cluster.start_worker(*memory, TMPDIR=str(scratch))
            cluster.wait_for(4)
            world = make("store", cluster=cluster.address)
            merged = world.measure()
            assert (merged.clips, merged.failed, merged.spread.set_aside) == (CLIPS, 0, 0)
            assert world.bytes() == here
            full, blind = sorted(merged.spread.refused.values())
            assert "No space left on device" in full
            assert "fingerprint of network_tiny is that of no network in its folder there" in blind
            pieces = [(item,) for item in range(8)]
            found, told = compute(Work(hungry, nothing_to_compare), cluster.address, *pieces)
            assert found == [(item, 2 * item) for item in range(8)]
            assert told.lost >= 1
            assert told.set_aside == 0
            for process in cluster.processes[len(before) :]:
                cluster.end(process)
    finally:
        for process in cluster.processes[len(before) :]:
            cluster.end(process)


def own_process() -> tuple[Fact, ...]:
    return (Fact("the process", str(os.getpid())),)


def nothing_to_compare() -> tuple[Fact, ...]:
    return ()


def doubled(items: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(2 * item for item in items)


def compute(
    work: Work[int, int], cluster: str, *pieces: tuple[int, ...]
) -> tuple[list[tuple[int, int]], Spread]:
    found: list[tuple[int, int]] = []
    with on_dask(work, cluster) as engine:
        told = spread(
            pieces,
            engine,
            done=found.extend,
            doubtful=lambda result: False,
            ended=lambda item, reason: 0,
            log=LOG,
        )
    return sorted(found), told


def test_workers_that_differ_or_lack_the_package_are_refused_by_name(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a worker that can be used it is an error within seconds."""
    with pytest.raises(ClusterError) as told:
        compute(Work(sum, own_process), cluster.address, (1,))
    pids = [worker.pid for worker in cluster.workers()]
    assert str(told.value).count("tcp://127.0.0.1:") == 3
    assert any(
        f"the process is {pid} there and {os.getpid()} here" in str(told.value) for pid in pids
    )
    (tmp_path / "only_here.py").write_text("def facts():\n    return ()\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here  # type: ignore[import-not-found]

    with pytest.raises(ClusterError, match=r"it cannot run this .*No module named 'only_here'"):
        compute(Work(sum, only_here.facts), cluster.address, (1,))


def test_a_scheduler_that_starts_again_where_it_was_is_one_interruption(
    cluster: Cluster, make: Make, here: dict[str, bytes]
) -> None:
    """Its workers end with it, as Dask has it; whoever supervises them starts them again."""

    def act() -> None:
        for process in list(cluster.processes):
            cluster.end(process)
        cluster.start_scheduler()
        cluster.start_worker("--no-nanny")

    world = make("store", cluster=cluster.address)
    thread = when_some_are_kept(world, act)
    merged = world.measure()
    thread.join()
    assert (merged.clips, merged.failed, merged.spread.set_aside) == (CLIPS, 0, 0)
    assert len(merged.spread.workers) > 1
    assert world.bytes() == here


def test_a_scheduler_that_goes_away_is_one_sentence_and_the_next_run_finishes(
    cluster: Cluster, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mos_assets.cluster.dask_engine.PATIENCE_S", 2.0)
    monkeypatch.setattr("mos_assets.cluster.dask_engine.CONNECT_S", 2.0)
    world = make("store", cluster=cluster.address)
    thread = when_some_are_kept(world, cluster.processes[0].kill)
    with pytest.raises(ClusterError, match=r"tcp://.* is gone since .* what was measured is kept"):
        world.measure()
    thread.join()
    with pytest.raises(ClusterError, match="No Dask scheduler answers at tcp://"):
        world.measure()
    assert 0 < make("store").measure().clips < CLIPS
    assert measured_keys(world) == PARTS * CLIPS


def test_workers_started_here_are_spawned_and_what_duckdb_holds_stays(tmp_path: Path) -> None:
    """A forked child of a process with an open DuckDB would lose what it writes."""
    forks: list[int] = []
    os.register_at_fork(before=lambda: forks.append(os.getpid()))
    path = tmp_path / "open.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        found, _ = compute(Work(doubled, nothing_to_compare), "local:1", (1, 2), (3,))
        assert found == [(1, 2), (2, 4), (3, 6)]
        connection.execute("INSERT INTO t VALUES (2)")
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(2,)]
    assert not forks
