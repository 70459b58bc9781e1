"""The process that runs a network: one a thread and network, kept from clip to clip, within limits.

Its start costs .3 CPU s and the loading of the network, so clips of one thread share it. It ends
with the thread that started it (Linux), and where its input is closed.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, MachineError, NetworkError
from mos_assets.networks.reading import Network
from mos_assets.processes.alive import cpu_seconds
from mos_assets.processes.child import CRASHES, ResourceLimits, limit_resources, with_parent

PROGRAM = Path(__file__).with_name("worker.py")
OWN_SHARE = 0.9
"""Share of the time limit that it has to have spent computing for the network to be slow; where it
got less, the machine was busy."""
MOST_KEPT = 4
"""Processes that one thread keeps."""
_LONGEST_ANSWER = 1 << 16
_LAST_WORDS_BYTES = 1 << 13
_END_S = 1.0
"""Seconds in which a program that has closed its output ends."""
_NO_MEMORY = (
    "bad_alloc",
    "MemoryError",
    "allocate memory",
    "Memory allocation",
    "failed to map segment",
    "pthread_create failed",
)
"""Last words of Python, C++, OpenBLAS and the loader of libraries under a limit of memory; the
signal alone does not tell: C++ ends with SIGABRT, OpenBLAS with SIGINT."""
_GB = 1 << 30
_kept = threading.local()
_have_run: set[str] = set()
"""sha256 of networks that have run over a clip in this process, whatever became of theirs."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one clip asks of a network."""

    feeds: Mapping[str, Path]
    """Input → .npy file [items, …]."""
    items: Mapping[str, int]
    """Input → items of one call."""
    calls: int
    outputs: Mapping[str, Path]
    """Output → .npy file to write: [items, …], float64."""


def run_network(network: Network, request: Request) -> None:
    """Run it; the outputs lie in their files.

    Raises NetworkError where it runs over no clip, ClipError where it does not run over this one,
    and MachineError where memory, time or the process itself was lacking.
    """
    process = _process(network)
    try:
        process.ask(request)
    except BaseException:
        process.close()
        raise


class _Process:
    """One running network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        try:
            # A file, not a pipe: nobody reads while it works. `close` closes it.
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
            self._program = subprocess.Popen(
                [*with_parent(), sys.executable, "-I", PROGRAM, network.onnx, network.sha256],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                start_new_session=True,
            )
        except OSError as error:
            raise MachineError(
                f"the process of network {network.name} could not be started "
                f"({error.strerror or error})"
            ) from error
        memory = int(network.declaration.limits.memory_gb * _GB)
        limit_resources(self._program.pid, ResourceLimits(memory_bytes=memory))
        self._said = b""
        try:
            self._receive(self._end())
        except BaseException:
            self.close()
            raise

    @property
    def lives(self) -> bool:
        return self._program.poll() is None

    def ask(self, request: Request) -> None:
        """Raises as `run_network`; after that the process is not to be used again."""
        line = {
            "feeds": {name: str(path) for name, path in request.feeds.items()},
            "items": dict(request.items),
            "calls": request.calls,
            "outputs": {name: str(path) for name, path in request.outputs.items()},
        }
        end = self._end()
        try:
            os.write(self._pipe(self._program.stdin), f"{json.dumps(line)}\n".encode())
        except BrokenPipeError:
            raise self._died() from None
        self._receive(end)
        _have_run.add(self._network.sha256)

    def close(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            if self._program.returncode is None:
                os.killpg(self._program.pid, signal.SIGKILL)
        for pipe in (self._program.stdin, self._program.stdout, self._complaints):
            if pipe is not None:
                pipe.close()
        self._program.wait()

    def __del__(self) -> None:
        if hasattr(self, "_program"):
            self.close()

    def _end(self) -> tuple[float, float]:
        """When time is up, and what it has computed until now."""
        seconds = self._network.declaration.limits.seconds
        return time.monotonic() + seconds, cpu_seconds(self._program.pid) or 0.0

    def _receive(self, end: tuple[float, float]) -> None:
        descriptor = self._pipe(self._program.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._said:
                left = end[0] - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise self._late(end[1])
                block = os.read(descriptor, _LONGEST_ANSWER)
                if not block:
                    raise self._died()
                self._said += block
        line, _, self._said = self._said.partition(b"\n")
        answer = json.loads(line)
        if answer:
            raise self._blamed(answer["error"], answer["text"])

    def _late(self, before: float) -> MachineError:
        # Never the clip's: under a higher limit, which no fingerprint holds, it has figures.
        limit = self._network.declaration.limits.seconds
        used = (cpu_seconds(self._program.pid) or 0.0) - before
        words = f"network {self._network.name} takes more than {limit:.0f} s"
        if used >= OWN_SHARE * limit:
            words += f" ({used:.0f} s of computing; `seconds` in {self._network.toml} allows more)"
        else:
            words += ", most of it waiting for the machine"
        return MachineError(words, passing=False)

    def _blamed(self, kind: str, text: str) -> Exception:
        network = self._network
        if kind == "memory":
            return self._no_memory()
        if kind == "machine":
            return MachineError(f"network {network.name} could not go on ({text})")
        if kind == "changed":
            return NetworkError(f"{network.onnx}: {text}. Run again.")
        if network.sha256 in _have_run:
            return ClipError(f"network {network.name} cannot be run over it ({text})")
        return NetworkError(
            f"{network.onnx}: onnxruntime cannot run it ({text}). Export it anew, and try it with "
            "mos networks check."
        )

    def _no_memory(self) -> MachineError:
        network = self._network
        return MachineError(
            f"network {network.name} needs more than the {network.declaration.limits.memory_gb:g} "
            f"GB of memory_gb in {network.toml}",
            passing=False,
        )

    def _died(self) -> MachineError:
        with suppress(subprocess.TimeoutExpired):
            self._program.wait(_END_S)
        said = self._last_words()
        if any(words in said for words in _NO_MEMORY):
            return self._no_memory()
        name, code = self._network.name, self._program.returncode
        if code is None or code >= 0:
            why = said.strip().splitlines()[-1:] or [f"exit code {code}"]
            return MachineError(f"the process of network {name} ended ({why[0][:200]})")
        number = signal.Signals(-code)
        if number in CRASHES:
            return MachineError(
                f"the process of network {name} crashed ({number.name}). Where it does so again, "
                f"export {self._network.onnx} anew, and try it with mos networks check"
            )
        lacking = ", as where the machine has no memory left" * (number == signal.SIGKILL)
        return MachineError(f"the process of network {name} was ended by {number.name}{lacking}")

    def _last_words(self) -> str:
        """The end of what it said on its error stream."""
        end = self._complaints.seek(0, os.SEEK_END)
        self._complaints.seek(max(0, end - _LAST_WORDS_BYTES))
        return self._complaints.read().decode("utf-8", "replace")

    @staticmethod
    def _pipe(pipe: object) -> int:
        return pipe.fileno()  # type: ignore[attr-defined, no-any-return]


def _process(network: Network) -> _Process:
    """That of this thread, started where it has none that lives."""
    kept: dict[tuple[str, str], _Process] = _kept.__dict__.setdefault("processes", {})
    key = (str(network.onnx), network.sha256)
    found = kept.pop(key, None)
    if found is None or not found.lives:
        if found is not None:
            found.close()
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept))).close()
        found = _Process(network)
    kept[key] = found
    return found
