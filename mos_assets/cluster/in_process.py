"""The engine of one machine: threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, Self

from mos_assets.cluster.work import Done, Ended, Item, Piece, Result, Unfit, Work
from mos_assets.errors import MosAssetsError

HERE = "this process"


class InProcess(Generic[Item, Result]):
    """Threads, which suit work that is done by programs and by libraries outside Python's lock."""

    ahead = 0

    def __init__(
        self,
        work: Work[Item, Result],
        workers: int,
        initializer: Callable[[], None] | None = None,
    ) -> None:
        self._function = work.function
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, initializer=initializer)
        self._out: dict[Future[tuple[Result, ...]], Piece[Item]] = {}
        self._unfit: MosAssetsError | None = None
        self.refused: Mapping[str, str] = {}

    def workers(self) -> Mapping[str, int]:
        if self._unfit is not None:
            raise self._unfit
        return {HERE: self._workers}

    def submit(self, worker: str, piece: Piece[Item]) -> None:
        self._out[self._pool.submit(self._function, piece.items)] = piece

    def wait(self, seconds: float) -> Sequence[Ended[Item, Result]]:
        finished, _ = wait(self._out, seconds, FIRST_COMPLETED)
        ended: list[Ended[Item, Result]] = []
        for future in finished:
            piece = self._out.pop(future)
            try:
                ended.append(Done(piece, HERE, future.result()))
            except MosAssetsError as error:
                self._unfit = error
                ended.append(Unfit(piece, HERE, error))
        return ended

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Pieces in work are finished, those that wait are not begun.
        self._pool.shutdown(wait=True, cancel_futures=True)
