"""Which files a sensor has to look at: labels, clip folders, shots and features of one corpus."""

from __future__ import annotations

from pathlib import Path

from mos_assets.corpora import konvid
from mos_assets.corpora.external import external_files
from mos_assets.corpora.manifest import clip_dirs, manifest_files, manifest_path
from mos_assets.corpora.own import label_files, read_toml
from mos_assets.corpora.request import (
    CORPUS_TOML,
    DEMO,
    FEATURE_SUFFIXES,
    FEATURES_FOLDER,
    KONVID_1K,
    KONVID_150K,
    SHOT_SUFFIXES,
    SHOTS_FOLDER,
    SYNTHETIC,
    WatchedFiles,
    folder_errors,
    require_folder,
)


def watched_files(name: str, root: Path, manifest: str = "") -> WatchedFiles:
    """What is there to watch now. The synthetic corpus and a demo not rendered yet have nothing.

    The clips of a manifest are not watched: runs download them, and would start each other.
    Raises CorpusError where the corpus is missing or its corpus.toml is wrong: that is not
    the same as a corpus without files.
    """
    if name == SYNTHETIC or (name == DEMO and not (root / DEMO).is_dir()):
        return WatchedFiles((), (), (), ())
    with folder_errors():
        labels, clips = label_paths_and_clip_dirs(name, root, manifest)
        is_manifest = name == KONVID_150K and manifest_path(root.absolute() / name, manifest)
    return WatchedFiles(
        label_paths=tuple(sorted(labels)),
        clip_dirs=() if is_manifest else tuple(sorted(clips)),
        shot_paths=external_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES),
        feature_paths=external_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES),
    )


def label_paths_and_clip_dirs(
    name: str, root: Path, manifest: str = ""
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Files that say something of labels, and folders in which clips are looked for.

    Raises CorpusError as `watched_files`.
    """
    folder = require_folder(name, root)
    if name == KONVID_1K:
        labels = konvid.label_files_1k(folder)
        clips = tuple(entry.path for entry in konvid.clip_dirs_1k(folder))
    elif name == KONVID_150K:
        found = manifest_path(folder, manifest)
        labels = konvid.label_files_150k(folder) if found is None else manifest_files(folder, found)
        dirs = konvid.clip_dirs_150k(folder) if found is None else clip_dirs(folder)
        clips = tuple(entry.path for entry in dirs)
    else:
        toml = read_toml(folder)
        labels = (folder / CORPUS_TOML, *label_files(folder, toml))
        clips = (folder / toml.clips,) if toml.clips and (folder / toml.clips).is_dir() else ()
    return labels, clips
