"""The unfinished file of one clip: `<name>.part`, and beside it what it is a part of.

`<name>.part-of` holds the address and the server's validator (ETag or Last-Modified). It is
written before the first byte, so that a killed run can ask for the rest of the same bytes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from mos_assets.corpora.names import video_suffix
from mos_assets.downloads.plan import FetchError
from mos_assets.io.writing import rename_durably

PART, PART_OF = ".part", ".part-of"
_NAME_MAX = 255


def place(folder: Path, clip_name: str) -> Path:
    """Where a clip belongs; its folders are made.

    Raises FetchError, permanently, for a name that no file can have and for one that leads
    through a link, since links may lead outside.
    """
    path = folder / clip_name
    *folders, name = path.relative_to(folder).parts
    if any(part.startswith(".") for part in (*folders, name)):
        raise FetchError("refused: hidden files are not looked at as clips", permanent=True)
    if any(video_suffix(part) or part.endswith((PART, PART_OF)) for part in folders):
        # Such a folder could stand where another clip, or its part, has to be written.
        raise FetchError("refused: a folder in the clip name looks like a clip", permanent=True)
    if len(os.fsencode(name + PART_OF)) > _NAME_MAX:
        raise FetchError("the clip name is too long for a file", permanent=True)
    at = folder
    for part in folders:
        at /= part
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            reason = f"refused: {at.relative_to(folder)} in the clip folder is not a plain folder"
            raise FetchError(reason, permanent=True)
    if path.is_dir() and not path.is_symlink():
        raise FetchError("refused: a folder has the clip's name", permanent=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise FetchError("refused: the clip name leads outside its folder", permanent=True)
    return path


class Partial:
    """The `.part` of one clip at one address."""

    def __init__(self, target: Path, url: str) -> None:
        self._target, self._url = target, url
        self._part = target.with_name(target.name + PART)
        self._part_of = target.with_name(target.name + PART_OF)
        for path in (self._part, self._part_of):
            if path.is_symlink():
                path.unlink()

    @property
    def size(self) -> int:
        """Bytes that are there already."""
        return self._part.stat().st_size if self._part.is_file() else 0

    @property
    def validator(self) -> str:
        """What to send as If-Range, or '' where nothing can be resumed."""
        if self.size == 0 or not self._part_of.is_file():
            return ""
        lines = self._part_of.read_text(encoding="utf-8", errors="replace").split("\n")
        whole = len(lines) == 3 and lines[0] == self._url and lines[2] == ""
        return lines[1] if whole else ""

    def restart(self, validator: str) -> BinaryIO:
        """An empty part; whoever killed us in here leaves nothing that could be resumed."""
        self.discard()
        if validator:
            self._part_of.write_text(f"{self._url}\n{validator}\n", encoding="utf-8")
        return self._part.open("xb")

    def append(self) -> BinaryIO:
        """The part as it is, to be continued."""
        return self._part.open("ab")

    def finish(self) -> None:
        """Give the part its name; the caller has synced it."""
        rename_durably(self._part, self._target)
        self._part_of.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget what is there."""
        self._part.unlink(missing_ok=True)
        self._part_of.unlink(missing_ok=True)
