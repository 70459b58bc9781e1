"""What the watched files of the corpora look like now, as one digest for each sensor."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from mos_assets.corpora import watched_files
from mos_assets.settings import Settings


def corpus_signature(settings: Settings) -> str:
    """Digest of label files and clip folders: names, sizes and modification times.

    Raises CorpusError where a corpus is not there, and OSError where it cannot be read:
    a failed look is not an empty corpus.
    """
    digest = hashlib.sha256()
    for name in settings.corpora:
        watched = watched_files(name, settings.corpus_folder, settings.manifest)
        digest.update(name.encode())
        _add_files(digest, watched.label_paths)
        for folder in watched.clip_dirs:
            # Where clips lie in the corpus folder itself, shots/ and features/ are beside them.
            beside = folder == settings.corpus_folder / name
            _add_files(digest, _files_in(folder, deep=not beside))
    return digest.hexdigest()


def shot_metadata_signature(settings: Settings) -> str:
    """Digest of the external shot files and feature tables. Raises as `corpus_signature`."""
    digest = hashlib.sha256()
    for name in settings.corpora:
        watched = watched_files(name, settings.corpus_folder, settings.manifest)
        digest.update(name.encode())
        _add_files(digest, (*watched.shot_paths, *watched.feature_paths))
    return digest.hexdigest()


def _files_in(folder: Path, *, deep: bool) -> Iterable[Path]:
    return sorted(path for path in folder.glob("**/*" if deep else "*") if path.is_file())


def _add_files(digest: hashlib._Hash, paths: Iterable[Path]) -> None:
    for path in paths:
        status = path.stat()
        digest.update(os.fsencode(path))
        digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
