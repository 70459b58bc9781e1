"""Building blocks of the tests in this folder: corpora on disk, and loading them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mos_assets.corpora import CorpusRequest, Known, load_corpus
from mos_assets.records import Corpus, KnownClip

MINIMAL_TOML = """\
name = "mine"
version = "1"
licence = "test"
labels = ["labels.csv"]
scale = [1.0, 5.0]
clips = "clips"

[columns]
clip = "clip"
mos = "mos"
"""


def quiet(_: str) -> None:
    """A progress that says nothing."""


def load(root: Path, name: str = "mine", known: Known | None = None, floor: int = 1) -> Corpus:
    """Load a corpus with a floor for KonViD-150k that tests can reach."""
    request = CorpusRequest(name, root, min_rows_150k=floor)
    return load_corpus(request, known=known or {}, workers=2, progress=quiet)


def known_of(corpus: Corpus) -> dict[tuple[str, int, int], KnownClip]:
    """What a store would hand back on the next run."""
    return {
        (str(f.path), f.size_bytes, f.mtime_ns): KnownClip(f.sha256, f.probe, f.reason)
        for f in corpus.files
    }


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files by relative path; returns the root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root
