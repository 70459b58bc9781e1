"""One child process within limits: time, memory, size of its files, length of what it says.

The programs run here read files of strangers. The limits are held by the kernel where it can
(Linux), so that they hold for a child whose parent was killed as well.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mos_assets.processes.alive import cpu_seconds

LARGEST_FILE_BYTES = 4 << 30
"""Size that any one file of a child may reach."""
KEPT_BYTES = 1 << 16
"""Of the error stream, this much is kept from its beginning and from its end."""
OUTPUT_BYTES = 1 << 28
"""Of the output stream, all is kept, and no command writes more than this to it."""
CPU_PER_SECOND = 8
"""CPU seconds a child may use for every second of its time limit, over all of its threads."""
CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
)
"""Signals by which a program falls over; others come from outside, SIGBUS from a failing disk."""
_BLOCK = 1 << 16
_PAUSE_S = 0.002
"""Between two looks at a program that has closed its streams and is about to end."""
_END_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Asks Linux to kill this process with its parent (PR_SET_PDEATHSIG), then becomes the program.

Not a `preexec_fn`, which may deadlock where the parent has threads. Costs 15 ms.
"""


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What one child may use; None is no limit."""

    seconds: float | None = None
    memory_bytes: int | None = None
    """Address space."""
    file_bytes: int = LARGEST_FILE_BYTES


class Ran(subprocess.CompletedProcess[bytes]):
    """A program that has ended, and what it cost."""

    cpu_s: float | None = None
    """CPU seconds of all its threads; None where the system does not say (not Linux)."""


class TimedOutError(subprocess.TimeoutExpired):
    """A program was ended at its time limit."""

    cpu_s: float | None = None
    """CPU seconds that it had got by then; None where the system does not say."""


def run_limited(command: Sequence[str], limits: ResourceLimits, *, cwd: Path | None = None) -> Ran:
    """Run a program without a shell, without input, in a session of its own; keep what it says.

    Whatever happens here, the program and its children that share its session have ended when
    this returns or raises; where this process is killed, the program is too (Linux). Raises
    subprocess.TimeoutExpired after `limits.seconds`, and ValueError where it writes more to its
    output than any command here asks for.
    """
    end = None if limits.seconds is None else time.monotonic() + limits.seconds
    with subprocess.Popen(
        [*with_parent(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        start_new_session=True,
    ) as process:
        try:
            limit_resources(process.pid, limits)
            said = _read(process, end)
            if said is None or not _ended(process.pid, end):
                error = TimedOutError(command, limits.seconds or 0.0)
                error.cpu_s = cpu_seconds(process.pid)
                raise error
            used = cpu_seconds(process.pid)
            code = process.wait()
        except BaseException:
            _end_session(process)
            raise
    ran = Ran(command, code, *said)
    ran.cpu_s = used
    return ran


def _ended(pid: int, end: float | None) -> bool:
    """Wait until a child has ended, and leave it to be reaped; False where time ran out before."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if end is not None and time.monotonic() >= end:
            return False
        time.sleep(_PAUSE_S)
    return True


def with_parent() -> list[str]:
    """What stands before a command whose program is to end with this process."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT, str(os.getpid())]


def limit_resources(pid: int, limits: ResourceLimits) -> None:
    """Set the kernel's limits for a child (Linux); one that has ended already does not matter."""
    amounts = {resource.RLIMIT_FSIZE: limits.file_bytes, resource.RLIMIT_CORE: 0}
    if limits.memory_bytes is not None:
        amounts[resource.RLIMIT_AS] = limits.memory_bytes
    if limits.seconds is not None:
        amounts[resource.RLIMIT_CPU] = int(limits.seconds * CPU_PER_SECOND) + 1
    if not hasattr(resource, "prlimit"):
        return
    for kind, amount in amounts.items():
        with suppress(ProcessLookupError):
            _, hardest = resource.prlimit(pid, kind)
            if hardest != resource.RLIM_INFINITY:
                amount = min(amount, hardest)
            resource.prlimit(pid, kind, (amount, amount))


def _read(process: subprocess.Popen[bytes], end: float | None) -> tuple[bytes, bytes] | None:
    """The output, and beginning and end of the errors; None where time ran out before."""
    if process.stdout is None or process.stderr is None:
        raise ValueError("output and errors are pipes")
    output, first, last = bytearray(), bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            for key, _ in selector.select(left):
                block = os.read(key.fd, _BLOCK)
                if not block:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += block
                    if len(output) > OUTPUT_BYTES:
                        raise ValueError(f"{process.args!r} wrote more than {OUTPUT_BYTES} bytes")
                else:
                    room = KEPT_BYTES - len(first)
                    first += block[:room]
                    last = (last + block[room:])[-KEPT_BYTES:]
    return bytes(output), bytes(first + last)


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and what it has started; it is reaped by the `with` that holds it."""
    if process.returncode is None:
        # Not reaped yet, so its number cannot belong to another group by now.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
