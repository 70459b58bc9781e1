from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mos_assets.corpora import join_table, load_feature_tables
from mos_assets.errors import CorpusError
from mos_assets_tests.corpora.making import write_tree
from mos_assets_tests.corpora.test_names import clip


def test_numbers_only_by_any_clip_column(tmp_path: Path) -> None:
    folder = write_tree(
        tmp_path, {"c/features/b.csv": 'NAME,codec,x,y\na.mp4,h264,1,\nb,vp9,"inf",2\n'}
    )
    table = pa.table({"clip_name": [17, 18], "z": [1, 2], "codec": ["x", "y"], "ok": [True, False]})
    pq.write_table(table, folder / "c" / "features" / "a.parquet")
    first, second = load_feature_tables("c", tmp_path)
    assert (first.name, first.columns, first.clip_names) == ("a", ("z",), ("17", "18"))
    assert (second.name, second.columns) == ("b", ("x", "y"))
    np.testing.assert_array_equal(second.values, [[1, np.nan], [np.nan, 2]])


def test_means_stand_in_for_columns_of_the_head(tmp_path: Path) -> None:
    header = "clip_name,adm2_mean,motion2,motion2_mean,saliency_mean,foo_mean\n"
    write_tree(tmp_path, {"c/features/t.csv": header + "a,1,nan,2,3,4\nb,1,5,6,7,8\n"})
    (table,) = load_feature_tables("c", tmp_path)
    assert table.columns == ("adm2", "motion2", "motion2_mean", "saliency_mean", "foo_mean")
    np.testing.assert_array_equal(table.values, [[1, 2, 2, 3, 4], [1, 5, 6, 7, 8]])


def test_cells_that_say_unknown_cost_themselves_and_texts_are_named(tmp_path: Path) -> None:
    rows = "a,NA,h264,\nb,2,vp9,\nc,n/a,NA,\nd,-inf,x,\ne,None,y,\nf,-,z,\n"
    write_tree(tmp_path, {"c/features/t.csv": f"clip_name,x,codec,empty\n{rows}"})
    (table,) = load_feature_tables("c", tmp_path)
    assert (table.columns, table.left_out) == (("x",), ("codec", "empty"))
    np.testing.assert_array_equal(table.values[:, 0], [np.nan, 2, *[np.nan] * 4])
    assert join_table([clip("a.mp4")], table).left_out == ("codec", "empty")


def test_json_lines_are_a_table_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c/features/t.jsonl": '{"name": "a", "x": 1}\n{"name": "b"}\n'})
    (table,) = load_feature_tables("c", tmp_path)
    assert (table.name, table.columns, table.clip_names) == ("t", ("x",), ("a", "b"))
    np.testing.assert_array_equal(table.values[:, 0], [1, np.nan])
    write_tree(tmp_path, {"c/features/t.csv": "name,x\na,1\n"})
    with pytest.raises(CorpusError, match="'t' in more than one file"):
        load_feature_tables("c", tmp_path)


def test_joining_leaves_holes_and_names_strays(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c/features/t.csv": "clip_name,x\nb,2\nc/a.mp4,1\nzz,3\n"})
    (table,) = load_feature_tables("c", tmp_path)
    joined = join_table([clip("a.mp4"), clip("b.mp4"), clip("d.mp4")], table)
    np.testing.assert_array_equal(joined.values, [[1], [2], [np.nan]])
    assert joined.unmatched == ("zz",)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"t.csv": "x,y\n1,2\n"}, r"t.csv has no column for the clip name.*x, y"),
        ({"t.csv": "clip_name,x\na,1\nb\n"}, r"t.csv, line 3: torn"),
        ({"t.csv": "clip_name,codec\na,h264\n"}, r"no numeric column"),
        ({"t.csv": "clip_name,x\n,1\n"}, r"row 2: the clip name is empty"),
        ({"t.csv": ""}, r"t.csv is empty"),
        ({"t.csv": "clip_name,x\na,4.\n"}, r"no numeric column"),
        ({"t.parquet": "no parquet"}, r"t.parquet cannot be read as Parquet"),
    ],
)
def test_unreadable_tables_are_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    write_tree(tmp_path, {f"c/features/{name}": text for name, text in files.items()})
    with pytest.raises(CorpusError, match=message):
        load_feature_tables("c", tmp_path)


def broken_tables() -> dict[str, pa.Table]:
    """Parquet files that hold what their types promise not to: sound to Arrow, not to Python."""
    text = pa.array([b"a", b"\xff"], pa.binary())
    late = pa.array([1, 2**60], pa.int64())
    names = pa.array(["a", "b"])
    return {
        "text": pa.table({"clip_name": names, "kind": text.view(pa.string())}),
        "time": pa.table({"clip_name": names, "at": late.view(pa.timestamp("ms"))}),
    }


@pytest.mark.parametrize("kind", ["text", "time"])
def test_parquet_cells_that_are_not_what_they_claim(tmp_path: Path, kind: str) -> None:
    (tmp_path / "c" / "features").mkdir(parents=True)
    pq.write_table(broken_tables()[kind], tmp_path / "c" / "features" / "t.parquet")
    with pytest.raises(CorpusError, match=r"t.parquet cannot be read as Parquet"):
        load_feature_tables("c", tmp_path)


def test_two_rows_for_one_clip_are_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c/features/t.csv": "clip_name,x\na,1\na.mp4,2\n"})
    (table,) = load_feature_tables("c", tmp_path)
    with pytest.raises(CorpusError, match="more than one row for 1 clips, such as 'a'"):
        join_table([clip("a.mp4")], table)


def test_no_folder_is_no_table(tmp_path: Path) -> None:
    assert load_feature_tables("c", tmp_path) == ()
