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
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress

from mos_assets.features.columns import NR, SALIENCY, SHOTS

_lock = threading.Lock()
_TORCH, _OPENCV = "torch", "opencv"
_LIBRARIES = {NR: _OPENCV, SALIENCY: _OPENCV, SHOTS: _TORCH}
_users = {_OPENCV: 0, _TORCH: 0}
_before: dict[str, int] = {}


@contextmanager
def single_threaded(parts: Set[str]) -> Iterator[None]:
    """Hold the libraries of these parts to one thread; the last to leave restores the setting."""
    held = sorted({library for part, library in _LIBRARIES.items() if part in parts})
    with _lock:
        for library in held:
            if _users[library] == 0:
                _before[library] = _get(library)
            _users[library] += 1
            # Torch keeps the number per thread as well, so each thread says it for itself.
            _set(library, 1)
    try:
        yield
    finally:
        with _lock:
            for library in held:
                _users[library] -= 1
                if _users[library] == 0:
                    _set(library, _before.pop(library))


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


def _get(library: str) -> int:
    if library == _TORCH:
        import torch

        return torch.get_num_threads()
    import cv2

    return cv2.getNumThreads()


def _set(library: str, threads: int) -> None:
    if library == _TORCH:
        import torch

        torch.set_num_threads(threads)
    else:
        import cv2

        cv2.setNumThreads(threads)
