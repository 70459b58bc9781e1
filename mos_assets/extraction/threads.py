"""One thread a clip: torch and OpenCV are held to a single thread while clips are measured.

Cores belong to different clips; more threads inside one clip save nothing and would let the
last bit of a sum depend on the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager

from mos_assets.extraction.columns import NR, SALIENCY, SHOTS

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
