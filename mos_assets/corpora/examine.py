"""Probing and hashing the files of a corpus that are new or changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mos_assets.corpora.files import FileState, Unreadable, file_state
from mos_assets.errors import ClipError
from mos_assets.io.hashing import hash_file
from mos_assets.io.log_lines import pause_s
from mos_assets.media.probe import probe_each
from mos_assets.records import KnownClip, Probe

Progress = Callable[[str], None]
Finding = KnownClip | Unreadable

_BATCH = 32
"""Files that a worker takes at a time: handing them over one by one costs more than a stat."""


def examine_all(
    files: Sequence[FileState], corpus: str, workers: int, progress: Progress
) -> Iterator[tuple[FileState, Finding]]:
    """Each file with what is in it, in the order given."""
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
    probed = probe_each(paths)
    return [_examine(*each) for each in zip(files, paths, probed, strict=True)]


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
