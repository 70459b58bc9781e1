"""Finding the files of labels and references in the folders of a corpus.

The folder itself may be a link, as its owner placed it; a link in it that leads out of the
corpus is never followed. Paths are texts here: there may be 150,000 of them.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mos_assets.corpora.names import KONVID_CROPS, VIDEO_SUFFIXES, join_key, stem, video_suffix
from mos_assets.corpora.request import ClipDir, folder_errors
from mos_assets.io.text import is_text

LEADS_OUT = "it is a link that leads outside the corpus folder"
LINKS_NOWHERE = "it is a link to a file that is not there"
HIDDEN = "it is hidden: its name begins with a point"
NO_FILE = "it is no regular file"
NOT_ENTERED = "it is a folder, and this one is looked at without those in it"
LINKED_FOLDER = "it is a link to a folder, which is not followed; put the folder itself there"
NOT_TEXT = "its path is not UTF-8; rename it"
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Ways in which a path names no file; every other failure to look is loud."""

_SUFFIXES = tuple(sorted(VIDEO_SUFFIXES | {suffix.upper() for suffix in VIDEO_SUFFIXES}))


class FileState(NamedTuple):
    """A file as it is now."""

    path: str
    """Absolute."""
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is wrong with a file now; unlike a KnownClip it is not remembered."""

    reason: str


class Index(NamedTuple):
    """What lies in one clip folder, by name relative to it."""

    files: Mapping[str, str | Unreadable]
    """Paths, and what must not be opened."""
    passed_over: Mapping[str, str]
    """What is no file of a clip whatever it is called, and why."""


def files_in(entry: ClipDir, corpus: Path) -> Index:
    """Regular files of a clip folder; hidden ones are passed over.

    Links to folders are among the files, as what must not be opened.
    """
    found: dict[str, str | Unreadable] = {}
    passed_over: dict[str, str] = {}
    pending = [(str(entry.path.absolute()), "")]
    while pending:
        folder, prefix = pending.pop()
        with folder_errors(), os.scandir(folder) as items:
            for item in items:
                name = prefix + item.name
                if item.name.startswith("."):
                    passed_over[name] = HIDDEN
                elif item.is_symlink():
                    if entry.recursive and os.path.isdir(item.path):  # noqa: PTH112 - a text
                        found[name] = Unreadable(LINKED_FOLDER)
                    elif file_state(item.path) is not None:
                        inside = _is_inside(item.path, entry.path, corpus)
                        found[name] = _as_text(item.path) if inside else Unreadable(LEADS_OUT)
                    else:
                        is_there = status_of(item.path) is not None
                        passed_over[name] = NO_FILE if is_there else LINKS_NOWHERE
                elif item.is_file():
                    found[name] = _as_text(item.path)
                elif not item.is_dir(follow_symlinks=False):
                    passed_over[name] = NO_FILE
                elif entry.recursive:
                    pending.append((item.path, f"{name}/"))
                elif entry.path != corpus:
                    passed_over[name] = NOT_ENTERED
    return Index(found, passed_over)


def locate(
    clip_name: str, part: str | None, indexes: Iterable[tuple[ClipDir, Index]]
) -> str | Unreadable | None:
    """The path of the clip of a label of this part, if there is one.

    Many label files name clips without suffix, which is taken for `.mp4`: where no such file is
    there, the only video of that name with another suffix is the clip.
    """
    for entry, index in indexes:
        if entry.part is not None and entry.part != part:
            continue
        if (found := index.files.get(clip_name)) is not None:
            return found
        for name in names_of(clip_name, index.files):
            if (found := index.files.get(name)) is not None:
                return found
    return None


def names_of(clip_name: str, files: Collection[str]) -> list[str]:
    """Names under which the clip of a label may lie among these files, in the order of looking."""
    names = [clip_name]
    if clip_name[0].isdigit() and join_key(clip_name).isdigit():
        base, suffix = stem(clip_name), video_suffix(clip_name)
        names += [f"{base}{crop}{suffix}" for crop in KONVID_CROPS]
    return [*names, *_other_suffixes(clip_name, files)]


def _other_suffixes(name: str, files: Collection[str]) -> list[str]:
    if not files or name in files or not name.endswith(".mp4"):
        return []
    base = name.removesuffix(".mp4")
    found = [other for suffix in _SUFFIXES if (other := base + suffix) in files]
    return found if len(found) == 1 else []


def find_reference(name: str, folders: Iterable[Path], corpus: Path) -> str | Unreadable | None:
    """The path of the pristine file of this name in the first folder that has it."""
    for folder in folders:
        path = str((folder / name).absolute())
        if file_state(path) is not None:
            return _as_text(path) if _is_inside(path, folder, corpus) else Unreadable(LEADS_OUT)
    return None


def file_state(path: str) -> FileState | None:
    """A regular file as it is now; None where there is none."""
    status = status_of(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        return None
    return FileState(path, status.st_size, status.st_mtime_ns)


def status_of(path: str | bytes) -> os.stat_result | None:
    """What the path names, all links followed; None where it names nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 - no Path for each of so many
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def _is_inside(path: str, *folders: Path) -> bool:
    """Whether a path, all links followed, ends in one of these folders."""
    real = Path(path).resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def _as_text(path: str) -> str | Unreadable:
    """The path, unless no table could hold it."""
    return path if is_text(path) else Unreadable(NOT_TEXT)
