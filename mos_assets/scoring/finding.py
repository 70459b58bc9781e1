"""From the files and folders that a user names to the clips that are to be scored."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.corpora.names import video_suffix

_KINDS = {
    "hidden": ("hidden one", "hidden ones"),
    "outside": ("link out of it", "links out of it"),
    "broken": ("link to nothing", "links to nothing"),
    "other": ("file of no video suffix", "files of no video suffix"),
    "reference": ("reference", "references"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the paths of a call come to."""

    clips: tuple[Path, ...]
    """In the order of the call, folders sorted by name; no file twice."""
    passed_over: tuple[str, ...]
    """A sentence a folder: what lies in it and is not scored."""
    unusable: tuple[tuple[Path, str], ...]
    """Paths that are neither file nor folder, or a folder that cannot be read; and why."""


@dataclass(slots=True)
class _Found:
    clips: dict[str, Path] = field(default_factory=dict)
    """By real path."""
    passed_over: list[str] = field(default_factory=list)
    unusable: list[tuple[Path, str]] = field(default_factory=list)


def find_clips(paths: Sequence[Path], references: frozenset[str] = frozenset()) -> Given:
    """The clips that these files and folders hold.

    A file that is named counts whatever it is called. In a folder count files with a video suffix,
    at any depth; hidden files and folders, links that lead out of it, and `references`, real paths
    of pristine files, are passed over.
    """
    found = _Found()
    for path in paths:
        if path.is_dir():
            _look_through(path, references, found)
        elif not os.path.lexists(path):
            found.unusable.append((path, f"{path}: there is no such file or folder"))
        else:
            found.clips.setdefault(os.path.realpath(path), path)
    return Given(tuple(found.clips.values()), tuple(found.passed_over), tuple(found.unusable))


def video_files(folder: Path) -> Iterator[Path]:
    """Files with a video suffix in a folder, at any depth, in order, as `find_clips` looks."""
    found = _Found()
    _look_through(folder, frozenset(), found)
    yield from found.clips.values()


def _look_through(root: Path, references: frozenset[str], found: _Found) -> None:
    passed: Counter[str] = Counter()
    real_root = os.path.realpath(root)

    def unreadable(error: OSError) -> None:
        folder = Path(str(error.filename))
        found.unusable.append((folder, f"{folder}: it cannot be read ({error.strerror})"))

    for folder, folders, files in os.walk(root, onerror=unreadable):
        for name in folders:
            if name.startswith("."):
                passed["hidden"] += 1
            elif os.path.islink(place := os.path.join(folder, name)):  # noqa: PTH114, PTH118
                # What lies inside is met on its own way.
                passed["outside"] += not within(os.path.realpath(place), real_root)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            kind = _kind(path, real_root, references)
            if kind is not None:
                passed[kind] += 1
            else:
                found.clips.setdefault(os.path.realpath(path), path)
    if passed:
        counts = [f"{n} {_KINDS[kind][n > 1]}" for kind, n in passed.items() if n]
        if counts:
            found.passed_over.append(f"{root}: passed over {', '.join(counts)}")


def _kind(path: Path, real_root: str, references: frozenset[str]) -> str | None:
    """Why a file is passed over; None for a clip."""
    if path.name.startswith("."):
        return "hidden"
    if not video_suffix(path.name):
        return "other"
    real = os.path.realpath(path)
    if not os.path.exists(real):  # noqa: PTH110
        return "broken"
    if path.is_symlink() and not within(real, real_root):
        return "outside"
    return "reference" if real in references else None


def within(real: str, real_root: str) -> bool:
    """Whether a real path is that of a folder or lies in it."""
    return real == real_root or real.startswith(real_root.rstrip(os.sep) + os.sep)
