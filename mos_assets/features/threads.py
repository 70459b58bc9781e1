"""One thread a clip and one core a worker: cores belong to different clips.

More threads inside one clip save nothing and would let the last bit of a sum depend on the
machine. ffmpeg runs its decoder, encoder and filters as threads whatever it is told, so a
worker is bound to a core and its ffmpeg inherits that: two workers then do twice the work of
one, where unbound ones push each other about.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress

from mos_assets.features.extractors.base import picture_extractors
from mos_assets.features.libraries import Library

_lock = threading.Lock()
_users: Counter[str] = Counter()
_before: dict[str, int] = {}


@contextmanager
def single_threaded(parts: Set[str]) -> Iterator[None]:
    """Hold the libraries of these parts to one thread; the last to leave restores the setting.

    Not those that are loaded late: whatever uses one does so within `one_thread`.
    """
    known = picture_extractors()
    libraries = {library.name: library for part in parts for library in known[part].libraries}
    with _held([library for _, library in sorted(libraries.items()) if not library.late]):
        yield


@contextmanager
def one_thread(library: Library) -> Iterator[None]:
    """Hold one library to one thread, loading it where it is not yet."""
    with _held([library]):
        yield


@contextmanager
def _held(libraries: Sequence[Library]) -> Iterator[None]:
    held = {library.name: library.threads for library in libraries if library.threads}
    with _lock:
        for name, threads in held.items():
            if _users[name] == 0:
                _before[name] = threads.get()
            _users[name] += 1
            # Torch keeps the number per thread as well, so each thread says it for itself.
            threads.set(1)
    try:
        yield
    finally:
        with _lock:
            for name, threads in held.items():
                _users[name] -= 1
                if _users[name] == 0:
                    threads.set(_before.pop(name))


def one_core_each() -> Callable[[], None]:
    """What each worker thread of a pool calls first: it takes the next core for itself.

    Only the cores that this process may use are dealt out, in turn, from one that follows from
    the process number: runs side by side do not all begin with the first. A worker cannot leave
    a core that others keep busy. Does nothing where the system cannot bind a thread (not
    Linux), or does not let it.
    """
    if not hasattr(os, "sched_setaffinity"):
        return lambda: None
    cores = sorted(os.sched_getaffinity(0))
    first = os.getpid() % len(cores)
    turns = itertools.cycle(cores[first:] + cores[:first])

    def take() -> None:
        # The cores of a container may be taken away between the look and the use.
        with suppress(OSError):
            os.sched_setaffinity(0, {next(turns)})

    return take
