"""Rows of features in whatever form a caller has them, as blocks of numbers in the head's order.

An array has its columns in that order already. In mappings of columns, DataFrames (pandas, polars)
and Arrow tables they are found by name, whatever else is there and in whatever order. Nothing is
converted before its block is asked for, so a wide table takes no second room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mos_assets.errors import FeatureError

Numbers = npt.NDArray[Any]
"""[rows, F] or [rows], of any type of numbers; NaN where there is none."""
_ACCEPTED = (
    "an array [rows, features], a mapping of columns, a DataFrame or an Arrow table is accepted"
)
_SHOWN = 20
"""Names of columns in one message."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A number of rows, and how a block of them is had."""

    count: int
    block: Callable[[slice], Numbers]
    """[rows of the slice, F], NaN where a cell is empty. Raises FeatureError naming the column and
    the value that is no number."""


def rows_of(given: Any, order: Sequence[str]) -> Rows:
    """`given` as rows of the features in `order`.

    Raises FeatureError where its shape, or the name of a column, is not what the head needs.
    """
    if isinstance(given, Mapping):
        return _by_name(given, list(given), order)
    if hasattr(given, "iloc") and hasattr(given, "columns"):  # pandas, which need not have Arrow
        return _by_name(given, list(given.columns), order)
    if isinstance(given, np.ndarray) and given.dtype.names is not None:
        return _by_name(given, list(given.dtype.names), order)
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        import pyarrow as pa

        table = pa.table(given)
        return _by_name(table, table.column_names, order)
    if hasattr(given, "to_arrow"):
        return rows_of(given.to_arrow(), order)
    if hasattr(given, "__dataframe__"):
        from pyarrow import interchange

        table = interchange.from_dataframe(given)
        return _by_name(table, table.column_names, order)
    return _in_order(given, order)


def _in_order(given: Any, order: Sequence[str]) -> Rows:
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise FeatureError(f"The rows are not of one length; {_ACCEPTED}.") from error
    if array.ndim != 2 or array.shape[1] != len(order):
        what = type(given).__name__ if array.ndim == 0 else f"an array of shape {array.shape}"
        raise FeatureError(
            f"The rows are {what}, and this head takes [rows, {len(order)}], in the order "
            f"{_listed(order)}; {_ACCEPTED}."
        )
    masked = isinstance(given, np.ma.MaskedArray)

    def block(at: slice) -> Numbers:
        part = given[at] if masked else array[at]
        if not masked and part.dtype.kind == "f":
            return _single_or_double(part)
        columns = [_numbers(part[:, i], name, at.start) for i, name in enumerate(order)]
        return np.stack(columns, axis=1)

    return Rows(len(array), block)


def _by_name(given: Any, names: list[Any], order: Sequence[str]) -> Rows:
    missing = [name for name in order if name not in names]
    if missing:
        more = f", nor {len(missing) - 1} more" if len(missing) > 1 else ""
        there = _listed(names) or "none"
        raise FeatureError(
            f"Column {missing[0]!r} is missing{more}; the head needs it. There: {there}."
        )
    for name in order:
        if names.count(name) > 1:
            raise FeatureError(f"Column {name!r} is there {names.count(name)} times.")
    columns = {name: _column(given[name], name) for name in order}
    lengths = {name: len(column) for name, column in columns.items()}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise FeatureError(
                f"Column {name!r} has {length} rows, and {first!r} has {lengths[first]}."
            )

    def block(at: slice) -> Numbers:
        parts = [_numbers(_part(column, at), name, at.start) for name, column in columns.items()]
        return np.stack(parts, axis=1)

    return Rows(lengths.get(first, 0), block)


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(str, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def _column(given: Any, name: str) -> Any:
    """Something that has a length and can be cut."""
    if hasattr(given, "__getitem__") and hasattr(given, "__len__") and not isinstance(given, str):
        return given
    raise FeatureError(f"Column {name!r} is {given!r}, and a column is a sequence of numbers.")


def _part(column: Any, at: slice) -> Any:
    # A slice of a pandas Series goes by label where its labels are numbers.
    return column.iloc[at] if hasattr(column, "iloc") else column[at]


def _numbers(part: Any, name: str, first_row: int) -> Numbers:
    """[rows] of a cut column; what has no value there (None, NA, masked) is NaN."""
    if isinstance(part, np.ma.MaskedArray):
        return np.ma.filled(part.astype(np.float64), np.nan)
    array = np.asarray(part)
    if array.ndim != 1:
        raise FeatureError(f"Column {name!r} has the shape {array.shape}, and one a row is needed.")
    if array.dtype.kind == "f":
        return _single_or_double(array)
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind not in "OUS":
        # A date, a duration and a complex number are numbers to numpy, and none to us.
        raise FeatureError(f"Column {name!r} is of the type {array.dtype}, which is no number.")
    cells = array.tolist()
    return np.array([_number(cell, name, first_row + i) for i, cell in enumerate(cells)])


def _single_or_double(array: Numbers) -> Numbers:
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _number(cell: Any, name: str, row: int) -> float:
    # pandas and Arrow have a missing value of their own, which is no float.
    if cell is None or type(cell).__name__ in ("NAType", "NullScalar"):
        return float("nan")
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise FeatureError(f"Column {name!r} is {cell!r} in row {row}, no number.") from error
