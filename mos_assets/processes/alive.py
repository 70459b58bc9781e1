"""Whether a process lives, and what it has used."""

from __future__ import annotations

import psutil

_CLOCK_SLACK_S = 5.0


def exists(pid: int) -> bool:
    """Whether a process has this id, whoever owns it."""
    return psutil.pid_exists(pid)


def still_lives(pid: int, at: float) -> bool:
    """Whether the process that had this id at Unix time `at` is still there; a zombie is not."""
    try:
        process = psutil.Process(pid)
        born = process.create_time()
        return process.status() != psutil.STATUS_ZOMBIE and born <= at + _CLOCK_SLACK_S
    except psutil.NoSuchProcess:
        return False


def cpu_seconds(pid: int) -> float | None:
    """CPU seconds of a process that runs or waits to be reaped; None where they are not told."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(used.user + used.system)
