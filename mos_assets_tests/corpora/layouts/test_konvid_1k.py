from __future__ import annotations

import statistics
from pathlib import Path

import pytest

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
