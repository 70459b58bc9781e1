"""The engine of many machines: the workers of a Dask cluster, each piece pinned to one of them.

Dask carries calls there and results back, keeps workers alive and says which are there. Which
worker a piece goes to is said here: to one that has answered what it is, and that is as the caller
is; so it is known which pieces a lost worker had.
"""

from __future__ import annotations

import itertools
import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, as_completed

from mos_assets.cluster.fitness import dealt_cores, differences, refusals
from mos_assets.cluster.on_worker import Answer, Declined, answer, compute, packed
from mos_assets.cluster.work import Done, Ended, Item, Lost, Piece, Result, Unfit, Work
from mos_assets.errors import ClusterError

CONNECT_S = 10.0
"""Until a scheduler that does not answer is an error."""
JOIN_S = 30.0
"""Until a cluster without any worker that can be used is an error, at the start."""
PATIENCE_S = 120.0
"""Until a scheduler that was there and is gone, or whose workers all are, is an error: longer than
a lost network or the start of a worker takes."""
PAUSED_S = 60.0
"""Until a worker that Dask has paused, since its memory is full, gets no more work."""
LOOK_S = 1.0
_POLL_S = 0.02
_ASKING_S = 0.1
_PAUSED = "paused"


@dataclass(slots=True)
class _Worker:
    """A worker that is there."""

    threads: int
    asked: Future[Any]
    answer: Answer | None = None
    paused_since: float | None = None


class DaskEngine(Generic[Item, Result]):
    """Pieces on the workers of the scheduler at `address`."""

    ahead = 1

    def __init__(self, work: Work[Item, Result], address: str) -> None:
        """Connect. Raises ClusterError where nobody answers, and what asking for facts raises."""
        self._work, self._address = work, address
        self._here = work.facts()
        self.refused: dict[str, str] = {}
        self._known: dict[str, _Worker] = {}
        self._cores: dict[str, tuple[int, ...]] = {}
        self._out: dict[str, tuple[str, Piece[Item], Future[Any]]] = {}
        self._ended: list[Ended[Item, Result]] = []
        self._names = (f"mos-{uuid4().hex[:8]}-{number}" for number in itertools.count())
        self._client = self._connected()
        self._finished = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        self._looked = 0.0
        self._heard = self._useful = time.monotonic()
        self._patience = JOIN_S

    def workers(self) -> Mapping[str, int]:
        now = time.monotonic()
        if now - self._looked >= LOOK_S or not self._fit():
            self._looked = now
            self._look(now)
        fit = self._fit()
        if fit:
            self._useful, self._patience = now, PATIENCE_S
        elif now - self._useful > self._patience or self._all_refused():
            raise ClusterError(self._why_nobody())
        return fit

    def submit(self, worker: str, piece: Piece[Item]) -> None:
        call = packed(compute, self._work.function, piece.items, self._cores.get(worker, ()))
        future = self._submitted(worker, call)
        self._out[str(future.key)] = (worker, piece, future)
        self._finished.add(future)

    def wait(self, seconds: float) -> Sequence[Ended[Item, Result]]:
        # Nothing is out where workers are still asked what they are.
        end = time.monotonic() + (seconds if self._out else min(seconds, _ASKING_S))
        while not self._ended and not self._finished.has_ready() and time.monotonic() < end:
            time.sleep(_POLL_S)
        ended, self._ended = self._ended, []
        for future, result in self._finished.next_batch(block=False):
            found = self._out.pop(str(future.key), None)
            if found is not None:
                ended.append(self._outcome(found[0], found[1], future.status, result))
        return ended

    def close(self) -> None:
        """Leave the cluster; what its workers still compute for us is dropped."""
        self._client.close(timeout=CONNECT_S)

    def _connected(self) -> Client:
        try:
            return Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {self._address} ({error}). Start it "
                "(`dask scheduler`), or set MOS_CLUSTER to where it is."
            ) from None

    def _submitted(self, worker: str, call: bytes) -> Future[Any]:
        return self._client.submit(
            pickle.loads,
            call,
            key=next(self._names),
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )

    def _outcome(
        self, worker: str, piece: Piece[Item], status: str, result: Any
    ) -> Ended[Item, Result]:
        if status == "finished":
            if isinstance(result, Declined):
                self.refused[worker] = result.message
                return Unfit(piece, worker, ClusterError(result.message))
            return Done(piece, worker, result)
        error = result[1] if isinstance(result, tuple) else result
        if isinstance(error, KilledWorker):
            return Lost(piece, worker, "ended")
        if isinstance(error, MemoryError):
            return Lost(piece, worker, "ran out of memory")
        if isinstance(error, CancelledError):
            return Lost(piece, worker, f"gave it back ({error})", blamed=False)
        raise error

    def _look(self, now: float) -> None:
        """Who is there, who is gone, and who has answered."""
        scheduler: Any = self._client.scheduler
        try:
            told = self._client.sync(scheduler.identity, n_workers=-1, callback_timeout=CONNECT_S)[
                "workers"
            ]
        except (OSError, TimeoutError, AttributeError) as error:
            if now - self._heard > PATIENCE_S or self._client.status == "closed":
                raise ClusterError(
                    f"The Dask scheduler at {self._address} is gone ({error or 'it is silent'}). "
                    "Start it and its workers, and run again: what was measured is kept."
                ) from None
            return
        self._heard = now
        for name in self._known.keys() - told.keys():
            del self._known[name]
            self._lose(name, "ended, or lost the scheduler")
        for name in told.keys() - self._known.keys() - self.refused.keys():
            asked = self._submitted(name, packed(answer, self._work.facts))
            self._known[name] = _Worker(int(told[name]["nthreads"]), asked)
        for name, worker in list(self._known.items()):
            self._hear(name, worker)
            self._watch(name, worker, str(told[name]["status"]), now)
        answers = {name: w.answer for name, w in self._known.items() if w.answer is not None}
        self._cores = dealt_cores(answers, {name: w.threads for name, w in self._known.items()})

    def _hear(self, name: str, worker: _Worker) -> None:
        """Take the answer of a worker that was asked what it is."""
        if worker.answer is not None or name in self.refused or not worker.asked.done():
            return
        try:
            said = worker.asked.result(timeout=CONNECT_S)
        except TimeoutError:
            return
        except Exception as error:
            self.refused[name] = f"it cannot run this ({type(error).__name__}: {error})"
            return
        if isinstance(said, Declined):
            self.refused[name] = said.message
            return
        differs = differences(self._here, said.facts)
        if differs is None:
            worker.answer = said
        else:
            self.refused[name] = differs

    def _watch(self, name: str, worker: _Worker, status: str, now: float) -> None:
        """Take back what a worker has that Dask holds still since its memory is full."""
        if status != _PAUSED:
            worker.paused_since = None
            return
        worker.paused_since = worker.paused_since or now
        if now - worker.paused_since > PAUSED_S:
            self.refused[name] = "its memory is full, and Dask has paused it"
            self._lose(name, "has no memory left and was paused by Dask")

    def _lose(self, name: str, reason: str) -> None:
        for key, (worker, piece, future) in list(self._out.items()):
            if worker == name:
                del self._out[key]
                future.cancel()
                self._ended.append(Lost(piece, name, reason))

    def _fit(self) -> dict[str, int]:
        return {
            name: worker.threads
            for name, worker in self._known.items()
            if worker.answer is not None
            and worker.paused_since is None
            and name not in self.refused
        }

    def _all_refused(self) -> bool:
        return bool(self._known) and self._known.keys() <= self.refused.keys()

    def _why_nobody(self) -> str:
        if self.refused:
            return (
                f"No worker of {self._address} can be used. {refusals(self.refused)}. Give the "
                "workers the same installation and the same folders of clips, and run again."
            )
        return (
            f"The Dask scheduler at {self._address} has had no worker for {self._patience:.0f} s. "
            f"Start some (`dask worker {self._address}`), and run again: what was measured is kept."
        )
