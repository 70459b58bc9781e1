from __future__ import annotations

import random
import statistics
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.corpora import load_feature_tables
from mos_assets.corpora.features import join_table
from mos_assets.errors import CorpusError
from mos_assets.records import LabelOrigin
from mos_assets_tests.corpora.making import load, write_tree

ATTRIBUTES = "konvid-1k/KoNViD_1k_metadata/KoNViD_1k_attributes.csv"
MOS = "konvid-1k/KoNViD_1k_metadata/KoNViD_1k_mos.csv"
CROP = "_original_centercrop_960x540_8s.mp4"


def test_two_files_of_rounded_and_full_mos_are_one_label_set(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            ATTRIBUTES: "flickr_id,file_name,MOS,SD,n\n"
            f"11,11{CROP},3.4567,0.5,50.0\n12,12{CROP},2,,\n",
            MOS: '\ufeff"flickr_id","mos"\r\n"11","3.45671"\r\n"12","2.0"\r\n',
        },
    )
    corpus = load(tmp_path, "konvid-1k")
    first, second = corpus.clips
    assert (first.clip_id, first.clip_name) == ("konvid-1k/11", "11.mp4")
    assert (first.mos, first.mos_std, first.n_ratings) == (3.45671, 0.5, 50)
    assert (second.mos_std, second.n_ratings) == (None, None)
    assert corpus.rejected == ()
    assert corpus.label_origin is LabelOrigin.HUMAN


def test_files_that_disagree_are_a_conflict_and_neither_is_used(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            ATTRIBUTES: "flickr_id,MOS\n11,3.4567\n12,2\n",
            MOS: "flickr_id,mos\n11,3.4569\n12,2\n",
        },
    )
    corpus = load(tmp_path, "konvid-1k")
    assert [clip.clip_id for clip in corpus.clips] == ["konvid-1k/12"]
    assert [row.line for row in corpus.rejected] == [2, 2]
    assert all("conflict" in row.reason for row in corpus.rejected)


def test_unusable_rows_say_where_and_why(tmp_path: Path) -> None:
    rows = "flickr_id,mos\n1,3\n2,nan\n3,5.01\n4,\n,3\n../5,3\n6\n7,inf\n8,0.99\n1,3\n"
    write_tree(tmp_path, {"konvid-1k/metadata/KoNViD_1k_mos.csv": rows})
    corpus = load(tmp_path, "konvid-1k")
    assert [clip.clip_id for clip in corpus.clips] == ["konvid-1k/1"]
    assert [row.line for row in corpus.rejected] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert all(row.source == "metadata/KoNViD_1k_mos.csv" for row in corpus.rejected)
    reasons = {row.line: row.reason for row in corpus.rejected}
    assert "5.01" in reasons[4]
    assert "'nan'" in reasons[3]
    assert "duplicate of line 2" in reasons[11]


@pytest.mark.parametrize("name", ["11.mp4", f"11{CROP}", "11_cut_centercrop_960x540_8s.mp4"])
@pytest.mark.parametrize("folder", ["KoNViD_1k_videos", "videos", "."])
def test_clips_are_found_by_any_name_in_any_folder(
    tmp_path: Path, videos: tuple[bytes, ...], name: str, folder: str
) -> None:
    write_tree(tmp_path, {MOS: "flickr_id,mos\n11,3\n", f"konvid-1k/{folder}/{name}": videos[0]})
    (clip,) = load(tmp_path, "konvid-1k").clips
    assert clip.path is not None
    assert clip.path.name == name
    assert clip.clip_id == "konvid-1k/11"


def test_labels_that_differ_by_the_last_digit_of_the_coarser_file_agree(tmp_path: Path) -> None:
    """2.0001 - 2.00005 is more than 5e-5 as floats."""
    write_tree(
        tmp_path, {ATTRIBUTES: "flickr_id,MOS\n11,2.0001\n", MOS: "flickr_id,mos\n11,2.00005\n"}
    )
    assert load(tmp_path, "konvid-1k").rejected == ()


def test_mounting_one_konvid_as_the_other_is_named(tmp_path: Path) -> None:
    many = "video_name,video_score\n" + "".join(f"{i},3\n" for i in range(1501))
    write_tree(tmp_path, {"konvid-1k/k150ka_scores.csv": many})
    with pytest.raises(CorpusError, match=r"1501 label rows.*1500.*KonViD-150k"):
        load(tmp_path, "konvid-1k")
    write_tree(tmp_path, {"konvid-150k/k150ka_scores.csv": many})
    with pytest.raises(CorpusError, match=r"1501 label rows.*5000.*KonViD-1k"):
        load(tmp_path, "konvid-150k", floor=5000)


def test_missing_and_foreign_label_files(tmp_path: Path) -> None:
    (tmp_path / "konvid-1k").mkdir()
    with pytest.raises(CorpusError, match="holds no label file of konvid-1k"):
        load(tmp_path, "konvid-1k")
    write_tree(tmp_path, {MOS: "clip;score\na;3\n"})
    with pytest.raises(CorpusError, match=r"KoNViD_1k_mos.csv.*clip;score.*flickr_id"):
        load(tmp_path, "konvid-1k")


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


def test_real_konvid_1k(real_corpora: Path) -> None:
    corpus = load(real_corpora, "konvid-1k")
    scores = [clip.mos for clip in corpus.clips]
    assert (len(scores), corpus.rejected, corpus.clips_opened) == (1200, (), 0)
    assert (min(scores), max(scores)) == (1.22, 4.64)
    assert statistics.mean(scores) == pytest.approx(3.03, abs=0.005)
    assert statistics.pstdev(scores) == pytest.approx(0.641, abs=0.001)
    tables = load_feature_tables("konvid-1k", real_corpora)
    joined = {table.name: join_table(corpus.clips, table) for table in tables}
    assert {name: table.values.shape for name, table in joined.items()} == {
        "brisque": (1200, 36),
        "videval": (1200, 60),
    }
    assert all(table.unmatched == () for table in joined.values())


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
