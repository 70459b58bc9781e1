"""What runs on a worker of Dask: it is asked what it is, and computes pieces, each on its core.

A call travels as the bytes of a pickle that is the call: loading it computes it. So Dask has
nothing to look into but bytes, its scheduler needs no package of ours, and a worker that has not
got it says so in an error.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mos_assets.cluster.work import Fact, Item, Result
from mos_assets.errors import MosAssetsError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""One number a running kernel: workers in containers of one machine have the same."""
_lock = threading.Lock()
_taken: dict[int, int] = {}
"""Core → pieces at work on it in this process."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker says of itself before it gets any work."""

    facts: tuple[Fact, ...]
    machine: str
    """The same for workers on one machine; empty where that is not known."""
    cores: tuple[int, ...]
    """That it may use; empty where a system does not say."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The work raised an error that says what this worker lacks."""

    message: str


class Call:
    """A call that loading its pickle carries out."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._function, self._arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._function, self._arguments


def packed(function: Callable[..., object], *arguments: object) -> bytes:
    """The call as bytes, for `pickle.loads` on a worker."""
    return pickle.dumps(Call(function, *arguments), pickle.HIGHEST_PROTOCOL)


def answer(facts: Callable[[], tuple[Fact, ...]]) -> Answer | Declined:
    """What this worker is."""
    try:
        found = facts()
    except MosAssetsError as error:
        return Declined(str(error))
    machine = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    cores = tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()
    return Answer(found, machine, cores)


def compute(
    function: Callable[[tuple[Item, ...]], tuple[Result, ...]],
    items: tuple[Item, ...],
    cores: Sequence[int],
) -> tuple[Result, ...] | Declined:
    """A result an item, computed on one of these cores."""
    try:
        with on_a_core(cores):
            return function(items)
    except MosAssetsError as error:
        return Declined(str(error))


@contextmanager
def on_a_core(cores: Sequence[int]) -> Iterator[None]:
    """Hold this thread, and the programs that it starts, to the least taken of these cores.

    The thread belongs to Dask, and is free again afterwards. Does nothing without cores.
    """
    if not cores:
        yield
        return
    with _lock:
        core = min(cores, key=lambda core: (_taken.get(core, 0), core))
        _taken[core] = _taken.get(core, 0) + 1
    before: set[int] | None = None
    # The cores of a container may be taken away meanwhile; then the thread stays free.
    with suppress(OSError):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        with _lock:
            _taken[core] -= 1
        if before is not None:
            with suppress(OSError):
                os.sched_setaffinity(0, before)


def unpacked(payload: bytes) -> Any:
    """As a worker has it."""
    return pickle.loads(payload)  # noqa: S301
