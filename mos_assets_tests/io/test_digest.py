"""The digest of plain data: equal data have equal ones, and any difference shows."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.io.digest import digest_of
from mos_assets.records import TrainingTable
from mos_assets_tests.made import MakeTable


class Colour(StrEnum):
    RED = "red"


class Paint(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Pair:
    left: object
    right: object = None


@dataclass(frozen=True)
class Other:
    left: object
    right: object = None


MANY = [
    *(None, "", b"", 0, 0.0, -0.0, False, True, 1, 1.0, "1", b"1", "None", float("inf")),
    *((), [[]], [None], {}, {"a": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": {"b": 1}}),
    *(("a", "b"), ("ab", ""), (("a",), "b"), ("a", ("b",)), frozenset("ab"), Colour.RED, "red"),
    *(Paint.RED, Pair(1), Pair(None, 1), Other(1), Pair(Pair(1))),
    *(np.arange(4), np.arange(4).reshape(2, 2), np.arange(4.0), np.arange(4, dtype=np.int32)),
    *(np.array(["a", "b"]), np.array(["a", None], dtype=object), np.zeros((0, 2)), np.zeros(0)),
    *(pa.table({"a": [1]}), pa.table({"a": [1.0]}), pa.table({"b": [1]}), pa.table({"a": [None]})),
]


def test_whatever_differs_has_another_digest() -> None:
    assert len({digest_of(one) for one in MANY}) == len(MANY)
    assert digest_of(1, 2) != digest_of((1, 2)) != digest_of(12)


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_the_same_data_have_the_same_digest(value: object) -> None:
    assert digest_of(value) == digest_of(value)
    assert digest_of([value]) != digest_of(value)


def test_arrays_count_by_their_numbers_however_they_lie() -> None:
    plain = np.arange(12.0).reshape(3, 4)
    assert digest_of(plain) == digest_of(np.asfortranarray(plain))
    assert digest_of(plain) == digest_of(plain.astype(">f8"))
    quiet, signalling = np.array([0x7FF8000000000000, 0x7FF8000000000001], dtype="<u8").view("<f8")
    assert digest_of(np.array([quiet])) == digest_of(np.array([signalling]))
    assert digest_of(float("nan")) == digest_of(float("nan"))


def test_tables_count_by_their_cells_however_they_are_cut() -> None:
    cells = {
        "text": ["", "a", None, "bc", "é"],
        "number": [1.5, float("nan"), None, -0.0, 2.0],
        "whole": [1, None, 3, 0, -4],
        "list": [["a"], [], None, ["b", "c"], ["d"]],
        "flag": [True, None, False, None, False],
    }
    table = pa.table(cells)
    seen = {digest_of(table), digest_of(pa.concat_tables([table.slice(0, 2), table.slice(2)]))}
    assert seen == {digest_of(pa.concat_tables([table, table]).slice(5))}
    for name, values in cells.items():
        for at in range(len(values)):
            moved = [*values[:at], values[at - 1], *values[at + 1 :]]
            seen.add(digest_of(table.set_column(table.column_names.index(name), name, [moved])))
    assert len(seen) == 1 + 5 * len(cells)


@pytest.mark.parametrize("value", [Path("a"), object(), len, Colour, 1j, iter([])])
def test_what_cannot_be_told_apart_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be told apart"):
        digest_of({"deep": [value]})


def test_every_field_of_a_training_table_counts(make_table: MakeTable) -> None:
    """Also one that is added later: it is a loop over the fields."""
    table: TrainingTable = make_table(20)
    table = replace(
        table,
        slots=np.zeros(20, dtype=np.int64),
        mos_ci95=np.full(20, 0.2),
        sessions=("one",) * 20,
    )
    seen = {digest_of(table)}
    for one in fields(table):
        value = getattr(table, one.name)
        if isinstance(value, np.ndarray):
            moved = value.copy()
            moved.flat[3] = 2 if value.dtype.kind == "i" else np.nextafter(value.flat[3], 9)
            if value.dtype.kind == "f" and np.isnan(value.flat[3]):
                moved.flat[3] = 0.0
        else:
            moved = (*value[:-1], "another")
        seen.add(digest_of(replace(table, **{one.name: moved})))
    seen.add(digest_of(table.take(np.arange(20)[::-1])))
    assert len(seen) == len(fields(table)) + 2


LONG = 2000
COLUMNS: tuple[list[object], ...] = (
    ["a"] * LONG,
    [1] * LONG,
    [1.0] * LONG,
    [True] * LONG,
    [None] * LONG,
    [""] * LONG,
    [b"a"] * LONG,
    [Colour.RED] * LONG,
)


def test_long_sequences_count_value_by_value() -> None:
    """Those that are fed as one column, those that cannot be, and those of several kinds."""
    odd = ["\ud800", 2**70, float("nan"), -0.0, None, "aa", 2, "é"]
    found = [*COLUMNS]
    for column in COLUMNS:
        found += [[*column[:-1], value] for value in odd]
        found += [[value, *column[1:]] for value in odd]
        found.append(column[:-1])
    found += [["ab", *COLUMNS[0][2:], ""], ["", *COLUMNS[0][2:], "ab"]]
    found = [list(each) for each in {tuple(map(repr, one)): one for one in found}.values()]
    assert len({digest_of(one) for one in found}) == len(found)
    assert [digest_of(one) for one in found] == [digest_of(tuple(one)) for one in found]
    assert digest_of(COLUMNS[0]) == digest_of(["".join("a") for _ in range(LONG)])
