"""Reading the wire format of an ONNX file (protobuf), strictly, and without copying a weight.

A message here has only fields that a reader asks for, and a single one stands once: what
protobuf merges or skips, a check would not see. The `onnx` package is not needed, whose import
takes longer than all that a predictor does at its start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 1024
"""Fields of one message, and numbers of one field, unless a reader allows more: no head comes near,
and millions of empty ones would take minutes and gigabytes."""
_LENGTHS = {FIXED64: 8, FIXED32: 4}


class WireError(ValueError):
    """The bytes are not what was asked for; the text says why, as the end of a sentence."""


class Message:
    """One message: its fields by name, as whole numbers or as views into the file."""

    def __init__(
        self, data: memoryview, schema: Mapping[int, str], what: str, most: int = MOST_FIELDS
    ) -> None:
        """schema: field number → name; a name that ends with `*` may stand several times.

        Raises WireError for a field that is not in it or breaks off, and for more than `most`.
        """
        self.what = what
        fields = 0
        self._fields: dict[str, list[int | memoryview]] = {}
        at, end = 0, len(data)
        while at < end:
            fields += 1
            if fields > most:
                raise WireError(f"{what} has more than {most} parts")
            key, at = _varint(data, at)
            number, kind = key >> 3, key & 7
            name = schema.get(number)
            if name is None:
                raise WireError(f"{what} holds a field that is not known here ({number})")
            value: int | memoryview
            if kind == VARINT:
                value, at = _varint(data, at)
            else:
                length, at = _varint(data, at) if kind == BYTES else (_LENGTHS.get(kind, -1), at)
                if length < 0 or at + length > end:
                    raise WireError(f"{what} breaks off or is no protobuf")
                value = data[at : at + length]
                at += length
            found = self._fields.setdefault(name, [])
            if found and not name.endswith("*"):
                raise WireError(f"{what} says its {name} twice")
            found.append(value)

    def has(self, name: str) -> bool:
        """Whether the field is there at all, empty or not."""
        return name in self._fields

    def number(self, name: str) -> int:
        """A whole number, 0 where the field is not there. Raises WireError for another type."""
        (value,) = self._fields.get(name, [0])
        if not isinstance(value, int):
            raise WireError(f"{self.what} has a {name} that is no number")
        return _signed(value)

    def view(self, name: str) -> memoryview:
        """Bytes, none where the field is not there. Raises WireError for another type."""
        (value,) = self._fields.get(name, [memoryview(b"")])
        if isinstance(value, int):
            raise WireError(f"{self.what} has a {name} that is a number")
        return value

    def text(self, name: str) -> str:
        """A text, '' where the field is not there. Raises WireError where it is not UTF-8."""
        return _text(self.view(name), self.what)

    def texts(self, name: str) -> list[str]:
        """All texts of a field that may stand several times."""
        return [_text(view, self.what) for view in self.views(name)]

    def views(self, name: str) -> Sequence[memoryview]:
        """All values of such a field, as bytes. Raises WireError for another type."""
        found = self._fields.get(name, [])
        views = [value for value in found if isinstance(value, memoryview)]
        if len(views) != len(found):
            raise WireError(f"{self.what} has a {name.rstrip('*')} that is a number")
        return views

    def numbers(self, name: str) -> list[int]:
        """All whole numbers of such a field, written one by one or packed."""
        numbers: list[int] = []
        for value in self._fields.get(name, []):
            if isinstance(value, int):
                numbers.append(_signed(value))
                continue
            at = 0
            while at < len(value):
                if len(numbers) >= MOST_FIELDS:
                    raise WireError(f"{self.what} has more than {MOST_FIELDS} numbers")
                number, at = _varint(value, at)
                numbers.append(_signed(number))
        return numbers

    def size(self, name: str) -> int:
        """Bytes of all values of a field, a whole number counting as one."""
        found = self._fields.get(name, [])
        return sum(1 if isinstance(value, int) else len(value) for value in found)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise WireError("it breaks off or is no protobuf")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _text(view: memoryview, what: str) -> str:
    try:
        return bytes(view).decode()
    except UnicodeDecodeError as error:
        raise WireError(f"{what} has a name that is not UTF-8") from error
