"""What has to hold before this process uses a store: that it has not lost its lock on it.

A lock of the kernel cannot be lost, so that only stores in buckets have a guard here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_GUARDS: dict[Path, Callable[[], None]] = {}


def guard(folder: Path, check: Callable[[], None]) -> None:
    """Call `check` before the store in this folder is used, until `unguard`."""
    _GUARDS[folder] = check


def unguard(folder: Path) -> None:
    """There is nothing to lose any more."""
    _GUARDS.pop(folder, None)


def require_held(folder: Path) -> None:
    """Raise StoreError where this process had a store in a bucket and has lost its lock on it."""
    check = _GUARDS.get(folder)
    if check is not None:
        check()
