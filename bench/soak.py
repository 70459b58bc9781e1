"""Many retrains in a row on a growing corpus, under the real service: `python bench/soak.py`.

`mos dev` with daemon, sensors and webserver, in folders of its own. A row is added to labels and
features, the sensor sees it and launches a retrain, and when that has ended the next row is added.
After each: memory and open files of the service's processes, files for a moment, CPU seconds, and
what the store and Dagster's own storage take. What grows is told as a slope at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

ROOT = Path(__file__).parents[1]
TOML = """
name = "growing"
version = "1"
licence = "made by the bench"
labels = ["labels.csv"]
scale = [1.0, 5.0]

[columns]
clip = "clip"
mos = "mos"
"""
SETTINGS = {"corpus": "growing", "features": "own", "seeds": 2, "folds": 3, "epochs": 3}
ROWS = 30
PATIENCE_S = 600.0
LOCATION = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "mos_assets.definitions",
}
_DONE = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True)
class Look:
    """What one retrain has left."""

    run_s: float
    cpu_s: float
    """Of all processes since the look before: sensors, daemon and UI too."""
    memory_mb: float
    """Resident, of the processes that stay."""
    handles: int
    processes: int
    temporary: int
    """Files in the folder for temporary ones."""
    store_mb: float
    database_mb: float
    dagster_mb: float
    dagster_files: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retrains", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=90.0, help="stop after so many")
    parser.add_argument("--tick", type=int, default=2, help="MOS_TICK_S")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="mos-soak-") as name:
        looks = soak(Path(name), options)
    print(told(looks))
    return 0 if len(looks) > 1 else 1


def soak(root: Path, options: argparse.Namespace) -> list[Look]:
    corpus = root / "corpora" / "growing"
    (corpus / "features").mkdir(parents=True)
    (corpus / "corpus.toml").write_text(TOML)
    (corpus / "labels.csv").write_text("clip,mos\n")
    (corpus / "features" / "own.csv").write_text("clip_name,sharpness,noise\n")
    for number in range(ROWS):
        add_row(corpus, number)
    end = time.monotonic() + 60 * options.minutes
    looks: list[Look] = []
    service = Service(root, options.tick)
    try:
        service.until("the UI", lambda: service.ask("{ version }")["version"])
        service.launch()
        for number in range(options.retrains):
            service.until(f"retrain {number + 1}", lambda n=number: len(service.done()) > n)
            looks.append(service.look())
            print(f"{number + 1}: {looks[-1]}", flush=True)
            if time.monotonic() > end:
                break
            add_row(corpus, ROWS + number)
    finally:
        service.end()
    return looks


def add_row(corpus: Path, number: int) -> None:
    """A clip whose rating follows its figures, about."""
    rng = np.random.default_rng(number)
    mos = 1.2 + 3.6 * rng.random()
    figures = f"{mos + rng.normal(0, 0.5):.4f},{rng.random():.4f}"
    with (corpus / "features" / "own.csv").open("a") as table:
        table.write(f"c{number:04},{figures}\n")
    with (corpus / "labels.csv").open("a") as labels:
        labels.write(f"c{number:04},{mos:.3f}\n")


class Service:
    """`mos dev` in a folder of its own."""

    def __init__(self, root: Path, tick: int) -> None:
        self.root, self.home, self.scratch = root, root / "home", root / "tmp"
        self.home.mkdir()
        self.scratch.mkdir()
        for name in ("workspace.yaml", "dagster.yaml"):
            shutil.copy(ROOT / name, self.home)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        places = {name: root / name for name in ("store", "model_dir")}
        settings = {**SETTINGS, **places, "corpus_root": root / "corpora", "tick_s": tick}
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("mos")), "dev", "--port", str(self.port)],
            cwd=self.home,
            env={
                **{name: value for name, value in os.environ.items() if name[:4] != "MOS_"},
                **{f"MOS_{name.upper()}": str(value) for name, value in settings.items()},
                "DAGSTER_HOME": str(self.home),
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(self.scratch),
            },
            stdout=(root / "log").open("wb"),
            stderr=subprocess.STDOUT,
        )
        self._cpu_s = 0.0

    def ask(self, query: str, **variables: object) -> Mapping[str, object]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            found = json.load(answer)
        return found["data"]

    def launch(self) -> None:
        """The first retrain, which a person starts."""
        self.ask(
            "mutation($at: JobOrPipelineSelector!) { launchRun(executionParams: "
            "{ selector: $at, runConfigData: {}}) { __typename } }",
            at={**LOCATION, "jobName": "retrain"},
        )

    def done(self) -> list[dict[str, object]]:
        """Retrains that have ended, the first one first."""
        found = self.ask(
            "{ runsOrError { ... on Runs { results { runId status startTime endTime } } } }"
        )["runsOrError"]["results"]
        failed = [run for run in found if run["status"] not in ("SUCCESS", *IN_FLIGHT)]
        if failed:
            raise SystemExit(f"a retrain ended as {failed[0]}")
        return [run for run in reversed(found) if run["status"] in _DONE]

    def until(self, what: str, ready: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(OSError):
                if ready():
                    return
            if self.process.poll() is not None:
                break
            time.sleep(1.0)
        raise SystemExit(f"{what} did not come\n{(self.root / 'log').read_text()[-4000:]}")

    def look(self) -> Look:
        last = self.done()[-1]
        self.until("the end of its process", lambda: not self._of_runs())
        memory, handles, cpu_s, count = 0, 0, 0.0, 0
        for process in [psutil.Process(self.process.pid), *self._children()]:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu_s += sum(times[:4])  # with children that have ended
                memory += process.memory_info().rss
                handles += process.num_fds()
                count += 1
        before, self._cpu_s = self._cpu_s, cpu_s
        store, dagster = self.root / "store", self.home / ".dagster"
        return Look(
            run_s=round(float(last["endTime"]) - float(last["startTime"]), 1),
            cpu_s=round(cpu_s - before, 1),
            memory_mb=round(memory / 2**20),
            handles=handles,
            processes=count,
            temporary=sum(path.is_file() for path in self.scratch.rglob("*")),
            store_mb=size_mb(store),
            database_mb=size_mb(store / "mos_assets.duckdb"),
            dagster_mb=size_mb(dagster),
            dagster_files=sum(path.is_file() for path in dagster.rglob("*")),
        )

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def _of_runs(self) -> list[psutil.Process]:
        """Processes that carry out a run: those that multiprocessing has spawned."""
        found = []
        for process in self._children():
            with suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(90)


IN_FLIGHT = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


def size_mb(path: Path) -> float:
    """What a file, or all files of a folder, take on the disk."""
    files = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_blocks * 512
    return round(total / 2**20, 2)


def told(looks: list[Look]) -> str:
    """The table: the first, a middle and the last retrain, and growth a retrain by least squares
    over the second half, when caches are warm."""
    names = list(Look.__dataclass_fields__)
    values = {name: np.array([float(getattr(look, name)) for look in looks]) for name in names}
    half = len(looks) // 2
    lines = [
        f"| | after 1 | after {half + 1} | after {len(looks)} | a retrain, of the second half |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in names:
        series = values[name]
        late = series[half:]
        slope = np.polyfit(np.arange(len(late)), late, 1)[0] if len(late) > 1 else float("nan")
        lines.append(
            f"| {name} | {series[0]:g} | {series[half]:g} | {series[-1]:g} | {slope:+.3g} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
