"""KonViD-150k by manifest: labels and addresses in one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.corpora.layouts.konvid_150k_manifest import load_manifest, manifest_path
from mos_assets.errors import CorpusError
from mos_assets.records import Corpus
from mos_assets.watching import watched_files
from mos_assets_tests.corpora.making import load, quiet, write_tree

CORPUS = "konvid-150k"
HEAD = "file_name,url,MOS,SD,n\n"


def urls(root: Path) -> dict[str, str]:
    request = CorpusRequest(CORPUS, root, min_rows_150k=1)
    path = manifest_path(request.folder)
    assert path is not None
    return dict(load_manifest(request, path).urls or {})


def named(root: Path, manifest: str) -> Corpus:
    request = CorpusRequest(CORPUS, root, min_rows_150k=1, manifest=manifest)
    return load_corpus(request, workers=1, progress=quiet)


def test_every_quirk_of_a_manifest(tmp_path: Path) -> None:
    rows = (
        '\ufeff"Video_Name","Download_URL","url","mos","MOS","sd","Ratings"\r\n'
        '"0001","http://h/second","","3.5","","0.5","50.0"\r\n'
        '"b.webm","http://h/second","http://h/a,b","2","4","",""\r\n'
        '"c.mp4","","","1","","",""\r\n'
        "\r\n"
        '"torn.mp4","http://h/t","'
    )
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": rows})
    corpus = load(tmp_path, CORPUS)
    found = {clip.clip_name: (clip.mos, clip.mos_std, clip.n_ratings) for clip in corpus.clips}
    assert found == {
        "0001.mp4": (3.5, 0.5, 50),
        "b.webm": (4.0, None, None),
        "c.mp4": (1.0, None, None),
    }
    assert all(clip.path is None and clip.part is None for clip in corpus.clips)
    assert urls(tmp_path) == {
        "0001.mp4": "http://h/second",
        "b.webm": "http://h/a,b",
        "c.mp4": "",
    }
    assert corpus.label_files == ("manifest.csv",)
    assert [(row.line, row.source) for row in corpus.rejected] == [(6, "manifest.csv")]


def test_rows_without_a_label_are_rejected_and_never_downloaded(tmp_path: Path) -> None:
    rows = "a,http://h/a,nan,,\nb,http://h/b,5.5,,\n../c,http://h/c,3,,\nd,http://h/d,,,\n"
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": f"{HEAD}{rows}e,http://h/e,3,,\n"})
    corpus = load(tmp_path, CORPUS)
    assert [row.line for row in corpus.rejected] == [2, 3, 4, 5]
    assert urls(tmp_path) == {"e.mp4": "http://h/e"}


def test_rows_that_agree_are_one_clip_and_the_first_address_holds(tmp_path: Path) -> None:
    rows = "a,,3,,\na.mp4,http://h/1,3,,\na,http://h/2,3,,\nb,http://h/b,1,,\nb,http://h/b,2,,\n"
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": HEAD + rows})
    assert urls(tmp_path) == {"a.mp4": "http://h/1"}
    corpus = load(tmp_path, CORPUS)
    assert len(corpus.clips) + len(corpus.rejected) == 5
    assert sum("conflict" in row.reason for row in corpus.rejected) == 2


def test_part_b_is_told_by_a_column_or_by_its_score_file(tmp_path: Path) -> None:
    """Its clips never train: either of the two is enough."""
    rows = "a,http://h/a,3,A\nb,http://h/b,3,b\nc,http://h/c,3,\nd,http://h/d,3,a\ne,,3,c\nb,,3,a\n"
    scores = 'video_name,mos\nd.mp4,2.5\nstranger.mp4,2\n"torn,3\n'
    write_tree(
        tmp_path / CORPUS,
        {"manifest.csv": f"file_name,url,MOS,Part\n{rows}", "k150kb_scores.csv": scores},
    )
    corpus = load(tmp_path, CORPUS)
    assert {clip.clip_name[0]: clip.part for clip in corpus.clips} == {
        "a": "a",
        "b": "b",
        "c": None,
        "d": "b",
    }
    assert [clip.mos for clip in corpus.clips] == [3.0] * 4
    assert {(row.source, row.line) for row in corpus.rejected} == {
        ("manifest.csv", 6),
        ("manifest.csv", 7),
        ("k150kb_scores.csv", 4),
    }
    assert corpus.label_files == ("manifest.csv", "k150kb_scores.csv")
    watched = watched_files(CORPUS, tmp_path)
    assert [path.name for path in watched.label_paths] == ["k150kb_scores.csv", "manifest.csv"]


def test_score_files_are_read_only_without_a_manifest(tmp_path: Path) -> None:
    scores = {f"{CORPUS}/k150ka_scores.csv": "video_name,video_score\nscored.mp4,3\n"}
    write_tree(tmp_path, scores)
    assert [clip.clip_name for clip in load(tmp_path, CORPUS).clips] == ["scored.mp4"]
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": HEAD + "a,http://h/a,3,,\n"})
    assert [clip.clip_name for clip in load(tmp_path, CORPUS).clips] == ["a.mp4"]


def test_clips_lie_in_clips_and_parts_are_no_clips(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    write_tree(
        tmp_path / CORPUS,
        {
            "manifest.csv": HEAD + "a,http://h/a,3,,\nsub/b,http://h/b,4,,\nc,http://h/c,2,,\n",
            "clips/a.mp4": videos[0],
            "clips/sub/b.mp4": videos[1],
            "clips/c.mp4.part": videos[2],
            "clips/c.mp4.part-of": "http://h/c\n",
            "clips/.lock": "",
            "k150ka_extracted/c.mp4": videos[2],
        },
    )
    corpus = load(tmp_path, CORPUS)
    found = {clip.clip_name: clip.path is not None for clip in corpus.clips}
    assert found == {"a.mp4": True, "c.mp4": False, "sub/b.mp4": True}
    assert corpus.rejected == ()


def test_a_named_manifest_must_be_there_and_inside(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            f"{CORPUS}/lists/part.csv": HEAD + "a,http://h/a,3,,\n",
            f"{CORPUS}/k150ka_scores.csv": "video_name,video_score\nscored.mp4,3\n",
            "outside.csv": HEAD + "a,http://h/a,3,,\n",
        },
    )
    corpus = named(tmp_path, "lists/part.csv")
    assert (corpus.label_files, len(corpus.clips)) == (("lists/part.csv",), 1)
    with pytest.raises(CorpusError, match=r"MOS_MANIFEST='gone.csv': there is no file"):
        named(tmp_path, "gone.csv")
    for outside in ("../outside.csv", str(tmp_path / "outside.csv"), "lists/../../outside.csv"):
        with pytest.raises(CorpusError, match="outside the corpus folder"):
            named(tmp_path, outside)
    (tmp_path / CORPUS / "link.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(CorpusError, match="outside the corpus folder"):
        named(tmp_path, "link.csv")


def test_the_floor_and_the_columns_hold_for_manifests_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": HEAD + "a,http://h/a,3,,\n"})
    with pytest.raises(CorpusError, match=r"1 label rows.*at least 2.*MOS_KONVID_150K_FLOOR"):
        load(tmp_path, CORPUS, floor=2)
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": "file_name,address,mos\na,http://h/a,3\n"})
    with pytest.raises(CorpusError, match=r"address of the clip.*address.*download_url"):
        load(tmp_path, CORPUS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {f"{CORPUS}/manifest.csv": HEAD})
    (tmp_path / CORPUS / "manifest.csv").chmod(0)
    with pytest.raises(CorpusError, match="cannot be read"):
        load(tmp_path, CORPUS)
