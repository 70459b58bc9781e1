"""A further public corpus takes part by being listed, and the listed ones keep their promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.corpora import (
    CorpusRequest,
    head_family,
    head_name,
    is_test_part,
    is_whole,
    layouts,
    load_corpus,
)
from mos_assets.corpora.labels import LabelSource
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.layouts.published import read_published, usual_columns
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.request import ClipDir, LabelSet
from mos_assets.errors import CorpusError
from mos_assets.records import LabelOrigin
from mos_assets.tables.delimited import read_table
from mos_assets.watching import corpus_signature, watched_files
from mos_assets_tests.corpora.making import load, quiet, write_tree


class LiveVqc(Layout):
    """One table of File and MOS on 0..100, and a flat folder of clips."""

    name = "live-vqc"
    test_part = "held-out"

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        return tuple(request.folder.glob("data.csv"))

    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        return (ClipDir(request.folder / "Video"),)

    def content_key(self, clip_name: str) -> str | None:
        return f"{self.name}/{clip_name[0]}"

    def load(self, request: CorpusRequest) -> LabelSet:
        table = read_table(request.folder / "data.csv")
        source = LabelSource(self.name, "data.csv", scale=(0, 100))
        read, findings = read_published(table, usual_columns(table, ("MOS",), ("File",)), source)
        kept, lost = one_label_a_clip(self.name, read.labels, average=False)
        return LabelSet(
            name=self.name,
            version="2018",
            licence="research",
            origin=LabelOrigin.HUMAN,
            labels=kept,
            rejected=(*read.rejected, *lost),
            label_files=("data.csv",),
            rows_read={"data.csv": len(table.rows)},
            clip_dirs=self.clip_dirs(request),
            findings=findings,
            scale=source.scale,
        )


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "LAYOUTS", (*layouts.LAYOUTS, LiveVqc()))


@pytest.mark.usefixtures("listed")
def test_a_layout_in_the_list_is_all_that_a_public_corpus_takes(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    rows = "File,MOS\nA001.mp4,75\nA002.mp4,0\nB001.mp4,101\nA003.mp4,50\n"
    files = {"data.csv": rows, "Video/A001.mp4": videos[0], "Video/x.mp4": videos[1]}
    write_tree(tmp_path / "live-vqc", files)
    corpus = load(tmp_path, "live-vqc")
    assert {clip.clip_name: clip.mos for clip in corpus.clips} == {
        "A001.mp4": 4.0,
        "A002.mp4": 1.0,
        "A003.mp4": 3.0,
    }
    assert {clip.content_group for clip in corpus.clips} == {"live-vqc/A"}
    assert {row.source: row.clip_name for row in corpus.rejected} == {
        "data.csv": "B001.mp4",
        "Video": "x.mp4",
    }
    assert [unmatched.name for unmatched in corpus.missing] == ["A002.mp4", "A003.mp4"]
    watched = watched_files("live-vqc", tmp_path)
    assert [path.name for path in watched.label_paths] == ["data.csv"]
    assert [entry.path.name for entry in watched.clip_dirs] == ["Video"]
    request = CorpusRequest("live-vqc", tmp_path)
    before = corpus_signature(request)
    (tmp_path / "live-vqc" / "Video" / "x.mp4").unlink()
    assert before is not None
    assert corpus_signature(request) != before
    assert (is_test_part("live-vqc", "held-out"), is_test_part("live-vqc", None)) == (True, False)
    assert head_family(["live-vqc"]) is None
    with pytest.raises(CorpusError, match="corpora there: live-vqc\\)"):
        load(tmp_path, "mine")


@pytest.mark.parametrize(
    ("corpora", "family"),
    [
        (["konvid-1k", "konvid-150k", "synthetic"], "konvid"),
        (["synthetic"], "konvid"),
        (["konvid-1k", "mine"], None),
        (["demo"], None),
        (["mine"], None),
    ],
)
def test_corpora_of_one_family_train_heads_of_one_id(
    corpora: list[str], family: str | None
) -> None:
    assert head_family(corpora) == family


def test_what_each_corpus_is_to_the_rest_of_the_platform(tmp_path: Path) -> None:
    facts = {
        each.name: (head_name(each.name), each.test_part, each.made_here)
        for each in layouts.LAYOUTS
    }
    assert facts == {
        "demo": ("demo", None, True),
        "demo-source": ("demo-source", None, True),
        "konvid-1k": ("konvid", None, False),
        "konvid-150k": ("konvid", "b", False),
        "synthetic": ("konvid", None, True),
    }
    assert is_test_part("konvid-150k", "b")
    assert not any(is_test_part(*each) for each in [("konvid-150k", "a"), ("mine", "b")])
    for name in (*facts, "mine"):
        assert is_whole(CorpusRequest(name, tmp_path))
        assert layouts.layout_of(name).has_files == (name != "synthetic")
    request = CorpusRequest("nowhere", tmp_path)
    with pytest.raises(CorpusError, match="'demo', 'demo-source', 'synthetic' need no files"):
        load_corpus(request, workers=1, progress=quiet)
