"""A Dask cluster of processes that share neither folder nor settings with the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import psutil
from distributed import Client

from mos_assets.pipeline import measure


@dataclass
class Cluster:
    """A scheduler and two workers with a nanny each, all processes of their own."""

    folder: Path
    address: str = "tcp://127.0.0.1:0"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def nannies(self) -> list[psutil.Process]:
        return [psutil.Process(process.pid) for process in self.processes[1:3]]

    def workers(self) -> list[psutil.Process]:
        """The processes of the first two that measure."""
        found = [child for nanny in self.nannies for child in nanny.children()]
        return [each for each in found if "resource_tracker" not in " ".join(each.cmdline())]

    def start(self, *words: str, under: Sequence[str] = (), **more: str) -> None:
        """A command of Dask's in another folder, with settings that nobody may read."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),  # for the functions of this file
            "MOS_CORPUS": "synthetic",
            "MOS_FFMPEG": "/nowhere/ffmpeg",
            **more,
        }
        command = [*under, str(Path(sys.executable).with_name("dask")), *words, "--no-dashboard"]
        log = (self.folder / f"{words[0]}.log").open("ab")
        self.processes.append(
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def start_scheduler(self) -> None:
        """At the address that it had before, where there was one."""
        host, port = self.address.removeprefix("tcp://").split(":")
        file = ("--scheduler-file", "scheduler.json")
        self.start("scheduler", "--host", host, "--port", port, *file)

    def start_worker(self, *words: str, under: Sequence[str] = (), **more: str) -> None:
        file = ("--scheduler-file", "scheduler.json", "--local-directory", ".")
        self.start("worker", "--nthreads", "1", *file, *words, under=under, **more)

    def wait_for(self, workers: int) -> None:
        """Until so many are ready to work: or the one that has loaded the package first may do all
        that there is alone."""
        file = str(self.folder / "scheduler.json")
        with Client(scheduler_file=file, timeout=120, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=120)
            client.run(import_module, measure.__name__)
            self.address = client.scheduler.address

    def end(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.processes.remove(process)
