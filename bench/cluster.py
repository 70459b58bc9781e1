"""What spreading clips costs and brings: `python bench/cluster.py`, with --clips, --only, --hosts.

Overhead: CPU seconds that the whole step takes over bare extraction, one worker, of many small
clips; in this process, and on one Dask worker with its scheduler. It is looked for outside of
ffmpeg, whose own seconds move by more than it from run to run.

Throughput: wall time a clip of two Dask workers against one, over clips of a second of 320 by 180,
without what starting the workers takes; it needs two idle cores to say anything.

`--hosts` needs root: scheduler, caller and two workers in network namespaces, each with an address
of its own on a bridge. The network of one worker is cut for some seconds while it measures.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from generated.folders import TOML as CLIPS_TOML

from mos_assets.cluster.opening import QUIET
from mos_assets.features import measure_clips
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.pipeline import ingest, measure
from mos_assets.settings import Settings
from mos_assets.store import Database

LOG = logging.getLogger("bench")
TOML = CLIPS_TOML.replace('"clips"\nversion', '"many"\nversion')
BRIDGE, PREFIX, NETWORK = "mos-bench", "mos-bench-", "10.213.7"
CUT_S = 60
STARTING_S = 60
WIDE = 16, 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--only", choices=("overhead", "throughput"))
    parser.add_argument("--hosts", action="store_true", help="only the namespaces; needs root")
    parser.add_argument("--caller", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.caller:
        return call(options.caller)
    with TemporaryDirectory(prefix="mos-bench-") as name:
        root = Path(name)
        if options.hosts:
            make_corpus(root, 60, "320x180")
            return hosts(root)
        if options.only != "throughput":
            overhead(root, options.clips)
        if options.only != "overhead":
            throughput(root / "wide")
    return 0


def make_corpus(root: Path, clips: int, size: str) -> None:
    """Clips of 25 frames, each with other bytes: a box that players pass over tells them apart."""
    folder = root / "many" / "clips"
    folder.mkdir(parents=True)
    coded = ["-frames:v", "25", "-c:v", "libx264", "-preset", "ultrafast", str(root / "one.mp4")]
    made = run_ffmpeg(find_ffmpeg(), ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=25", *coded])
    if made.returncode != 0:
        sys.exit(made.stderr.decode())
    content = (root / "one.mp4").read_bytes()
    for number in range(clips):
        own = (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")
        (folder / f"c{number:05}.mp4").write_bytes(content + own)
    (root / "many" / "corpus.toml").write_text(TOML)
    rows = "".join(f"c{number:05}.mp4,{1 + number % 4}\n" for number in range(clips))
    (root / "many" / "labels.csv").write_text(f"clip,mos\n{rows}")


def settings(root: Path, store: str, **changes: object) -> Settings:
    given = {"corpus": "many", "corpus_root": str(root), "store": str(root / store), "workers": 1}
    return Settings.of(**{"features": "canonical-6+saliency", **given, **changes})


def ingested(chosen: Settings) -> Database:
    database = Database(chosen.paths.store_folder)
    ingest.ingest(chosen.run, chosen.paths, database, LOG.info)
    return database


def measured(chosen: Settings) -> measure.Merged:
    return measure.measure(chosen.run, chosen.paths, Database(chosen.paths.store_folder), LOG)


@dataclass(frozen=True)
class Spent:
    """CPU seconds, user and system."""

    here: float
    """Of this process, and of the scheduler and the worker where they are at work."""
    below: float
    """Of processes that these started and that have ended: ffmpeg, most of all."""

    @property
    def all(self) -> float:
        return self.here + self.below


def spent(work: Callable[[], object], others: Sequence[int] = ()) -> Spent:
    """What a piece of work takes; others: processes that take part in it."""

    def now() -> tuple[float, float]:
        usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        here, below = (usage.ru_utime + usage.ru_stime for usage in usages)
        for pid in others:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks = [int(each) / os.sysconf("SC_CLK_TCK") for each in told[11:15]]
            here, below = here + sum(ticks[:2]), below + sum(ticks[2:])
        return here, below

    before = now()
    work()
    return Spent(*(after - then for after, then in zip(now(), before, strict=True)))


@contextmanager
def dask(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """A scheduler and one worker on loopback: where it is, and their processes."""
    at = root / "scheduler.json"
    # As docs/operations.md says to start schedulers and workers.
    quiet = {
        f"DASK_{name.upper().replace('.', '__').replace('-', '_')}": str(value)
        for name, value in QUIET.items()
    }
    program = str(Path(sys.executable).with_name("dask"))
    common = ("--scheduler-file", str(at))
    with (root / "dask.log").open("wb") as log, ExitStack() as running:

        def start(*words: str) -> int:
            process = subprocess.Popen(
                [program, *words, *common],
                stdout=log,
                stderr=log,
                cwd=root,
                env={**os.environ, **quiet},
            )
            running.enter_context(process)
            running.callback(process.terminate)
            return process.pid

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        worker = start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        until = time.monotonic() + STARTING_S
        while not (told := at.read_text().rstrip() if at.exists() else "").endswith("}"):
            if time.monotonic() > until:
                sys.exit((root / "dask.log").read_text())
            time.sleep(0.1)
        yield json.loads(told)["address"], (scheduler, worker)


def overhead(root: Path, clips: int) -> None:
    """What both ways add to the CPU outside of ffmpeg, over all that bare extraction takes: the
    CPU of ffmpeg itself moves by more than that from run to run."""
    make_corpus(root, clips, "64x64")
    chosen = settings(root, "plan")
    tasks = measure.plan_tasks(chosen.run, chosen.paths, ingested(chosen))
    measure_clips(tasks[:2], find_ffmpeg(), workers=1)
    print(f"{clips:,} clips of 64 by 64, 25 frames; CPU s\n")
    print("| | outside of ffmpeg | in ffmpeg | ms a clip outside | over bare |")
    print("|---|---:|---:|---:|---:|", flush=True)
    bare = spent(lambda: measure_clips(tasks, find_ffmpeg(), workers=1))

    def row(what: str, found: Spent) -> None:
        over = (found.here - bare.here) / bare.all
        print(
            f"| {what} | {found.here:.1f} | {found.below:.1f} "
            f"| {1000 * found.here / clips:.1f} | {over:+.1%} |",
            flush=True,
        )

    row("bare", bare)
    plain = settings(root, "plain")
    ingested(plain)
    row("in process", spent(lambda: measured(plain)))
    with dask(root) as (address, processes):
        spread = settings(root, "spread", cluster=address)
        ingested(spread)
        row("on one Dask worker", spent(lambda: measured(spread), processes))


def throughput(root: Path) -> None:
    for count in WIDE:
        make_corpus(root / str(count), count, "320x180")
    print("\n| Dask workers | few, wall s | all | ms a clip | of one |\n|---:|---:|---:|---:|---:|")
    first = 0.0
    for workers in (1, 2):
        seconds = []
        for count in WIDE:
            chosen = settings(root / str(count), f"store{workers}", cluster=f"local:{workers}")
            ingested(chosen)
            seconds.append(measured(chosen).seconds)
        a_clip = (seconds[1] - seconds[0]) / (WIDE[1] - WIDE[0])
        first = first or a_clip
        print(
            f"| {workers} | {seconds[0]:.1f} | {seconds[1]:.1f} | {1000 * a_clip:.0f} "
            f"| {first / a_clip:.2f} |",
            flush=True,
        )


def hosts(root: Path) -> int:
    """Everything on hosts of its own, one of which loses its network for CUT_S seconds."""
    here = settings(root, "here", workers=2)
    ingested(here)
    measured(here)
    names = ("scheduler", "worker1", "worker2", "caller")
    dask = str(Path(sys.executable).with_name("dask"))
    running: list[subprocess.Popen[bytes]] = []
    with namespaces(names) as address:
        try:
            at = f"tcp://{address['scheduler']}:8786"
            running.append(started("scheduler", root, dask, "scheduler", "--port", "8786"))
            for name in names[1:3]:
                words = ("--nthreads", "1", "--host", address[name], "--local-directory", ".")
                running.append(started(name, root, dask, "worker", at, *words))
            caller = started("caller", root, sys.executable, __file__, "--caller", f"{root} {at}")
            running.append(caller)
            threading.Thread(target=cut, args=("worker1", root / "there" / "shards")).start()
            code = caller.wait()
        finally:
            for process in running:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    same = shards(root / "here") == shards(root / "there")
    print(f"exit {code}; the bytes are {'those' if same else 'NOT those'} of one process")
    return code or not same


def call(told: str) -> int:
    """The caller's part, in its namespace."""
    root, at = told.split(" ")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    LOG.setLevel(logging.INFO)
    chosen = settings(Path(root), "there", cluster=at)
    ingested(chosen)
    merged = measured(chosen)
    print(f"{merged.clips} clips, {merged.failed} failed, {merged.spread}", flush=True)
    return 0


def shards(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (store / "shards").glob("*.parquet")}


def cut(name: str, folder: Path) -> None:
    """Take the network of a host away as soon as something was measured, for CUT_S seconds."""
    while not list(folder.glob("**/[!.]*")):
        time.sleep(0.05)
    ip("link", "set", outer(name), "down")
    print(f"the network of {name} is down", flush=True)
    time.sleep(CUT_S)
    # Where the others were done before, there is no such host any more.
    with suppress(subprocess.CalledProcessError):
        ip("link", "set", outer(name), "up")


def ip(*words: str) -> None:
    subprocess.run([shutil.which("ip") or "ip", *words], check=True)


def outer(name: str) -> str:
    """The end on the bridge; Linux allows 15 letters."""
    return f"mosb-{name}"


@contextmanager
def namespaces(names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """A network namespace each on one bridge; name → address."""
    address = {name: f"{NETWORK}.{number}" for number, name in enumerate(names, 10)}
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("link", "set", BRIDGE, "up")
        for name in names:
            space = f"{PREFIX}{name}"
            ip("netns", "add", space)
            ip("link", "add", outer(name), "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", outer(name), "master", BRIDGE, "up")
            ip("-n", space, "address", "add", f"{address[name]}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
        yield address
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", f"{PREFIX}{name}"], check=False)  # noqa: S607
        subprocess.run(["ip", "link", "del", BRIDGE], check=False)  # noqa: S607


def started(name: str, root: Path, *command: str) -> subprocess.Popen[bytes]:
    """A program in this namespace, in a folder of its own."""
    folder = root / f"at-{name}"
    folder.mkdir()
    out = None if name == "caller" else (folder / "log").open("wb")
    return subprocess.Popen(
        ["ip", "netns", "exec", f"{PREFIX}{name}", *command],  # noqa: S607
        cwd=folder,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )


if __name__ == "__main__":
    sys.exit(main())
