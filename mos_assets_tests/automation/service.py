"""A whole service on loopback, as a person starts it, in folders of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCATION = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "mos_assets.definitions",
}
PORTS = range(13_000, 13_100)
"""Of the first worker that tests run in; each other has a hundred of its own."""
PATIENCE_S = 120.0


def free_port() -> int:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in (port + len(PORTS) * worker for port in PORTS):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def processes_of(home: Path) -> list[str]:
    """Command lines of running processes that belong to the service of this DAGSTER_HOME."""
    return [command for _, command in _processes_of(home)]


def pids_of(home: Path, module: str) -> list[int]:
    """Those among them that run this module of Python, or one below it."""
    return [pid for pid, command in _processes_of(home) if f" -m {module}" in command]


def _processes_of(home: Path) -> list[tuple[int, str]]:
    mark = f"DAGSTER_HOME={home}\0".encode()
    found: list[tuple[int, str]] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in process.joinpath("environ").read_bytes():
                command = process.joinpath("cmdline").read_bytes().decode().replace("\0", " ")
                found.append((int(process.name), command))
    return [each for each in found if each[1]]


@dataclass
class Service:
    """`mos dev`, and what can be asked of it."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def ask(self, query: str, **variables: object) -> Any:
        """Data of a GraphQL answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def runs(self) -> list[dict[str, Any]]:
        """The newest first."""
        found = self.ask(
            "{ runsOrError { ... on Runs { results "
            "{ runId status jobName startTime endTime tags { key value } } } } }"
        )["runsOrError"]["results"]
        return [{**run, "tags": {t["key"]: t["value"] for t in run["tags"]}} for run in found]

    def wait(self, what: str, until: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """What `until` returns as soon as that is something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(OSError):
                if found := until():
                    return found
            assert self.process.poll() is None, self.log
            time.sleep(0.25)
        raise AssertionError(f"{what} did not come\n{self.log[-6000:]}")

    def launch(self, job: str) -> None:
        """As the button of the launchpad does, with the settings as they are."""
        self.ask(
            """mutation($selector: JobOrPipelineSelector!) { launchRun(executionParams: {
            selector: $selector, runConfigData: {}}) { __typename } }""",
            selector={**LOCATION, "jobName": job},
        )

    def reason(self, sensor: str) -> str:
        """What the newest tick of a sensor said; empty where it launched or none has ended."""
        ticks = self.ask(
            """query($at: SensorSelector!) { sensorOrError(sensorSelector: $at) { ... on Sensor {
            sensorState { ticks(limit: 1) { skipReason } } } } }""",
            at={**LOCATION, "sensorName": sensor},
        )["sensorOrError"]["sensorState"]["ticks"]
        return (ticks[0]["skipReason"] or "") if ticks else ""

    def pid_of(self, run_id: str) -> int | None:
        """The process that executes a run, once its log names it."""
        events = self.ask(
            """query($id: ID!) { runOrError(runId: $id) { ... on Run { eventConnection { events {
            ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } }
            } } } } }""",
            id=run_id,
        )["runOrError"]["eventConnection"]["events"]
        entries = [entry for event in events for entry in event.get("metadataEntries", [])]
        return next((int(entry["text"]) for entry in entries if entry["label"] == "pid"), None)

    def serves(self) -> bool:
        return bool(self.ask("{ version }")["version"])

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(90)


@contextmanager
def serving(
    home: Path, settings: dict[str, str], instance: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """The service with these settings; nothing of it is left afterwards.

    instance: lines of dagster.yaml that are others here.
    """
    home.mkdir()
    shutil.copy(ROOT / "workspace.yaml", home)
    text = (ROOT / "dagster.yaml").read_text()
    for line, other in (instance or {}).items():
        assert text.count(line) == 1
        text = text.replace(line, other)
    (home / "dagster.yaml").write_text(text)
    port = free_port()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("mos")), "dev", "--port", str(port)],
            cwd=home,
            env={
                **os.environ,
                **settings,
                "DAGSTER_HOME": str(home),
                "PYTHONPATH": str(ROOT),
                "PYTHONWARNINGS": "ignore",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        service = Service(home, port, process)
        try:
            yield service
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(90)


def variables(settings: dict[str, object]) -> dict[str, str]:
    """Settings as environment variables."""
    return {f"MOS_{name.upper()}": str(value) for name, value in settings.items()}


def overlapping(runs: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of runs that ran at the same time."""
    spans = sorted((run["startTime"], run["endTime"], run["runId"]) for run in runs)
    return [(one[2], two[2]) for one, two in pairwise(spans) if two[0] < one[1]]
