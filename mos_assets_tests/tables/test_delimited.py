from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mos_assets.errors import CorpusError
from mos_assets.tables.cells import CellError, map_mos, parse_count, parse_deviation, parse_number
from mos_assets.tables.columns import Columns
from mos_assets.tables.delimited import read_table

plain = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
cell = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
).map(lambda text: text.strip() or "x")
grids = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6)
)


@plain
@given(grid=grids, bom=st.booleans(), newline=st.sampled_from(["\n", "\r\n"]), quoted=st.booleans())
def test_any_dialect_reads_back_what_was_written(
    tmp_path: Path, grid: list[list[str]], bom: bool, newline: str, quoted: bool
) -> None:
    text = io.StringIO()
    dialect = csv.unix_dialect if quoted else csv.excel
    csv.writer(text, dialect, lineterminator=newline).writerows(grid)
    path = tmp_path / "t.csv"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode())
    table = read_table(path)
    assert [table.columns.names, *(row.cells for row in table.rows)] == [tuple(r) for r in grid]
    assert [row.line for row in table.rows] == list(range(2, len(grid) + 1))


@plain
@given(raw=st.binary(max_size=200))
def test_no_bytes_do_anything_but_read_or_raise_a_corpus_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(raw)
    try:
        table = read_table(path)
    except CorpusError as error:
        assert str(path) in str(error)
        return
    width = len(table.columns.names)
    assert all(row.damage or len(row.cells) == width for row in table.rows)


@plain
@given(lines=st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=9)))
def test_a_line_that_is_not_utf_8_changes_no_other(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "t.csv"
    raw = "\n".join(["a,b", *lines]).encode()
    path.write_bytes(raw)
    whole = read_table(path)
    path.write_bytes(raw + b"\n\xff")
    rows = read_table(path).rows
    assert [*rows] == [*whole.rows, (len(lines) + 2, (), "not UTF-8")]
    assert len(rows) == len([*rows]) == len(whole.rows) + 1


def test_damage_costs_its_own_line_only(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b\n1,2\n"open,3\n4\n\xff,5\n\n6,7,8\n9,10,\n11,12')
    table = read_table(path)
    good = {row.line: row.cells for row in table.rows if not row.damage}
    assert good == {2: ("1", "2"), 8: ("9", "10"), 9: ("11", "12")}
    assert {row.line for row in table.rows if row.damage} == {3, 4, 5, 7}


def test_first_alias_with_a_cell_wins_in_any_case() -> None:
    columns = Columns(("ID", "mos", "File_Name", "MOS"))
    assert columns.find(("file_name", "id")) == (2, 0)
    assert columns.find(("MOS", "mos")) == (3, 1)
    with pytest.raises(CorpusError, match=r"header is: ID, mos, File_Name, MOS.*vote"):
        columns.require(("vote",), "vote", Path("f.csv"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_a_number(value: float) -> None:
    assert parse_number(repr(value), "x") == value


@pytest.mark.parametrize(
    "text",
    ["", "nan", "-inf", "Infinity", "1e999", "1_0", "3,5", "0x1p3", "٣", "four", "4.", "4e", "."],
)
def test_other_texts_are_refused_with_the_value(text: str) -> None:
    with pytest.raises(CellError, match="empty" if not text else "is '"):
        parse_number(text, "MOS")


def test_counts_and_deviations_may_be_unknown_but_not_absurd() -> None:
    assert parse_count("50.0", "n") == 50
    assert parse_count("", "n") is None
    assert parse_deviation("NA", "sd", 4) is None
    assert parse_deviation("0", "sd", 4) == 0.0
    for bad in ("0", "-3", "2.5", "1e30", "2147483648"):
        with pytest.raises(CellError):
            parse_count(bad, "n")
    for bad in ("-0.1", "4.1", "wide"):
        with pytest.raises(CellError):
            parse_deviation(bad, "sd", 4)


@given(
    low=st.floats(-1e3, 1e3),
    span=st.floats(0.5, 1e3),
    at=st.floats(0, 1),
    other=st.floats(0, 1),
)
def test_scale_maps_ends_to_ends_and_keeps_order(
    low: float, span: float, at: float, other: float
) -> None:
    high = low + span
    assert map_mos(repr(low), low, high) == 1.0
    assert map_mos(repr(high), low, high) == 5.0
    a, b = sorted((min(low + at * span, high), min(low + other * span, high)))
    assert 1.0 <= map_mos(repr(a), low, high) <= map_mos(repr(b), low, high) <= 5.0


def test_a_score_outside_its_range_is_refused_not_clamped() -> None:
    assert map_mos("37.5", 0, 100) == 2.5
    for outside in (math.nextafter(5, 6), math.nextafter(1, 0)):
        with pytest.raises(CellError, match=f"MOS is {outside!r}, outside the declared range"):
            map_mos(repr(outside), 1, 5)
