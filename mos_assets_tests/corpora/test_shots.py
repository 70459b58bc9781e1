from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mos_assets.corpora import has_external_shots, load_shot_tables
from mos_assets.corpora.request import NormalisedShots
from mos_assets.errors import CorpusError
from mos_assets.records import ShotFigures
from mos_assets_tests.corpora.making import write_tree


def test_every_kind_of_file_and_of_figures(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "c/shots/a.csv": "clip_name,shot_count,shot_avg_duration_sec,shot_duration_std_sec\n"
            "x.mp4,3,1.5,0.5\ny,0,,\nz,2.5,1,\nw,2,0,\n",
            "c/shots/b.jsonl": '{"name": "j", "shot_count": 2, "shot_avg_duration_sec": 4, '
            '"frames": 200}\nnot json\n[]\n',
        },
    )
    columns = {"shot_count_norm": [0.2, None], "shot_mean_len_norm": [0.1, 1.0]}
    table = pa.table({"id": [7, 8], **columns, "shot_cut_density": [0.02, 0.0]})
    pq.write_table(table, tmp_path / "c" / "shots" / "n.parquet")
    shots = load_shot_tables("c", tmp_path)
    assert shots is not None
    assert [(row.clip_name, row.figures, row.normalised) for row in shots.rows] == [
        ("x.mp4", ShotFigures(3, 1.5, 0.5, None), None),
        ("y", None, None),
        ("j", ShotFigures(2, 4.0, None, 200), None),
        ("7", None, NormalisedShots(0.2, 0.1, 0.02)),
        ("8", None, None),
    ]
    assert [(row.source, row.line, row.clip_name) for row in shots.rejected] == [
        ("shots/a.csv", 4, "z"),
        ("shots/a.csv", 5, "w"),
        ("shots/b.jsonl", 2, None),
        ("shots/b.jsonl", 3, None),
    ]


def test_absurd_figures_and_lines_cost_themselves(tmp_path: Path) -> None:
    lines = [
        '{"name": "a", "shot_count": 1e30, "shot_avg_duration_sec": 1}',
        f'{{"name": "b", "shot_count": {"9" * 400}, "shot_avg_duration_sec": 1}}',
        '{"name": "c", "shot_count": 2, "shot_avg_duration_sec": 1, "frames": 1e30}',
        "[" * 100_000,
        '{"name": "d", "shot_count": "n/a", "shot_avg_duration_sec": "-"}',
        '{"name": "e", "shot_count": 2, "shot_avg_duration_sec": 1}',
    ]
    write_tree(tmp_path, {"c/shots/a.jsonl": "\n".join(lines)})
    shots = load_shot_tables("c", tmp_path)
    assert shots is not None
    assert [(row.clip_name, row.figures is None) for row in shots.rows] == [
        ("d", True),
        ("e", False),
    ]
    assert sorted(row.line or 0 for row in shots.rejected) == [1, 2, 3, 4]


def test_without_files_there_are_none_and_without_columns_an_error(tmp_path: Path) -> None:
    assert load_shot_tables("c", tmp_path) is None
    assert not has_external_shots("c", tmp_path)
    write_tree(tmp_path, {"c/shots/a.csv": "clip_name,shots\nx,3\n"})
    assert has_external_shots("c", tmp_path)
    with pytest.raises(
        CorpusError, match=r"a.csv has no shot columns.*clip_name, shots.*shot_count"
    ):
        load_shot_tables("c", tmp_path)
