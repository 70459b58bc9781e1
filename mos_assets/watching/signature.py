"""Whether a corpus can be anything else than it was, without reading its labels again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mos_assets.corpora.files import ABSENT
from mos_assets.corpora.layouts import layout_of, require_folder
from mos_assets.corpora.request import FEATURES_FOLDER, CorpusRequest, folder_errors
from mos_assets.errors import CorpusError
from mos_assets.media.probe import probe_version
from mos_assets.tables.limits import LARGEST_TEXT_BYTES

_PACKAGE = Path(__file__).parents[1]


def corpus_signature(request: CorpusRequest) -> str | None:
    """A hash of everything that `load_corpus` makes of this request depends on.

    The bytes of its label files, the path, size and mtime of its clips, the request, and the
    code of this package: where the signature is what it was, so is the corpus. None where that
    cannot be said so cheaply: the generated corpora, and labels that name pristine files,
    which may lie anywhere in the folder. Raises CorpusError as `load_corpus` does for a corpus
    that is not there.
    """
    layout = layout_of(request.name)
    if layout.made_here:
        return None
    with folder_errors():
        require_folder(request.name, request.root)
        labels, clips = layout.label_files(request), layout.clip_dirs(request)
    if not layout.is_settled_by_files(request):
        return None
    told = hashlib.sha256()
    for text in (_code(), probe_version(), repr(request), str(request.folder.resolve())):
        told.update(f"{text}\0".encode("utf-8", "surrogateescape"))
    for path in sorted(labels):
        told.update(os.fsencode(path) + b"\0" + _hash(path))
    folders = {entry.path for entry in clips}
    tables = request.folder / FEATURES_FOLDER
    if layout.self_described and tables.is_dir():
        # What they measure is held against the direction of the ratings.
        folders.add(tables)
    for folder in sorted(folders):
        told.update(os.fsencode(folder) + b"\0")
        with folder_errors():
            for line in sorted(_states(folder)):
                told.update(line)
    return told.hexdigest()


def _states(folder: Path) -> Iterator[bytes]:
    """One line for everything below a folder, hidden names left out; links are not followed."""
    pending = [os.fsencode(folder.absolute())]
    while pending:
        with os.scandir(pending.pop()) as items:
            for item in items:
                if item.name.startswith(b"."):
                    continue
                if item.is_dir(follow_symlinks=False):
                    pending.append(item.path)
                    continue
                if item.is_symlink():
                    yield b"%b\0%b\n" % (item.path, os.path.realpath(item.path))
                try:
                    status = item.stat()
                except OSError as error:
                    # A link that leads nowhere is one line, and a file that has just gone none.
                    if error.errno in ABSENT:
                        continue
                    raise
                size, mtime, mode = status.st_size, status.st_mtime_ns, status.st_mode
                yield b"%b\0%d %d %d\n" % (item.path, size, mtime, mode)


def _hash(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if (size := os.fstat(file.fileno()).st_size) > LARGEST_TEXT_BYTES:
                # It may be one of holes, and whoever reads it refuses it at a glance.
                return b"%d" % size
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}.") from error


@cache
def _code() -> str:
    """A hash of the sources of this package: rows that other code wrote are written again."""
    told = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        told.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes())
    return told.hexdigest()
