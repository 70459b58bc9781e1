"""One sha256 over plain data of any depth: the same for equal data, another for any other.

Every value goes in with its type and its length, so that no two nestings look alike. Order counts,
of mappings too: what is computed or written may depend on it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

_PIECE = 16_384
"""Rows of a table that are values of Python at once."""


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


def _feed(into: _Hash, value: Any) -> None:
    match value:
        case None:
            into.update(b"N;")
        case Enum():
            _named(into, value, {"value": value.value})
        case bool() | int():
            _tell(into, type(value).__name__, repr(value).encode())
        case float() | np.floating():
            number = float(value)
            _tell(into, "float", b"nan" if number != number else struct.pack("<d", number))
        case np.integer() | np.bool_():
            _feed(into, value.item())
        case str():
            _tell(into, "str", value.encode("utf-8", "surrogatepass"))
        case bytes():
            _tell(into, "bytes", value)
        case np.ndarray():
            _array(into, value)
        case pa.Table():
            _table(into, value)
        case BaseModel():
            _named(into, value, {name: getattr(value, name) for name in type(value).model_fields})
        case Mapping():
            _open(into, "mapping", len(value))
            for key, one in value.items():
                _feed(into, key)
                _feed(into, one)
        case tuple() | list():
            _open(into, "sequence", len(value))
            for one in value:
                _feed(into, one)
        case set() | frozenset():
            _feed(into, ["set", *sorted(digest_of(one) for one in value)])
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            told = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            _named(into, value, told)
        case _:
            raise TypeError(f"a {type(value).__qualname__} cannot be told apart from another one")


def _open(into: _Hash, kind: str, length: int) -> None:
    into.update(f"{kind}:{length};".encode())


def _tell(into: _Hash, kind: str, content: bytes) -> None:
    _open(into, kind, len(content))
    into.update(content)


def _named(into: _Hash, value: object, fields: Mapping[str, Any]) -> None:
    kind = type(value)
    _feed(into, f"{kind.__module__}.{kind.__qualname__}")
    _feed(into, fields)


def _table(into: _Hash, table: pa.Table) -> None:
    """As a list of its types and a mapping of its columns, a piece at a time: as Python values a
    million rows take some hundred megabytes."""
    _open(into, "sequence", 2)
    _feed(into, str(table.schema.types))
    _open(into, "mapping", table.num_columns)
    for name in table.column_names:
        _feed(into, name)
        _open(into, "sequence", table.num_rows)
        for start in range(0, table.num_rows, _PIECE):
            for one in table[name].slice(start, _PIECE).to_pylist():
                _feed(into, one)


def _array(into: _Hash, value: np.typing.NDArray[Any]) -> None:
    if value.dtype.hasobject:
        _feed(into, ["array", list(value.shape), value.ravel().tolist()])
        return
    plain = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
    if plain.dtype.kind == "f":
        # Any NaN is as good as another.
        plain = np.where(np.isnan(plain), np.array(np.nan, plain.dtype), plain)
    _feed(into, ["array", plain.dtype.str, list(plain.shape)])
    _tell(into, "bytes", plain.tobytes())
