"""Probing and hashing the files of a corpus that are new or changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from mos_assets.corpora.files import FileState, Unreadable, file_state
from mos_assets.errors import ClipError, MachineError
from mos_assets.io.hashing import hash_file
from mos_assets.io.log_lines import pause_s
from mos_assets.media.blame import require_room
from mos_assets.media.probe import probe_each
from mos_assets.media.scratch import SCRATCH
from mos_assets.objects.fetching import fetched
from mos_assets.objects.stubs import RemoteFile, remote_file
from mos_assets.records import KnownClip, Probe

Progress = Callable[[str], None]
Finding = KnownClip | Unreadable

_BATCH = 32
"""Files that a worker takes at a time: handing them over one by one costs more than a stat."""


def examine_all(
    files: Sequence[FileState], corpus: str, workers: int, progress: Progress
) -> Iterator[tuple[FileState, Finding]]:
    """Each file with what is in it, in the order given.

    Raises MachineError where the server of a corpus in a bucket does not answer, and ToolError
    where the disk that clips are fetched to is full.
    """
    if not files:
        return
    progress(f"{corpus}: probing and hashing {len(files)} new or changed files")
    start = last = time.monotonic()
    done = 0
    batches = [files[at : at + _BATCH] for at in range(0, len(files), _BATCH)]
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for batch, findings in zip(batches, pool.map(_examine_batch, batches), strict=True):
            done += len(batch)
            now = time.monotonic()
            if now - last >= pause_s(now - start):
                last = now
                progress(f"{corpus}: {done} of {len(files)} files")
            yield from zip(batch, findings, strict=True)


def _examine_batch(files: Sequence[FileState]) -> list[Finding]:
    paths = [Path(file.path) for file in files]
    try:
        remote = [remote_file(path) for path in paths]
    except OSError:
        remote = []  # What cannot be opened is told of file by file.
    if any(remote):
        return [_examine_one(*each) for each in zip(files, paths, remote, strict=True)]
    probed = probe_each(paths)
    return [_examine(*each) for each in zip(files, paths, probed, strict=True)]


def _examine_one(file: FileState, path: Path, remote: RemoteFile | None) -> Finding:
    """As `_examine`, of a clip in a bucket while it is here."""
    if remote is None:
        return _examine(file, path, *probe_each([path]))
    try:
        with (
            TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-") as folder,
            fetched([remote], Path(folder)) as (here,),
        ):
            return _examine(file, here, *probe_each([here]))
    except MachineError as error:
        if error.passing:
            # A server that is gone is gone for every clip.
            raise
        return Unreadable(str(error))
    except OSError as error:
        require_room(Path(gettempdir()))
        return Unreadable(f"it cannot be read ({error.strerror or error})")


def _examine(file: FileState, path: Path, probed: Probe | ClipError | OSError) -> Finding:
    try:
        digest = hash_file(path)
        if isinstance(probed, OSError):
            raise probed
        if file_state(file.path) != file:
            return Unreadable("it changed while it was read; run again when the copy is complete")
    except OSError as error:
        return Unreadable(f"it cannot be read ({error.strerror or error})")
    if isinstance(probed, ClipError):
        return KnownClip(digest, None, str(probed) or type(probed).__name__)
    return KnownClip(digest, probed)
