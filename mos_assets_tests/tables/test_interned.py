"""Columns of different cells: the same rows as `read_table` gives, whichever way they are read."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mos_assets.errors import CorpusError
from mos_assets.tables.delimited import read_table
from mos_assets.tables.interned import first_filled, read_interned

cells = st.one_of(
    st.sampled_from(
        ["3", " 3", "4.5", "", "a.mp4", "=1+1", "caf\u00e9", "\u200b", "x\ty", "-", "NA"]
    ),
    st.sampled_from(['"q"', '"a,b"', '"torn', "\r", "\x00", "\x1c"]),
)
rows = st.lists(st.lists(cells, min_size=1, max_size=4).map(",".join), max_size=8)


@given(
    rows=rows,
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    ended=st.booleans(),
    harm=st.sampled_from([b"", b"\xff", b"\n \n"]),
)
@example(rows=["a,1,2", "b,1,2,", "c,1"], bom=b"", newline="\n", ended=True, harm=b"")
@example(rows=["a,1,2", "b\rc,1,2"], bom=b"", newline="\n", ended=False, harm=b"")
def test_the_rows_of_read_table(
    rows: list[str], bom: bytes, newline: str, ended: bool, harm: bytes
) -> None:
    text = newline.join(["clip,rater,vote", *rows]) + newline * ended
    with TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(bom + text.encode() + harm)
        table = read_table(path)
        found = read_interned(path, lambda _: (0, 2))
    good = [row for row in table.rows if not row.damage]
    assert found.lines.tolist() == [row.line for row in good]
    assert dict(found.damaged) == {row.line: row.damage for row in table.rows if row.damage}
    assert (found.rows, found.ended) == (len(table.rows), table.ended)
    for column, at in zip(found.chosen, (0, 2), strict=True):
        assert [column.words[code] for code in column.codes] == [row.cells[at] for row in good]


def test_a_line_longer_than_a_line_may_be_is_one_damaged_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"clip,vote\na,1\n{'x' * (3 << 20)},2\nb,3\n")
    found = read_interned(path, lambda _: (0, 1))
    assert (found.chosen[0].words, [line for line, _ in found.damaged]) == (("a", "b"), [3])


def test_a_file_without_rows_and_one_without_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("clip,vote\n")
    assert read_interned(path, lambda _: (0, 1)).rows == 0
    path.write_text("")
    with pytest.raises(CorpusError, match="is empty"):
        read_interned(path, lambda _: (0,))


def test_the_first_cell_that_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,2,3\n,2,3\n, ,3\n,,\n")
    column = first_filled(read_interned(path, lambda _: (0, 1, 2)).chosen)
    assert [column.words[code] for code in column.codes] == ["1", "2", "3", ""]
