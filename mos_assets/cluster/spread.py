"""Pieces over workers: given out as workers have room, tried elsewhere where one was lost.

A piece that a worker ended over is tried on another one. Where that ends too it is taken apart,
and each item is computed alone on its worker; one that ends a second worker so is what ends them,
and is set aside. A worker that says that it cannot do such work gets none any more.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol

from mos_assets.cluster.work import Done, Ended, Engine, Item, Lost, Piece, Result, Unfit
from mos_assets.errors import ClusterError

MOST_LOSSES = 2
"""Workers that may end over a piece, and over one item of it alone, before it is taken apart, and
before the item is set aside."""
MOST_IN_A_ROW = 12
"""Workers that may end one after the other while none finishes anything: that is the cluster."""
LEAST_SET_ASIDE, SHARE_SET_ASIDE = 10, 0.02
"""Items that may be set aside at all: so many, or this share of all."""
_WAIT_S = 1.0


class Log(Protocol):
    """Where it is said what went wrong."""

    def warning(self, msg: str, /) -> None: ...


@dataclass
class Spread:
    """What became of the pieces."""

    pieces: int = 0
    again: int = 0
    """Pieces and items that were computed once more."""
    lost: int = 0
    """Workers that ended, or fell silent, over a piece; by pieces."""
    set_aside: int = 0
    workers: dict[str, int] = field(default_factory=dict)
    """Items that each worker has computed."""
    refused: dict[str, str] = field(default_factory=dict)
    """Workers that got no work, or no more, each with the reason."""


def spread(
    pieces: Sequence[tuple[Item, ...]],
    engine: Engine[Item, Result],
    *,
    done: Callable[[Sequence[tuple[Item, Result]]], None],
    doubtful: Callable[[Result], bool],
    ended: Callable[[Item, str], Result],
    log: Log,
) -> Spread:
    """Compute every item; `done` gets each with its result, once, in this thread.

    doubtful: whether another worker might come to another result; it is asked once, where there is
    one. ended: the result of an item that ends workers, from a reason. Raises ClusterError where
    the cluster does not let it go on, and what `engine` raises.
    """
    return _Spreading(pieces, engine, done, doubtful, ended, log).run()


class _Spreading(Generic[Item, Result]):
    def __init__(
        self,
        pieces: Sequence[tuple[Item, ...]],
        engine: Engine[Item, Result],
        done: Callable[[Sequence[tuple[Item, Result]]], None],
        doubtful: Callable[[Result], bool],
        ended: Callable[[Item, str], Result],
        log: Log,
    ) -> None:
        self._fresh: Iterator[Piece[Item]] = (Piece(items) for items in pieces)
        items = sum(map(len, pieces))
        self._most_set_aside = max(LEAST_SET_ASIDE, round(SHARE_SET_ASIDE * items))
        self._engine, self._done, self._doubtful = engine, done, doubtful
        self._ended, self._log = ended, log
        self._again: deque[Piece[Item]] = deque()
        self._out: Counter[str] = Counter()
        self._alone: set[str] = set()
        self._in_a_row = 0
        self._told = Spread(pieces=len(pieces))

    def run(self) -> Spread:
        while True:
            self._give_out()
            if not self._out and not self._again:
                head = next(self._fresh, None)
                if head is None:
                    self._told.refused.update(self._engine.refused)
                    return self._told
                self._again.append(head)
            for end in self._engine.wait(_WAIT_S):
                self._take(end)

    def _give_out(self) -> None:
        workers = self._engine.workers()
        if not workers:
            return
        kept = self._kept_free(workers)
        open_ = {name for name in workers if name != kept or not self._out[name]}
        while open_:
            worker = min(open_, key=lambda name: (self._out[name] / workers[name], name))
            room = workers[worker] + self._engine.ahead - self._out[worker]
            piece = self._next(worker, workers) if room > 0 and worker not in self._alone else None
            if piece is None:
                open_.discard(worker)
                continue
            if piece.alone:
                self._alone.add(worker)
            self._out[worker] += 1
            self._engine.submit(worker, piece)

    def _kept_free(self, workers: Mapping[str, int]) -> str | None:
        """The worker that gets nothing more until it is idle, for a piece that has to be alone."""
        waiting = [piece for piece in self._again if piece.alone]
        if not waiting:
            return None
        fit = workers.keys() - self._alone
        may = [name for name in fit if name not in waiting[0].shunned] or list(fit)
        return min(may, key=lambda name: (self._out[name], name), default=None)

    def _next(self, worker: str, workers: Mapping[str, int]) -> Piece[Item] | None:
        """What this worker may be given: what was lost elsewhere first."""
        idle = not self._out[worker]
        for index, piece in enumerate(self._again):
            elsewhere = workers.keys() - piece.shunned
            if (idle or not piece.alone) and (worker not in piece.shunned or not elsewhere):
                del self._again[index]
                return piece
        return next(self._fresh, None)

    def _take(self, end: Ended[Item, Result]) -> None:
        self._out[end.worker] -= 1
        if not self._out[end.worker]:
            del self._out[end.worker]
        if end.piece.alone:
            self._alone.discard(end.worker)
        match end:
            case Done():
                self._finished(end)
            case Unfit():
                if end.worker in self._engine.refused:
                    self._log.warning(f"{end.worker} gets no more work: {end.error}")
                self._retry([end.piece])
            case Lost():
                self._lost(end)

    def _finished(self, end: Done[Item, Result]) -> None:
        self._in_a_row = 0
        piece, worker = end.piece, end.worker
        known = self._told.workers
        known[worker] = known.get(worker, 0) + len(piece.items)
        pairs = list(zip(piece.items, end.results, strict=True))
        # Asked once: what failed on a worker may do so elsewhere, and then it is told.
        may = not piece.shunned and len(self._engine.workers()) > 1
        doubted = [item for item, result in pairs if may and self._doubtful(result)]
        if doubted:
            shunned = frozenset({worker})
            self._retry([Piece((item,), shunned) for item in doubted])
            pairs = [pair for pair in pairs if not self._doubtful(pair[1])]
        if pairs:
            self._done(pairs)

    def _lost(self, end: Lost[Item]) -> None:
        piece = replace(end.piece, shunned=end.piece.shunned | {end.worker})
        if not end.blamed:
            # A scheduler that is gone gives back all at once.
            self._retry([piece])
            return
        self._log.warning(f"{end.worker} {end.reason}; its clips are tried elsewhere")
        self._told.lost += 1
        self._in_a_row += 1
        if self._in_a_row >= MOST_IN_A_ROW:
            raise ClusterError(
                f"{self._in_a_row} times in a row a worker was lost while it measured, and none "
                f"finished anything; the last, {end.worker}, {end.reason}. Look at its log and its "
                "memory, and run again: what was measured is kept."
            )
        piece = replace(piece, losses=piece.losses + 1)
        if piece.losses < MOST_LOSSES and (piece.alone or len(piece.items) > 1):
            self._retry([piece])
        elif piece.alone:
            self._set_aside(piece.items[0], end)
        else:
            self._retry([Piece((item,), piece.shunned, alone=True) for item in piece.items])

    def _set_aside(self, item: Item, end: Lost[Item]) -> None:
        self._told.set_aside += 1
        reason = (
            f"{MOST_LOSSES} workers were lost while they measured it alone; the last, "
            f"{end.worker}, {end.reason}"
        )
        if self._told.set_aside > self._most_set_aside:
            raise ClusterError(
                f"Workers were lost over {self._told.set_aside} clips, which is hardly the clips' "
                f"fault; the last, {end.worker}, {end.reason}. Give the workers more memory, or "
                "look at their logs, and run again: what was measured is kept."
            )
        self._done([(item, self._ended(item, reason))])

    def _retry(self, pieces: Iterable[Piece[Item]]) -> None:
        for piece in pieces:
            self._told.again += 1
            self._again.append(piece)
