"""A corpus in a bucket, as a folder of this machine: tables and labels as they are, clips as stubs.

Everything else in this room sees a folder. `refresh` makes it what the bucket holds now.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from mos_assets.corpora.layouts import layout_of
from mos_assets.corpora.names import video_suffix
from mos_assets.errors import CorpusError
from mos_assets.io.locks import lock, open_lock
from mos_assets.io.reading import DENIED
from mos_assets.io.writing import write_whole
from mos_assets.objects import Found, Location
from mos_assets.objects.stubs import MARKER, mark, set_time, write_stub
from mos_assets.settings.locations import StorePlace

_STATE, _LOCK = ".bucket.json", ".bucket.lock"
_LONGEST_PART = 255
_SHOWN = 3


def refresh_corpus(
    place: StorePlace, name: str, say: Callable[[str], None], *, pause_s: float = 0.0
) -> None:
    """Make `<folder>/<name>` hold what lies at `<url>/<name>`; nothing where the place is a folder.

    A corpus that is made here need not be there. Where the bucket was asked less than `pause_s`
    ago, and nothing had changed then, it is not asked again: it costs .3 ms of CPU an object.
    Raises CorpusError where there is nothing, or what cannot be the files of a folder, and
    LocationError.
    """
    if not place.url:
        return
    try:
        _refresh(place, name, say, pause_s)
    except OSError as error:
        if error.errno not in DENIED:
            raise
        raise CorpusError(
            f"{error.filename or place.folder} cannot be written ({error.strerror}). Make it "
            "writable for this user, or set MOS_WORK to another folder."
        ) from None


def _refresh(place: StorePlace, name: str, say: Callable[[str], None], pause_s: float) -> None:
    folder, url = place.folder / name, f"{place.url}/{name}"
    place.folder.mkdir(parents=True, exist_ok=True)
    with open_lock(place.folder / f"{_LOCK}.{name}") as door:
        lock(door)
        # A time to come is of a clock that was set back since.
        if pause_s and 0 <= _age_s(folder / _STATE) < pause_s:
            return
        listed = {one.name: one for one in Location(url).listed() if _may_be_a_file(one.name)}
        known = _read(folder)
        if not listed and not known:
            if layout_of(name).made_here:
                return
            raise CorpusError(
                f"There is nothing at {url}. Put the corpus {name!r} there, or set MOS_CORPUS_ROOT "
                "or MOS_CORPUS."
            )
        _require_folders(url, listed)
        mark(folder, url)
        for gone in known.keys() - listed.keys():
            _remove(folder, gone)
        fresh = [
            one
            for one in listed.values()
            if known.get(one.name) != one.etag or not (folder / one.name).is_file()
        ]
        kept = {name: etag for name, etag in known.items() if name in listed}
        try:
            for one in fresh:
                kept[one.name] = _place(Location(url), folder, one)
        finally:
            write_whole(folder / _STATE, json.dumps(kept).encode())
            if kept != known:
                # What moves is looked at again soon, as somebody may be copying.
                os.utime(folder / _STATE, (0, 0))
    if fresh:
        say(f"{name}: {len(fresh)} of {len(listed)} objects at {url} are new or changed")


def _place(location: Location, folder: Path, one: Found) -> str:
    path = folder / one.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if video_suffix(one.name):
        write_stub(path, one.size, one.etag, one.modified)
        return one.etag
    content, etag = location.read(one.name)
    write_whole(path, content)
    set_time(path, etag, one.modified)
    return etag


def _may_be_a_file(name: str) -> bool:
    """Whether a folder can hold it; a bucket has names that none can."""
    parts = name.split("/")
    return "\0" not in name and all(
        part not in ("", ".", "..", _STATE, MARKER) and len(part.encode()) <= _LONGEST_PART
        for part in parts
    )


def _require_folders(url: str, listed: Mapping[str, Found]) -> None:
    clash = [
        str(parent)
        for name in listed
        for parent in PurePosixPath(name).parents
        if str(parent) in listed
    ]
    if clash:
        shown = ", ".join(sorted(set(clash))[:_SHOWN])
        raise CorpusError(
            f"{url} has objects whose names are those of folders too ({shown}). Move one of each "
            "away."
        )


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _read(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / _STATE).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(etag) for name, etag in found.items()}


def _remove(folder: Path, name: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            break
        parent.rmdir()
