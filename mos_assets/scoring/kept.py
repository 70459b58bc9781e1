"""Measurements kept from call to call, so that no clip is measured twice and a kill loses little.

One small file a measurement, named by the clip's bytes, the part and its fingerprint, with a
checksum of everything in it. The folder is bounded: what was not used for the longest time goes
first.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mos_assets.errors import StoreError
from mos_assets.features import picture_extractors
from mos_assets.io.hashing import hash_text
from mos_assets.io.reading import TooLargeError, read_within
from mos_assets.io.writing import PARTIAL_SUFFIX, write_whole
from mos_assets.records import Measurement

LARGEST_BYTES = 256 << 20
"""On disk; some 60,000 measurements of 4 kB a block, fewer of networks with many columns."""
_LEFT_AFTER = 0.9
_SUFFIX = ".json"
_LARGEST_ENTRY = 256 << 10
_SEAL = "sha256"
_OLD_PARTIAL_S = 3600.0


def default_cache_folder(environment: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/mos_assets`, or `~/.cache/mos_assets`.

    https://specifications.freedesktop.org/basedir-spec: a relative one does not count. Raises
    StoreError where this user has no home.
    """
    named = environment.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named, "mos_assets")
    try:
        return Path.home() / ".cache" / "mos_assets"
    except RuntimeError as error:
        raise StoreError(
            "This user has no home folder to keep measurements in; name one with --cache, or call "
            "with --no-cache."
        ) from error


@dataclass(frozen=True, slots=True)
class KeptMeasurements:
    """A folder of measurements. Several processes may use it at once."""

    folder: Path
    largest_bytes: int = LARGEST_BYTES

    def open(self) -> None:
        """Make the folder. Raises StoreError where nothing can be kept in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / f".{os.getpid()}{PARTIAL_SUFFIX}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                f"{self.folder}: measurements cannot be kept in it ({error.strerror}). Name "
                "another folder with --cache, or call with --no-cache."
            ) from error

    def find(self, content: str, part: str, fingerprint: str) -> Measurement | None:
        """The measurement of this key; None where none is kept or what is kept is damaged."""
        path = self._path(content, part, fingerprint)
        try:
            raw = read_within(path, _LARGEST_ENTRY)
        except (OSError, TooLargeError):
            return None
        found = _read(raw)
        if found is None or (found.content, found.part, found.fingerprint) != (
            content,
            part,
            fingerprint,
        ):
            return None
        try:
            os.utime(path)
        except OSError:
            return found  # of another user, or just pruned: its figures hold all the same
        return found

    def keep(self, measurements: Iterable[Measurement]) -> None:
        """Keep these. Raises StoreError where the disk does not take them."""
        for row in measurements:
            path = self._path(row.content, row.part, row.fingerprint)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, _written(row), contended=True)
            except OSError as error:
                raise StoreError(
                    f"{path}: it cannot be written ({error.strerror}). Make room, name another "
                    "folder with --cache, or call with --no-cache; what is kept already stays."
                ) from error

    def prune(self, now: float) -> int:
        """Bring the folder within its bound, least recently used first; how many files went.

        now: seconds since the epoch, for what killed calls left half-written.
        """
        entries: list[tuple[float, int, str]] = []
        gone = 0
        for place in self.folder.glob("??/*"):
            try:
                state = place.stat()
            except FileNotFoundError:
                continue
            if place.name.endswith(PARTIAL_SUFFIX):
                if now - state.st_mtime > _OLD_PARTIAL_S:
                    place.unlink(missing_ok=True)
            elif place.name.endswith(_SUFFIX):
                entries.append((state.st_mtime, state.st_blocks * 512, str(place)))
        size = sum(entry[1] for entry in entries)
        if size <= self.largest_bytes:
            return 0
        for _, bytes_, path in sorted(entries):
            if size <= self.largest_bytes * _LEFT_AFTER:
                break
            Path(path).unlink(missing_ok=True)
            size -= bytes_
            gone += 1
        return gone

    def _path(self, content: str, part: str, fingerprint: str) -> Path:
        name = hash_text(f"{content}\n{part}\n{fingerprint}")
        return self.folder / name[:2] / f"{name}{_SUFFIX}"


def _written(row: Measurement) -> bytes:
    entry = {**asdict(row), "figures": dict(row.figures)}
    return _text({**entry, _SEAL: hash_text(_text(entry))}).encode()


def _text(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, allow_nan=False)


def _read(raw: bytes) -> Measurement | None:
    """The measurement in these bytes; None where they are not as they were written."""
    try:
        entry = json.loads(raw)
        seal = entry.pop(_SEAL)
        if hash_text(_text(entry)) != seal:
            return None
        found = Measurement(**entry)
        expected = picture_extractors()[found.part].figure_names
        finite = all(math.isfinite(value) for value in found.figures.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    names = set(found.figures)
    whole = names == set(expected) if found.reason is None else names < set(expected)
    return found if whole and finite else None
