"""Rows as columns: a sequence that makes its objects some at a time."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import TypeVar, overload

import numpy as np

BATCH = 10_000
"""Rows that are objects at once."""
Row = TypeVar("Row")


class Rows(Sequence[Row]):
    """A sequence whose rows are made from columns, some at a time, whenever it is gone through."""

    @abstractmethod
    def _made(self, start: int, stop: int) -> list[Row]:
        """The rows from `start` up to `stop`."""

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        if isinstance(at, slice):
            places = range(len(self))[at]
            if places.step == 1:
                return tuple(self._made(places.start, max(places.start, places.stop)))
            return tuple(self[each] for each in places)
        place = range(len(self))[at]
        return self._made(place, place + 1)[0]

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), BATCH):
            yield from self._made(start, min(start + BATCH, len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


def met_twice(
    texts: Callable[[], Iterable[str | None]], key: Callable[[str], str] = str
) -> dict[int, str]:
    """Place → key, of texts whose key stands in more than one place; None counts for nothing.

    texts: gives them, as often as it is called. Hashes tell nearly all keys apart, in a tenth of
    the memory that a dictionary takes.
    """
    told = (0 if text is None else hash(key(text)) for text in texts())
    hashes = np.array(array("q", told))
    ordered = np.sort(hashes)
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    maybe = np.isin(hashes, again)
    some = zip(
        np.flatnonzero(maybe).tolist(), compress(texts() if len(again) else (), maybe), strict=True
    )
    found = {at: key(text) for at, text in some if text is not None}
    of = Counter(found.values())
    return {at: value for at, value in found.items() if of[value] > 1}
