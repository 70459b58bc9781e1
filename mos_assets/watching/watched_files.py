"""Which files a sensor has to look at: labels, clip folders, shots and features of one corpus."""

from __future__ import annotations

from pathlib import Path

from mos_assets.corpora.declared import is_declaration
from mos_assets.corpora.layouts import layout_of, require_folder
from mos_assets.corpora.request import (
    FEATURE_SUFFIXES,
    FEATURES_FOLDER,
    SHOT_SUFFIXES,
    SHOTS_FOLDER,
    CorpusRequest,
    WatchedFiles,
    folder_errors,
    split_files,
)


def watched_files(name: str, root: Path, manifest: str = "") -> WatchedFiles:
    """What is there to watch now; for a corpus without files, nothing.

    The clips of a manifest are not watched: runs download them, and would start each other.
    Raises CorpusError where the corpus or its clip folder is missing, not rendered yet, or its
    corpus.toml is wrong: that is not the same as a corpus without files.
    """
    layout, request = layout_of(name), CorpusRequest(name, root, manifest=manifest)
    if not layout.has_files:
        return WatchedFiles((), (), (), ())
    with folder_errors():
        if not layout.made_here:
            require_folder(name, root)
        labels, clips = layout.label_files(request), layout.clip_dirs(request)
        downloaded = layout.manifest(request) is not None
    shots, beside_shots = split_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES)
    features, beside_features = split_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
    return WatchedFiles(
        label_paths=tuple(sorted(labels)),
        clip_dirs=() if downloaded else clips,
        shot_paths=shots,
        feature_paths=features,
        beside_tables=(
            *beside_shots,
            *(path for path in beside_features if not is_declaration(path)),
        ),
        declaration_paths=tuple(filter(is_declaration, beside_features)),
        made_here=layout.made_here,
    )
