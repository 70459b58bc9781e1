"""Rows of vote files add up in the store, rows of which a part was rejected too."""

from __future__ import annotations

from pathlib import Path

from mos_assets.store import Database, corpus_rows
from mos_assets_tests.corpora.making import load, write_tree

TOML = """\
name = "mine"
version = "1"
licence = "test"
scale = [1, 5]

[columns]
clip = "clip"

[votes]
files = ["votes.csv"]
"""


def test_a_row_of_two_bad_votes_is_one_row(tmp_path: Path) -> None:
    table = "clip,u1,u2,u3\na,1,2,3\nb,9,x,4\nc,8,9,7\nd,5,,4\n"
    write_tree(tmp_path, {"mine/corpus.toml": TOML, "mine/votes.csv": table})
    corpus = load(tmp_path)
    database = Database(tmp_path / "store")
    corpus_rows.write_corpora(database, [corpus])
    (row,) = corpus_rows.account_table(database, ["mine"]).to_pylist()
    assert (row["source"], row["rows"], row["used"], row["rejected"]) == ("votes.csv", 4, 2, 2)
    rejected = corpus_rows.rejected_table(database, ["mine"]).to_pylist()
    assert [each["line"] for each in rejected] == [3, 3, 4, 4, 4]
    assert [clip.clip_name for clip in corpus.clips] == ["a.mp4", "b.mp4", "d.mp4"]
