"""What is spread, what an engine is, and how a piece ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mos_assets.errors import MosAssetsError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has to be the same where the work is planned and where it is done."""

    what: str
    """As it stands in a sentence: `ffmpeg`, `the clip /data/a.mp4`."""
    value: str


@dataclass(frozen=True, slots=True)
class Work(Generic[Item, Result]):
    """A function of items, and what a worker has to share with the caller to compute it.

    Both functions are importable by name, or `functools.partial` of such a one with plain
    arguments: they are pickled by name and run from whatever folder a worker was started in.
    """

    function: Callable[[tuple[Item, ...]], tuple[Result, ...]]
    """A result an item. A MosAssetsError that it raises is the worker's, not the item's."""
    facts: Callable[[], tuple[Fact, ...]]
    """Asked here and on each worker."""


@dataclass(frozen=True, slots=True)
class Piece(Generic[Item]):
    """Items that one worker computes one after the other, and how that went so far."""

    items: tuple[Item, ...]
    shunned: frozenset[str] = frozenset()
    """Workers that it failed on."""
    alone: bool = False
    """Whether nothing else may be on its worker: it is to be seen what ends that."""
    losses: int = 0
    """Workers that ended over it, since it has had these items and has been alone or not."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """The piece has a result an item."""

    piece: Piece[Item]
    worker: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """The worker ended, or fell silent, while it had the piece."""

    piece: Piece[Item]
    worker: str
    reason: str
    blamed: bool = True
    """False where the piece cannot be the cause."""


@dataclass(frozen=True, slots=True)
class Unfit(Generic[Item]):
    """The worker cannot do such work; it gets none any more."""

    piece: Piece[Item]
    worker: str
    error: MosAssetsError


Ended = Done[Item, Result] | Lost[Item] | Unfit[Item]


class Engine(Protocol[Item, Result]):
    """Where pieces are computed."""

    ahead: int
    """Pieces that a worker may have beside those it computes, so that it need not wait for us."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Workers that are given nothing, each with the reason."""

    def workers(self) -> Mapping[str, int]:
        """Workers that may be given pieces → pieces that each computes at once; empty where some
        may still come. Raises ClusterError where none will."""

    def submit(self, worker: str, piece: Piece[Item]) -> None:
        """Hand over a piece; returns at once."""

    def wait(self, seconds: float) -> Sequence[Ended[Item, Result]]:
        """What has ended since the last call, waiting at most so long for the first.

        Raises whatever the work raised beside MosAssetsError: that is a defect.
        """
