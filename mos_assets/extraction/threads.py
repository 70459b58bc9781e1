"""One thread a clip: torch and OpenCV are held to a single thread while clips are measured.

Cores belong to different clips; more threads inside one clip save nothing and would let the
last bit of a sum depend on the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager

from mos_assets.extraction.columns import SALIENCY, SHOTS

_lock = threading.Lock()
_users = {SALIENCY: 0, SHOTS: 0}
_before: dict[str, int] = {}


@contextmanager
def single_threaded(parts: Set[str]) -> Iterator[None]:
    """Hold the libraries of these parts to one thread; the last to leave restores the setting."""
    held = sorted(part for part in _users if part in parts)
    with _lock:
        for part in held:
            if _users[part] == 0:
                _before[part] = _get(part)
            _users[part] += 1
            # Torch keeps the number per thread as well, so each thread says it for itself.
            _set(part, 1)
    try:
        yield
    finally:
        with _lock:
            for part in held:
                _users[part] -= 1
                if _users[part] == 0:
                    _set(part, _before.pop(part))


def _get(part: str) -> int:
    if part == SHOTS:
        import torch

        return torch.get_num_threads()
    import cv2

    return cv2.getNumThreads()


def _set(part: str, threads: int) -> None:
    if part == SHOTS:
        import torch

        torch.set_num_threads(threads)
    else:
        import cv2

        cv2.setNumThreads(threads)
