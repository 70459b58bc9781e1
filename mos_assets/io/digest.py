"""One sha256 over plain data of any depth: the same for equal data, another for any other.

Every value goes in with its type and its length, so that no two nestings look alike. Order counts,
of mappings too: what is computed or written may depend on it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def digest_of(*values: object) -> str:
    """64 hexadecimal digits of None, numbers, text, bytes, enums, arrays, Arrow tables, data
    classes, pydantic models, and mappings, sequences and sets of these.

    NaN equals NaN. Raises TypeError for anything else: what cannot be told apart must not be taken
    for the same.
    """
    found = hashlib.sha256()
    _feed(found, values)
    return found.hexdigest()


def _word(kind: str, content: bytes) -> bytes:
    return f"{kind}:{len(content)};".encode() + content


def _whole(value: int) -> bytes:
    return _word(type(value).__name__, repr(value).encode())


def _number(value: float) -> bytes:
    return _word("float", b"nan" if value != value else struct.pack("<d", value))


def _text(value: str) -> bytes:
    return _word("str", value.encode("utf-8", "surrogatepass"))


_TOLD: dict[type, Callable[[Any], bytes]] = {
    NoneType: lambda _: b"N;",
    bool: _whole,
    int: _whole,
    float: _number,
    str: _text,
    bytes: lambda value: _word("bytes", value),
}
"""What one plain value goes in as."""


_MANY = 1000
"""Values from which on a sequence is looked at as one column."""
_MACHINE_KINDS: dict[type, str] = {float: "<f8", int: "<i8"}


def _feed(into: _Hash, value: Any) -> None:
    match value:
        case None:
            into.update(b"N;")
        case Enum():
            _named(into, value, {"value": value.value})
        case bool() | int():
            into.update(_whole(value))
        case float() | np.floating():
            into.update(_number(float(value)))
        case np.integer() | np.bool_():
            _feed(into, value.item())
        case str():
            into.update(_text(value))
        case bytes():
            into.update(_word("bytes", value))
        case np.ndarray():
            _array(into, value)
        case pa.Table():
            _feed(into, ["table", value.num_rows, value.column_names])
            for name in value.column_names:
                _column(into, value[name])
        case BaseModel():
            _named(into, value, {name: getattr(value, name) for name in type(value).model_fields})
        case Mapping():
            _open(into, "mapping", len(value))
            for key, one in value.items():
                _feed(into, key)
                _feed(into, one)
        case tuple() | list():
            _open(into, "sequence", len(value))
            kinds = set(map(type, value))
            if len(value) >= _MANY and _many(into, value, kinds):
                return
            if kinds <= _TOLD.keys():
                # The same bytes, for which nobody has to ask of every value what it is.
                into.update(b"".join([_TOLD[type(one)](one) for one in value]))
                return
            for one in value:
                _feed(into, one)
        case set() | frozenset():
            _feed(into, ["set", *sorted(digest_of(one) for one in value)])
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            told = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            _named(into, value, told)
        case _:
            raise TypeError(f"a {type(value).__qualname__} cannot be told apart from another one")


def _many(into: _Hash, value: Sequence[Any], kinds: set[type]) -> bool:
    """Feed numbers of one kind, or texts, as one column; False where they are none, or do not fit.
    What is fed as a column is a question of the values alone, so that equal ones are fed alike."""
    try:
        if kinds <= {str, NoneType}:
            column = pa.chunked_array([pa.array(value, pa.large_string())])
        elif kinds in ({float}, {int}):
            column = pa.chunked_array([pa.array(np.array(value, _MACHINE_KINDS[kinds.pop()]))])
        else:
            return False
    except (UnicodeEncodeError, OverflowError):
        return False
    _column(into, column)
    return True


def _open(into: _Hash, kind: str, length: int) -> None:
    into.update(f"{kind}:{length};".encode())


def _named(into: _Hash, value: object, fields: Mapping[str, Any]) -> None:
    kind = type(value)
    _feed(into, f"{kind.__module__}.{kind.__qualname__}")
    _feed(into, fields)


def _array(into: _Hash, value: np.typing.NDArray[Any]) -> None:
    if value.dtype.hasobject:
        _feed(into, ["array", list(value.shape), value.ravel().tolist()])
        return
    plain = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
    if plain.dtype.kind == "f":
        # Any NaN is as good as another.
        plain = np.where(np.isnan(plain), np.array(np.nan, plain.dtype), plain)
    _feed(into, ["array", plain.dtype.str, list(plain.shape)])
    into.update(_word("bytes", plain.tobytes()))


def _column(into: _Hash, column: pa.ChunkedArray) -> None:
    """Of numbers and texts as they lie in memory, however they are cut into chunks."""
    _feed(into, str(column.type))
    kind = column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (text or pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        _feed(into, column.to_pylist())
        return
    _array(into, column.is_null().to_numpy())
    if not text:
        _array(into, column.fill_null(0).to_numpy())
        return
    whole = column.fill_null("").cast(pa.large_string()).combine_chunks()
    _array(into, pc.binary_length(whole).to_numpy())
    _, offsets, content = whole.buffers()
    ends = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    start, end = (int(ends[0]), int(ends[-1])) if len(ends) else (0, 0)
    _feed(into, b"" if content is None else content.slice(start, end - start).to_pybytes())
