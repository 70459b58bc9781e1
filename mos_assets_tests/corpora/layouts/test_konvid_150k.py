from __future__ import annotations

import random
import statistics
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.corpora.layouts.konvid_150k import flickr_id
from mos_assets.pipeline.download import takes_whole_corpora
from mos_assets.settings import Settings
from mos_assets_tests.corpora.making import load, write_tree


def test_parts_votes_and_the_overlap_of_a_and_b(tmp_path: Path) -> None:
    """Part b is for testing only: a clip in both parts must not come back through part a."""
    write_tree(
        tmp_path / "konvid-150k",
        {
            "k150ka_scores.csv": "video_name,video_score\nx.mp4,3.5\ny,2.0\nb1.mp4,3.61\n",
            "k150kb_scores.csv": "video_name,mos,video_score\nb1.mp4,3.53,3.61\nb2.mp4,,4.25\n",
            "k150ka_votes.csv": "video_name,vote\nx.mp4,3\nx,4\nx.mp4,9\ny.mp4,2\n",
        },
    )
    corpus = load(tmp_path, "konvid-150k")
    rows = {clip.clip_id.split("/")[1]: clip for clip in corpus.clips}
    assert {name: (clip.part, clip.mos) for name, clip in rows.items()} == {
        "b1": ("b", 3.53),
        "b2": ("b", 4.25),
        "x": ("a", 3.5),
        "y": ("a", 2.0),
    }
    assert rows["x"].n_ratings == 2
    assert rows["x"].mos_std == pytest.approx(statistics.stdev([3, 4]))
    assert (rows["y"].n_ratings, rows["y"].mos_std) == (1, None)
    assert (rows["b1"].n_ratings, rows["b1"].mos_std) == (None, None)
    assert [(row.source, row.line) for row in corpus.rejected] == [
        ("k150ka_scores.csv", 4),
        ("k150ka_votes.csv", 4),
    ]


def test_votes_that_no_label_names_are_counted(tmp_path: Path) -> None:
    write_tree(
        tmp_path / "konvid-150k",
        {
            "k150ka_scores.csv": "video_name,video_score\nx.mp4,3.5\nnan.mp4,nan\n",
            "k150ka_votes.csv": "video_name,vote\nx,3\nz,1\nz.mp4,2\nnan,3\nx,4\nz,1\n",
        },
    )
    corpus = load(tmp_path, "konvid-150k")
    assert corpus.clips[0].n_ratings == 2
    (row,) = (row for row in corpus.rejected if row.source == "k150ka_votes.csv")
    assert (row.line, row.clip_name) == (None, "nan.mp4")
    assert row.reason.startswith("4 votes on 2 clips are not used")


votes = st.lists(
    st.tuples(
        st.sampled_from(["x", "x.mp4", '"x"', " y", "y.mp4"]),
        st.sampled_from(["1", "2", "3.25", "4.1", '"5"', "5.0", " 2 "]),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=40)
@given(votes=votes, newline=st.sampled_from(["\n", "\r\n"]), seed=st.integers(0, 9))
def test_votes_give_the_same_deviation_in_any_order_and_spelling(
    votes: list[tuple[str, str]], newline: str, seed: int
) -> None:
    told = []
    for order in (votes, random.Random(seed).sample(votes, len(votes))):
        lines = ["\ufeffvideo_name,by,vote", *(f"{name},w,{vote}" for name, vote in order)]
        files = {
            "k150ka_scores.csv": "video_name,video_score\nx.mp4,3.5\ny,2.0\n",
            "k150ka_votes.csv": newline.join([*lines, "", '"torn,w,1', "x,w", "x,w,6"]) + newline,
        }
        with tempfile.TemporaryDirectory() as folder:
            corpus = load(write_tree(Path(folder) / "konvid-150k", files).parent, "konvid-150k")
        assert [row.line for row in corpus.rejected] == [len(votes) + n for n in (3, 4, 5)]
        told.append([(clip.n_ratings, clip.mos_std) for clip in corpus.clips])
    assert told[0] == told[1]
    for name, (n, std) in zip("xy", told[0], strict=True):
        given = [float(vote.strip('" ')) for clip, vote in votes if name in clip]
        assert n == (len(given) or None)
        expected = statistics.stdev(given) if len(given) > 1 else None
        assert std == (None if expected is None else pytest.approx(expected, abs=1e-12))


def test_each_part_has_its_own_clips(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    write_tree(
        tmp_path / "konvid-150k",
        {
            "k150ka_scores.csv": "video_name,video_score\nx.mp4,3.5\n",
            "k150kb_scores.csv": "video_name,mos\ny.mp4,3\n",
            "k150ka_extracted/x.mp4": videos[0],
            "k150ka_extracted/y.mp4": videos[1],
            "k150kb_extracted/y.mp4": videos[2],
        },
    )
    corpus = load(tmp_path, "konvid-150k")
    assert [c.path.parent.name for c in corpus.clips if c.path] == [
        "k150ka_extracted",
        "k150kb_extracted",
    ]
    (row,) = corpus.rejected
    assert (row.source, row.line, row.clip_name) == ("k150ka_extracted", None, "y.mp4")
    assert row.reason == "the label of this name is of part b, and the folder is not"


def test_real_konvid_150k_part_b(real_corpora: Path) -> None:
    corpus = load(real_corpora, "konvid-150k", floor=1000)
    assert len(corpus.clips) == 1576
    assert {clip.part for clip in corpus.clips} == {"b"}
    assert corpus.clips[0].mos == 3.53


def test_both_corpora_know_what_was_cut_from_one_upload(tmp_path: Path) -> None:
    """Else one scene would train in one fold and be judged in another, or train beside part b."""
    write_tree(
        tmp_path,
        {
            "konvid-1k/KoNViD_1k_mos.csv": "flickr_id,mos\n8536919744,3.5\n",
            "konvid-150k/k150ka_scores.csv": "video_name,video_score\n"
            "orig_8536919744_540_5s.mp4,3.4\norig_10007436115_540_5s.mp4,2.5\nother.mp4,2\n",
        },
    )
    small = load(tmp_path, "konvid-1k")
    large = load(tmp_path, "konvid-150k")
    (one,) = small.clips
    groups = {clip.clip_name: clip.content_group for clip in large.clips}
    assert groups["orig_8536919744_540_5s.mp4"] == one.content_group
    assert groups["orig_10007436115_540_5s.mp4"] == "konvid-1k/10007436115"
    assert groups["other.mp4"] == "konvid-150k/other"


@pytest.mark.parametrize(
    ("name", "flickr"),
    [
        ("8536919744.mp4", "8536919744"),
        ("8536919744_original_centercrop_960x540_8s.mp4", "8536919744"),
        ("orig_8536919744_540_5s.mp4", "8536919744"),
        ("clip_12.mp4", None),
        ("12345.mp4", None),
        ("orig_123456789x.mp4", None),
    ],
)
def test_clips_of_both_konvid_corpora_are_known_by_what_they_were_cut_from(
    name: str, flickr: str | None
) -> None:
    assert flickr_id(name) == flickr


@pytest.mark.parametrize(
    ("corpora", "floor", "whole"),
    [
        ("konvid-150k", "100", False),
        ("konvid-1k,konvid-150k", "4999", False),
        ("konvid-150k", "5000", True),
        ("konvid-1k", "100", True),
    ],
)
def test_a_subset_cannot_be_accepted(corpora: str, floor: str, whole: bool) -> None:
    settings = Settings.from_env({"MOS_CORPUS": corpora, "MOS_KONVID_150K_FLOOR": floor})
    assert takes_whole_corpora(settings.run, settings.paths) == whole
