"""Which pristine file each clip is compared with: one for all, by name, or by a table."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mos_assets.corpora.names import stem
from mos_assets.corpora.spelling import folded
from mos_assets.errors import ClipError, CorpusError
from mos_assets.scoring.finding import video_files, within
from mos_assets.tables.columns import TABLE_CLIP_ALIASES
from mos_assets.tables.external import name_text, read_external

CLIP_COLUMNS = ("clip", "encode", *TABLE_CLIP_ALIASES)
REFERENCE_COLUMNS = ("reference", "reference_name", "ref", "source", "src", "pristine")
_SHOWN = 3
_BY_TABLE = "name the pairs in a table (--reference-table)"


class References(Protocol):
    """Says which pristine file belongs to a clip."""

    @property
    def files(self) -> frozenset[str]:
        """Real paths of all pristine files, which are no clips."""

    def of(self, clip: Path) -> Path:
        """That of this clip. Raises ClipError, with the remedy, where none or several are."""

    def notes(self, clips: Sequence[Path]) -> tuple[str, ...]:
        """What a reader should know once all clips are known, a sentence each."""


@dataclass(frozen=True, slots=True)
class OneReference:
    """One pristine file for every clip. Raises CorpusError where it is not there."""

    path: Path

    def __post_init__(self) -> None:
        if self.path.is_dir():
            raise CorpusError(
                f"--reference {self.path}: it is a folder. Name a file, or say --references."
            )
        if not self.path.is_file():
            raise CorpusError(
                f"--reference {self.path}: there is no such file. Name the file that the "
                "clips were made from."
            )

    @property
    def files(self) -> frozenset[str]:
        return frozenset({os.path.realpath(self.path)})

    def of(self, clip: Path) -> Path:
        return self.path

    def notes(self, clips: Sequence[Path]) -> tuple[str, ...]:
        return ()


class FolderReferences:
    """The pristine file whose stem is that of the clip, or begins it up to a word border.

    Of several the longest stem counts: `park.mkv` for `park_360p.mp4`, unless there is
    `park_360p.y4m`. Letter case does not matter.
    scored: the files and folders that are to be scored; what lies in one that is inside the folder
    is no reference. named: what messages call the folder. Raises CorpusError where the folder holds
    no video, or is one of them.
    """

    def __init__(
        self, folder: Path, scored: Sequence[Path] = (), named: str = "--references"
    ) -> None:
        self._or_table = f", or {_BY_TABLE}" if named == "--references" else ""
        if not folder.is_dir():
            raise CorpusError(f"{named} {folder}: there is no such folder.")
        places = {os.path.realpath(path) for path in scored}
        if os.path.realpath(folder) in places:
            raise CorpusError(
                f"{named} {folder}: it is the folder of the clips too. Put the pristine files into "
                f"one of their own{self._or_table}."
            )
        self._folder = folder
        self._by_stem: Mapping[str, list[Path]] = defaultdict(list)
        inside = [place for place in places if within(place, os.path.realpath(folder))]
        for path in video_files(folder):
            if any(within(os.path.realpath(path), place) for place in inside):
                continue
            self._by_stem[folded(stem(path.name))].append(path)
        if not self._by_stem:
            raise CorpusError(
                f"{named} {folder}: it holds no video file, the clips themselves apart. "
                "Name the folder of the pristine files."
            )

    @property
    def files(self) -> frozenset[str]:
        return frozenset(
            os.path.realpath(path) for paths in self._by_stem.values() for path in paths
        )

    def of(self, clip: Path) -> Path:
        own = folded(stem(clip.name))
        real = os.path.realpath(clip)
        for end in range(len(own), 0, -1):
            if end < len(own) and own[end].isalnum():
                continue
            paths = [p for p in self._by_stem.get(own[:end], ()) if os.path.realpath(p) != real]
            if len(paths) > 1:
                shown = ", ".join(map(str, paths[:_SHOWN]))
                raise ClipError(
                    f"{clip}: {len(paths)} references have its name, {shown}. Keep one in "
                    f"{self._folder}{self._or_table}"
                )
            if paths:
                return paths[0]
        raise ClipError(
            f"{clip}: no reference in {self._folder} has its name or the beginning of it. Rename "
            f"it after its reference, as park_360p.mp4 after park.mkv{self._or_table}"
        )

    def notes(self, clips: Sequence[Path]) -> tuple[str, ...]:
        return ()


class TableReferences:
    """Pairs from a table with a column for the clip and one for its reference.

    A clip is named with as much of its path as is needed, with or without its suffix. References
    are paths from the table's folder, or names in `folder` where that is given.
    Raises CorpusError where the table cannot be read, lacks a column, or has damaged rows.
    """

    def __init__(self, table: Path, folder: Path | None = None) -> None:
        read = read_external(table)
        if read.damaged:
            line, why = read.damaged[0]
            raise CorpusError(f"{table}, line {line}: {why}. Mend the row and call again.")
        clip_columns = read.columns.require(CLIP_COLUMNS, "clip", table)
        reference_columns = read.columns.require(REFERENCE_COLUMNS, "reference", table)
        if folder is not None and not folder.is_dir():
            raise CorpusError(f"--references {folder}: there is no such folder.")
        self._table = table
        self._folder = table.parent if folder is None else folder
        self._rows: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        for row, line in enumerate(read.lines):
            clip, reference = (
                next((text for i in columns if (text := name_text(read.cells[i][row]))), "")
                for columns in (clip_columns, reference_columns)
            )
            if not clip or not reference:
                lacks = "reference" if clip else "clip"
                raise CorpusError(
                    f"{table}, row {line}: it names no {lacks}. Fill it in, or remove the row."
                )
            self._rows[_key(clip)].setdefault(reference, line)

    @property
    def files(self) -> frozenset[str]:
        named = (name for row in self._rows.values() for name in row)
        return frozenset(os.path.realpath(self._path(name)) for name in named)

    def of(self, clip: Path) -> Path:
        key = self._key_of(clip)
        if key is None:
            raise ClipError(f"{clip}: {self._table} has no row for it. Add one with its reference")
        named = self._rows[key]
        if len(named) > 1:
            lines = ", ".join(f"{name} in row {line}" for name, line in named.items())
            raise ClipError(
                f"{clip}: {self._table} names {len(named)} references for it, {lines}. Keep one"
            )
        ((name, line),) = named.items()
        path = self._path(name)
        if not path.is_file():
            raise ClipError(
                f"{clip}: its reference {path} is not there ({self._table}, row {line}). Correct "
                "the row, or say with --references where the files are"
            )
        return path

    def notes(self, clips: Sequence[Path]) -> tuple[str, ...]:
        used = {self._key_of(clip) for clip in clips}
        left = [key for key in self._rows if key not in used]
        if not left:
            return ()
        shown = ", ".join("/".join(key) for key in left[:_SHOWN])
        return (f"{self._table}: {len(left)} of its clips were not given, such as {shown}",)

    def _key_of(self, clip: Path) -> tuple[str, ...] | None:
        """The longest row name that the clip's path ends in."""
        parts = _key(os.path.abspath(clip))  # noqa: PTH100 - links stay as they are named
        keys = (parts[start:] for start in range(len(parts)))
        return next((key for key in keys if key in self._rows), None)

    def _path(self, name: str) -> Path:
        return self._folder / name


def _key(name: str) -> tuple[str, ...]:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return (*parts[:-1], stem(parts[-1])) if parts else ()
