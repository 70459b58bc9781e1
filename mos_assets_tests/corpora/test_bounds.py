"""Whatever a stranger's table holds, reading it ends soon, in one message, without much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree

MOST_RSS_MB = 500
HEADER = "clip,mos\n"
READING = """
import json, resource, sys, time
from pathlib import Path
from mos_assets.corpora import CorpusRequest, load_corpus, load_feature_tables, load_shot_tables
from mos_assets.errors import CorpusError
root = Path(sys.argv[1])
began = time.process_time()
try:
    load_corpus(CorpusRequest("mine", root), known={}, workers=1, progress=lambda _: None)
    load_feature_tables("mine", root)
    load_shot_tables("mine", root)
    said = ""
except CorpusError as error:
    said = str(error)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"said": said, "cpu": time.process_time() - began, "rss": rss}))
"""


def hole(path: Path, size: int) -> None:
    """A file of that many NUL bytes that takes no room, of one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def bomb(path: Path) -> None:
    """320 MB of text in a file of some kilobytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"clip_name": ["a"], "x": ["0" * (40 << 20)]})
    with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=False) as out:
        for _ in range(8):
            out.write_table(table)


def dictionary(path: Path) -> None:
    """One text of 8 MB for 20,000 rows: 160 GB where it is written out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000), pa.array(["y" * (8 << 20)]))
    names = [f"c{at}" for at in range(20_000)]
    pq.write_table(pa.table({"clip_name": names, "x": texts}), path)


def rows_of_nothing(path: Path) -> None:
    """A billion equal figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {"clip_name": ["a"] * (1 << 20), **{f"x{i}": [0] * (1 << 20) for i in range(3)}}
    )
    with pq.ParquetWriter(path, table.schema, compression="zstd") as out:
        for _ in range(65):
            out.write_table(table)


FILES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "deep toml": ({"corpus.toml": "a=" + "[" * 4000}, "nested too deeply"),
    "toml of dots": ({"corpus.toml": "a" + ".a" * 30_000 + "=1"}, "a line has"),
    "long toml": ({"corpus.toml": MINIMAL_TOML + "#\n" * 50_000}, "more than 65536"),
    "toml of a long number": ({"corpus.toml": "a=" + "\n".join(["9" * 4000] * 2)}, "TOML"),
    "toml of a longer number": ({"corpus.toml": "a=" + "9_" * 1900 + "9" * 200 + "\n"}, "toml"),
    "wild": (
        {"corpus.toml": MINIMAL_TOML.replace("labels.csv", "**/**/**/*.csv")},
        "more than one",
    ),
    "wide labels": ({"labels.csv": ",".join(f"c{i}" for i in range(100_000)) + "\n"}, "columns"),
    "a giant cell": ({"labels.csv": HEADER + 'a,"' + "3" * (2 << 20) + '"\n'}, "line has"),
    "a giant name": ({"labels.csv": "c" * (2 << 20) + ",mos\na,3\n"}, "line has"),
    "commas": ({"labels.csv": b"," * (100 << 20)}, "cells"),
    "lines": ({"labels.csv": HEADER.encode() + b"a\n" * (20 << 20)}, "cells"),
    "a long header": ({"labels.csv": ",".join(f"c{i}" for i in range(9000)) + "\n"}, "characters"),
    "wide features": (
        {"features/t.csv": "name," + ",".join(f"c{i}" for i in range(100_000)) + "\n"},
        "columns",
    ),
    "deep json": ({"features/t.jsonl": '{"name": ' + "[" * 200_000 + "\n"}, "nested too deeply"),
    "json of other keys": (
        {
            "features/t.jsonl": "".join(
                json.dumps({"name": f"c{i}", f"x{i}": 1}) + "\n" for i in range(20_000)
            )
        },
        "columns or",
    ),
    "json of one line": ({"features/t.jsonl": b'{"a":"' + b"x" * (2 << 20) + b'"}'}, "line has"),
    "wide shots": (
        {"shots/s.csv": "clip_name," + ",".join(f"c{i}" for i in range(100_000)) + "\n"},
        "columns",
    ),
    "shots of nothing known": (
        {"shots/s.csv": "clip_name," + ",".join(f"c{i}" for i in range(9000)) + "\n"},
        "characters",
    ),
}
MADE = {
    "labels of a terabyte": ("labels.csv", lambda path: hole(path, 1 << 40), "more than"),
    "labels of one line": ("labels.csv", lambda path: hole(path, 100 << 20), "line has"),
    "toml of a terabyte": ("corpus.toml", lambda path: hole(path, 1 << 40), "more than"),
    "features of a terabyte": ("features/t.csv", lambda path: hole(path, 1 << 40), "more than"),
    "json of a terabyte": ("features/t.jsonl", lambda path: hole(path, 1 << 40), "more than"),
    "parquet of a terabyte": ("features/t.parquet", lambda path: hole(path, 1 << 40), "Parquet"),
    "parquet bomb": ("features/t.parquet", bomb, "bytes of text"),
    "parquet of one text": ("features/t.parquet", dictionary, "no numeric column"),
    "parquet of equal rows": ("features/t.parquet", rows_of_nothing, "cells"),
}


@pytest.mark.parametrize("kind", [*FILES, *MADE])
def test_it_ends_in_one_message(tmp_path: Path, kind: str) -> None:
    write_tree(tmp_path / "mine", {"corpus.toml": MINIMAL_TOML, "labels.csv": f"{HEADER}a,3\n"})
    (tmp_path / "mine/clips").mkdir()
    if kind in MADE:
        name, make, why = MADE[kind]
        make(tmp_path / "mine" / name)
    else:
        files, why = FILES[kind]
        (name,) = files
        write_tree(tmp_path / "mine", files)
    child = subprocess.run(
        [sys.executable, "-c", READING, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr[-2000:]
    found = json.loads(child.stdout)
    assert str(tmp_path / "mine" / name) in found["said"] or name in found["said"], found
    assert why in found["said"], found
    assert len(found["said"]) < 1000
    assert found["cpu"] < 8
    assert found["rss"] < MOST_RSS_MB
