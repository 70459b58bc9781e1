"""A program that starts programs of its own, ended as a whole."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

import psutil

GRACE_S = 30.0
"""From the first signal until TERM, and from there a third of it until KILL."""
_DEATH_SIGNAL, _SUBREAPER = 1, 36
"""PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of prctl(2)."""
_POLL_S = 0.1


def run_tree(
    command: Sequence[str], *, grace_s: float = GRACE_S, inherited: Sequence[int] = ()
) -> int:
    """Run a program in a process group of its own until it ends or this process is told to.

    INT, TERM and HUP reach it as INT. What is left of it and of its children's children after
    the grace period is killed, so that none is there when this returns (Linux). Where this process
    is killed itself, the program gets INT. It inherits the file descriptors `inherited`. Returns
    its exit code, or 128 and the signal's number where a signal ended it or this process was told
    to end.
    """
    follow = None
    if sys.platform == "linux":
        prctl, parent = ctypes.CDLL(None).prctl, os.getpid()
        # Processes whose parent ends become children of this one, and can be found.
        prctl(_SUBREAPER, 1, 0, 0, 0)

        def follow() -> None:
            prctl(_DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGINT)

    told: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(number)

    before = {n: signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        process = subprocess.Popen(
            command,
            start_new_session=True,
            pass_fds=inherited,
            preexec_fn=follow,
        )
        while process.poll() is None and not told:
            time.sleep(_POLL_S)
            _reap(process.pid)
        _end(process, grace_s)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        return 128 + told[0]
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """End the program, then whatever is left of it, more and more firmly."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    for number, seconds in ((None, grace_s), (signal.SIGTERM, grace_s / 3), (signal.SIGKILL, 5.0)):
        if number is not None:
            for descendant in _descendants():
                with suppress(psutil.NoSuchProcess):
                    descendant.send_signal(number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            process.poll()
            _reap(process.pid)
            if process.returncode is not None and not _descendants():
                return
            time.sleep(_POLL_S)


def _reap(but: int) -> None:
    """Collect children that were handed to this process and have ended."""
    with suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid == but:
                return
            os.waitpid(found.si_pid, os.WNOHANG)


def _descendants() -> list[psutil.Process]:
    """Every process that came of this one and was not collected."""
    return psutil.Process().children(recursive=True)
