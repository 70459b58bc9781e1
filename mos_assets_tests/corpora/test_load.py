"""The front door: missing corpora, the demo, and what is watched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mos_assets.errors import CorpusError
from mos_assets.records import LabelOrigin
from mos_assets.watching import watched_files
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree


def test_a_missing_corpus_says_where_it_was_looked_for_and_what_is_there(tmp_path: Path) -> None:
    write_tree(tmp_path, {"other/corpus.toml": "", "konvid-1k/x": "", "junk/x": ""})
    with pytest.raises(CorpusError) as caught:
        load(tmp_path, "mine")
    for part in (str(tmp_path / "mine"), "MOS_CORPUS_ROOT", "konvid-1k, other;", "set MOS_CORPUS"):
        assert part.rstrip(";") in str(caught.value)
    assert "junk" not in str(caught.value)
    with pytest.raises(CorpusError, match="root does not exist"):
        load(tmp_path / "nowhere", "mine")
    with pytest.raises(CorpusError, match="not a corpus name"):
        load(tmp_path, "../mine")


def test_the_demo_is_an_ordinary_corpus_with_simulated_labels(small_demo: Path) -> None:
    corpus = load(small_demo, "demo")
    assert corpus.label_origin is LabelOrigin.SIMULATED
    assert (len(corpus.clips), corpus.rejected, corpus.clips_opened) == (12, (), 12)
    assert {clip.content_group for clip in corpus.clips} == {"demo/credits", "demo/newsreel"}
    for clip in corpus.clips:
        assert clip.probe is not None
        assert (clip.probe.width, clip.probe.height, clip.probe.fps) == (320, 180, 25.0)
        assert (clip.probe.frames, clip.probe.codec, clip.n_ratings) == (50, "h264", 24)
        assert clip.mos_std is not None
    assert load(small_demo, "demo", known=corpus.files).clips_opened == 0


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("clips/credits_blur.mp4", "1 clips are missing, such as credits_blur.mp4"),
        ("corpus.toml", "it has no corpus.toml"),
        ("labels.csv", "no file matches 'labels.csv'"),
    ],
)
def test_a_demo_that_is_not_whole_is_refused_with_the_remedy(
    small_demo: Path, tmp_path: Path, harm: str, message: str
) -> None:
    shutil.copytree(small_demo / "demo", tmp_path / "demo")
    (tmp_path / "demo" / harm).unlink()
    with pytest.raises(CorpusError, match=message) as caught:
        load(tmp_path, "demo")
    assert "Delete that folder" in str(caught.value)


def test_a_demo_of_another_version_or_with_human_labels_is_refused(
    small_demo: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_demo / "demo", tmp_path / "demo")
    toml = tmp_path / "demo" / "corpus.toml"
    whole = toml.read_text()
    toml.write_text(whole.replace('version = "', 'version = "0.'))
    with pytest.raises(CorpusError, match="its version is 0"):
        load(tmp_path, "demo")
    toml.write_text(whole.replace("simulated", "human"))
    with pytest.raises(CorpusError, match="not marked as simulated"):
        load(tmp_path, "demo")


def test_watched_files_of_each_kind(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "mine/corpus.toml": MINIMAL_TOML,
            "mine/labels.csv": "clip,mos\na,3\n",
            "mine/clips/a.mp4": b"",
            "mine/shots/s.jsonl": "",
            "mine/shots/.hidden.csv": "",
            "mine/features/f.parquet": b"",
            "mine/features/f.toml": b"",
            "mine/features/readme.txt": b"",
            "konvid-150k/k150kb_scores.csv": "",
            "konvid-150k/k150kb_extracted/x.mp4": b"",
            "konvid-1k/metadata/KoNViD_1k_mos.csv": "",
        },
    )
    mine = watched_files("mine", tmp_path)
    assert [path.name for path in mine.label_paths] == ["corpus.toml", "labels.csv"]
    assert [entry.path.name for entry in mine.clip_dirs] == ["clips"]
    assert [path.name for path in mine.shot_paths] == ["s.jsonl"]
    assert [path.name for path in mine.feature_paths] == ["f.parquet"]
    assert [path.name for path in mine.declaration_paths] == ["f.toml"]
    assert [path.name for path in mine.beside_tables] == [".hidden.csv", "readme.txt"]
    big = watched_files("konvid-150k", tmp_path)
    assert [path.name for path in big.label_paths] == ["k150kb_scores.csv"]
    assert [entry.path.name for entry in big.clip_dirs] == ["k150kb_extracted"]
    write_tree(tmp_path, {"konvid-150k/manifest.csv": "", "konvid-150k/clips/x.mp4": b""})
    downloaded = watched_files("konvid-150k", tmp_path)
    assert [path.name for path in downloaded.label_paths] == ["k150kb_scores.csv", "manifest.csv"]
    assert downloaded.clip_dirs == ()
    small = watched_files("konvid-1k", tmp_path)
    assert [path.name for path in small.label_paths] == ["KoNViD_1k_mos.csv"]
    assert watched_files("synthetic", tmp_path).label_paths == ()
    with pytest.raises(CorpusError, match="not rendered yet"):
        watched_files("demo", tmp_path)
    (tmp_path / "mine" / "clips" / "a.mp4").unlink()
    (tmp_path / "mine" / "clips").rmdir()
    with pytest.raises(CorpusError, match="mounted"):
        watched_files("mine", tmp_path)
    with pytest.raises(CorpusError, match="is not there"):
        watched_files("gone", tmp_path)
