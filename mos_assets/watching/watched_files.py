"""Which files a sensor has to look at: labels, clip folders, shots and features of one corpus."""

from __future__ import annotations

from pathlib import Path

from mos_assets.corpora.external import split_files
from mos_assets.corpora.layouts import konvid_150k as konvid
from mos_assets.corpora.layouts.custom import CorpusToml, label_files, read_toml
from mos_assets.corpora.layouts.konvid_150k_manifest import clip_dirs, manifest_files, manifest_path
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
    ClipDir,
    WatchedFiles,
    folder_errors,
    require_folder,
)
from mos_assets.errors import CorpusError


def watched_files(name: str, root: Path, manifest: str = "") -> WatchedFiles:
    """What is there to watch now; for the synthetic corpus, nothing.

    The clips of a manifest are not watched: runs download them, and would start each other.
    Raises CorpusError where the corpus or its clip folder is missing, or its corpus.toml is
    wrong: that is not the same as a corpus without files.
    """
    if name == SYNTHETIC:
        return WatchedFiles((), (), (), ())
    with folder_errors():
        if name == DEMO and not (root / DEMO / CORPUS_TOML).is_file():
            # What the first run renders is not a change that a second one has to follow.
            raise CorpusError(f"{DEMO} is not rendered yet; the first run does that.")
        labels, clips = labels_and_clip_dirs(name, root, manifest)
        is_manifest = name == KONVID_150K and manifest_path(root.absolute() / name, manifest)
    shots, beside_shots = split_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES)
    features, beside_features = split_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
    return WatchedFiles(
        label_paths=tuple(sorted(labels)),
        clip_dirs=() if is_manifest else clips,
        shot_paths=shots,
        feature_paths=features,
        beside_tables=(*beside_shots, *beside_features),
    )


def labels_and_clip_dirs(
    name: str, root: Path, manifest: str = ""
) -> tuple[tuple[Path, ...], tuple[ClipDir, ...]]:
    """Files that say something of labels, and folders in which clips are looked for.

    Raises CorpusError as `watched_files`.
    """
    folder = require_folder(name, root)
    if name == KONVID_1K:
        return konvid.label_files_1k(folder), konvid.clip_dirs_1k(folder)
    if name == KONVID_150K:
        found = manifest_path(folder, manifest)
        if found is None:
            return konvid.label_files_150k(folder), konvid.clip_dirs_150k(folder)
        return manifest_files(folder, found), clip_dirs(folder)
    toml = read_toml(folder)
    return (folder / CORPUS_TOML, *label_files(folder, toml)), _clip_dirs(folder, toml)


def _clip_dirs(folder: Path, toml: CorpusToml) -> tuple[ClipDir, ...]:
    """Where clips are, and where pristine files may be that labels name."""
    found: list[ClipDir] = []
    if toml.clips is not None:
        found.append(ClipDir(folder / toml.clips, recursive=True))
        if not found[0].path.is_dir():
            raise CorpusError(
                f"{folder / CORPUS_TOML}: clips: there is no folder {found[0].path}. Is its disk "
                "mounted?"
            )
    if toml.columns.reference is not None and folder not in [entry.path for entry in found]:
        found.append(ClipDir(folder))
    return tuple(found)
