"""Folders and files that this user may not read: one message that names them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mos_assets.corpora import CorpusRequest, load_feature_tables, load_shot_tables, table_names
from mos_assets.downloads import DownloadLimits, download_clips
from mos_assets.errors import CorpusError
from mos_assets.watching import corpus_signature, watched_files
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree

NOBODY = 65534


@pytest.fixture
def root() -> Iterator[Path]:
    """A corpus root in a place that other users reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        shots = "clip_name,shot_count,shot_avg_duration_sec\na,1,1\n"
        files = {"labels.csv": "clip,mos\nsub/a,3\nb,2\n", "clips/sub/a.mp4": "no clip"}
        tables = {"features/f.csv": "clip_name,x\na,1\n", "shots/s.csv": shots}
        write_tree(Path(name) / "mine", {"corpus.toml": MINIMAL_TOML, **files, **tables})
        write_tree(Path(name) / "konvid-150k", {"clips/sub/a.mp4": "x"})
        yield Path(name)


@contextmanager
def as_anybody() -> Iterator[None]:
    """As a user whom permissions hold, which root is not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def download(root: Path) -> object:
    return download_clips(
        CorpusRequest("konvid-150k", root),
        {"a.mp4": ""},
        known={},
        limits=DownloadLimits(),
        on_done=lambda _: None,
        progress=lambda _: None,
    )


CASES: dict[str, tuple[str, int, Callable[[Path], object]]] = {
    "clips below": ("mine/clips/sub", 0, load),
    "clips that cannot be entered": ("mine/clips/sub", 0o444, load),
    "corpus": ("mine", 0, load),
    "labels": ("mine/labels.csv", 0, load),
    "toml": ("mine/corpus.toml", 0, load),
    "signature of clips": (
        "mine/clips/sub",
        0,
        lambda at: corpus_signature(CorpusRequest("mine", at)),
    ),
    "signature of labels": (
        "mine/labels.csv",
        0,
        lambda at: corpus_signature(CorpusRequest("mine", at)),
    ),
    "features": ("mine/features", 0, lambda at: load_feature_tables("mine", at)),
    "names of features": ("mine/features", 0, lambda at: table_names("mine", at)),
    "shots": ("mine/shots", 0, lambda at: load_shot_tables("mine", at)),
    "watched": ("mine/shots", 0, lambda at: watched_files("mine", at)),
    "downloads": ("konvid-150k/clips/sub", 0, download),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_named(root: Path, case: str) -> None:
    name, mode, look = CASES[case]
    look(root)  # It can be done at all; and what is imported late is imported by now.
    (root / name).chmod(mode)
    try:
        with as_anybody(), pytest.raises(CorpusError, match="cannot be read") as caught:
            look(root)
    finally:
        (root / name).chmod(0o755)
    assert str(root / name) in str(caught.value)
