"""Building blocks of the tests in this folder: corpora on disk, and loading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.records import Corpus, Severity
from mos_assets.records.corpus_columns import NO_FILES, FileColumns

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


NO_CLIPS = MINIMAL_TOML.replace('clips = "clips"\n', "")

FIVE = np.random.default_rng(3).uniform(1.2, 4.8, 40).round(2)
"""Ratings as a study on five points has them."""


def quiet(_: str) -> None:
    """A progress that says nothing."""


def load(root: Path, name: str = "mine", known: FileColumns = NO_FILES, floor: int = 1) -> Corpus:
    """Load a corpus with a floor for KonViD-150k that tests can reach."""
    request = CorpusRequest(name, root, min_rows_150k=floor)
    return load_corpus(request, known=lambda: known, workers=2, progress=quiet)


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files by relative path; returns the root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def own(root: Path, rows: Sequence[str], scale: str = "[1, 5]", columns: str = "") -> Path:
    """A corpus whose label file has the header `clip,mos` and the names of `columns`."""
    toml = NO_CLIPS.replace("[1.0, 5.0]", scale) + "".join(
        f'{name} = "{name}"\n' for name in columns.split(",") if name
    )
    header = f"clip,mos{',' if columns else ''}{columns}"
    text = "\n".join([header, *rows, ""])
    return write_tree(root, {"mine/corpus.toml": toml, "mine/labels.csv": text})


def rated(values: Sequence[float]) -> list[str]:
    return [f"w{at:02d},{value:g}" for at, value in enumerate(values)]


def found(root: Path) -> dict[Severity, str]:
    """All that was found of each severity."""
    findings = load(root).findings
    return {s: " ".join(f.with_examples for f in findings if f.severity is s) for s in Severity}
