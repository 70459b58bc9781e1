"""What the watched files of the corpora look like now, as one signature for each sensor."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping

from mos_assets.assets.files import clips, feature_tables, label_files, shot_files
from mos_assets.automation.facts import Snapshot
from mos_assets.corpora import CORPUS_TOML, WatchedFiles
from mos_assets.corpora.in_bucket import refresh_corpus
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.watching import Catalogue, watched_files

BUCKET_PAUSE_S = 300.0
"""Between two listings of a bucket, which has no folder times to tell that nothing changed."""


def scan_corpora(run: RunSettings, paths: PathSettings, *, every_file: bool, turn: int) -> Snapshot:
    """Label files and clip folders: names, sizes and modification times.

    Raises CorpusError where a corpus is not there, and OSError where it cannot be read:
    a failed scan is not an empty corpus.
    """
    return _corpora(paths, _watched(run, paths), every_file, turn)


def _watched(run: RunSettings, paths: PathSettings) -> dict[str, WatchedFiles]:
    """What there is to watch, by corpus; of a bucket, as it was at most minutes ago."""
    for name in run.all_corpora:
        refresh_corpus(paths.corpus_place, name, lambda _: None, pause_s=BUCKET_PAUSE_S)
    return {
        name: watched_files(name, paths.corpus_folder, run.manifest) for name in run.all_corpora
    }


def _corpora(
    paths: PathSettings, watched: Mapping[str, WatchedFiles], every_file: bool, turn: int
) -> Snapshot:
    catalogue = Catalogue(paths.store_folder)
    digest, stirred, arriving = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    amounts: dict[str, int] = {}
    lines: dict[str, int] = {}
    clips_of: dict[str, int] = {}
    touched, lies = 0.0, 0
    for name, files in watched.items():
        digest.update(name.encode() + b"\0")
        times = [_add_files(digest, files.label_paths)]
        labels = [path for path in files.label_paths if path.name != CORPUS_TOML]
        view = catalogue.view(
            files.clip_dirs, paths.corpus_folder / name, every_file=every_file, turn=turn
        )
        digest.update(view.digest.encode())
        times.append(view.touched)
        # Of every corpus, also where there is none: what is gone must be missed.
        lines[name] = amounts[f"label lines of {name}"] = sum(map(catalogue.text_rows, labels))
        clips_of[name] = amounts[f"clips of {name}"] = view.clips
        lies = max(lies, view.lies)
        if not files.made_here:
            touched = max(touched, *times)
            stirred.update(view.stirred.encode())
            arriving.update(view.arriving.encode())
    return Snapshot(
        digest.hexdigest(),
        amounts,
        touched,
        stirred=stirred.hexdigest(),
        arriving=arriving.hexdigest(),
        lies=lies,
        every_file=every_file,
        files={label_files.name: lines, clips.name: clips_of},
    )


def scan_tables(run: RunSettings, paths: PathSettings, *, every_file: bool, turn: int) -> Snapshot:
    """External shot files, feature tables and their declarations; each is looked at every time.

    The corpora lie beside them: a retrain reads those too, so it waits until they have settled,
    and asks where much of them is gone. Raises as `scan_corpora`.
    """
    watched = _watched(run, paths)
    corpora = _corpora(paths, watched, every_file, turn)
    digest, arriving = hashlib.sha256(), hashlib.sha256(corpora.arriving.encode())
    amounts: dict[str, int] = {}
    touched = 0.0
    shots: dict[str, int] = {}
    features: dict[str, int] = {}
    for name, files in watched.items():
        shots[name], features[name] = len(files.shot_paths), len(files.feature_paths)
        tables = (*files.shot_paths, *files.feature_paths)
        digest.update(name.encode() + b"\0")
        touched = max(touched, _add_files(digest, (*tables, *files.declaration_paths)))
        _add_files(arriving, files.beside_tables)
        amounts[f"tables of {name}"] = len(tables)
    return Snapshot(
        digest.hexdigest(),
        {**corpora.amounts, **amounts},
        touched,
        arriving=arriving.hexdigest(),
        beside=f"{corpora.signature} {corpora.stirred} {corpora.lies}",
        every_file=every_file,
        # A bad table may be taken away; a disk that is not mounted takes all of them.
        shrinkable=frozenset(amounts),
        files={shot_files.name: shots, feature_tables.name: features},
    )


def _add_files(digest: hashlib._Hash, paths: Iterable[os.PathLike[str]]) -> float:
    """Add names, sizes and times; returns the newest of the times.

    The change time is among them, which no program can set.
    """
    newest = 0.0
    for path in paths:
        status = os.stat(path)  # noqa: PTH116 - any path
        digest.update(os.fsencode(path))
        times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
        digest.update(f"\0{status.st_size}\0{times}\n".encode())
        newest = max(newest, status.st_mtime, status.st_ctime)
    return newest
