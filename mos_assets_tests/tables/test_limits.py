"""Whatever a stranger's table holds, reading it ends in one message, without much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree

MOST_RSS_MB = 500
HEADER = "clip,mos\n"
READING = """
import json, sys
from pathlib import Path
from mos_assets.corpora import CorpusRequest, load_corpus, load_feature_tables, load_shot_tables
from mos_assets.errors import CorpusError
for name in sys.argv[1:]:
    root = Path(name)
    try:
        load_corpus(CorpusRequest("mine", root), workers=1, progress=lambda _: None)
        load_feature_tables("mine", root)
        load_shot_tables("mine", root)
        said = ""
    except CorpusError as error:
        said = str(error)
    # Of this program alone: getrusage begins with the peak of the process that started it.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    rss = int(status["VmHWM"].split()[0]) // 1024
    print(json.dumps({"said": said, "rss": rss}), flush=True)
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
    """300 million empty cells in some kilobytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    empty = pa.nulls(1 << 20, pa.int8())
    table = pa.table({"clip_name": empty, **{f"x{i}": empty for i in range(63)}})
    with pq.ParquetWriter(path, table.schema) as out:
        for _ in range(5):
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
    "lines": ({"labels.csv": HEADER.encode() + b"a\n" * (20 << 20)}, "lines, more than 1048576"),
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
    "json of rows, then of keys": (
        {
            "features/t.jsonl": '{"a": 1}\n' * 100_000
            + json.dumps({f"x{at}": 1 for at in range(15_000)})
        },
        "rows of 15001 columns",
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


def test_each_ends_in_one_message(tmp_path: Path) -> None:
    """All of them in one process, so that the packages are imported once."""
    kinds = [*FILES, *MADE]
    names: list[str] = []
    reasons: list[str] = []
    for kind in kinds:
        mine = tmp_path / kind / "mine"
        write_tree(mine, {"corpus.toml": MINIMAL_TOML, "labels.csv": f"{HEADER}a,3\n"})
        (mine / "clips").mkdir()
        if kind in MADE:
            name, make, why = MADE[kind]
            make(mine / name)
        else:
            files, why = FILES[kind]
            (name,) = files
            write_tree(mine, files)
        names.append(name)
        reasons.append(why)
    child = subprocess.run(
        [sys.executable, "-c", READING, *(str(tmp_path / kind) for kind in kinds)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    lines = map(json.loads, child.stdout.splitlines())
    for kind, name, why, found in zip(kinds, names, reasons, lines, strict=True):
        assert name in found["said"], (kind, found)
        assert why in found["said"], (kind, found)
        assert len(found["said"]) < 1000, kind
        assert found["rss"] < MOST_RSS_MB, (kind, found)
