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
from typing import Any, Generic
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, as_completed

from mos_assets.cluster.fitness import refusals
from mos_assets.cluster.on_worker import Declined, answer, compute, packed
from mos_assets.cluster.roster import Roster
from mos_assets.cluster.work import Done, Ended, Item, Lost, Piece, Result, Unfit, Work
from mos_assets.errors import ClusterError

CONNECT_S = 10.0
"""Until a scheduler that does not answer is an error."""
JOIN_S = 30.0
"""Until a cluster without any worker is an error, at the start."""
ANSWER_S = 120.0
"""Until one whose workers do not say what they are is an error: they load what measuring needs."""
PATIENCE_S = 120.0
"""Until a scheduler that was there and is gone, or whose workers all are, is an error: longer than
a lost network or the start of a worker takes."""
LOOK_S = 1.0
_POLL_S = 0.02
_ASKING_S = 0.1


class DaskEngine(Generic[Item, Result]):
    """Pieces on the workers of the scheduler at `address`."""

    ahead = 1

    def __init__(self, work: Work[Item, Result], address: str) -> None:
        """Connect. Raises ClusterError where nobody answers, and what asking for facts raises."""
        self._work, self._address = work, address
        self._out: dict[str, tuple[str, Piece[Item], Future[Any]]] = {}
        self._ended: list[Ended[Item, Result]] = []
        self._names = (f"mos-{uuid4().hex[:8]}-{number}" for number in itertools.count())
        self._roster = Roster(work.facts(), self._ask)
        self._scheduler = ""
        self._looked = 0.0
        self._connect()
        self._heard = self._useful = time.monotonic()
        self._worked = False

    @property
    def refused(self) -> Mapping[str, str]:
        return self._roster.refused

    def workers(self) -> Mapping[str, int]:
        now = time.monotonic()
        if now - self._looked >= LOOK_S or not self._roster.fit:
            self._looked = now
            self._look(now)
        fit = self._roster.fit
        if fit:
            self._useful, self._worked = now, True
        elif self._roster.all_refused or now - self._useful > self._waits:
            raise ClusterError(self._why_nobody())
        return fit

    def submit(self, worker: str, piece: Piece[Item]) -> None:
        cores = self._roster.cores.get(worker, ())
        call = packed(compute, self._work.function, piece.items, cores)
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

    @property
    def _waits(self) -> float:
        """Seconds that a cluster may be without a worker now."""
        if self._roster.asked:
            return ANSWER_S
        return PATIENCE_S if self._worked else JOIN_S

    def _connect(self) -> None:
        try:
            self._client = Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {self._address} ({error}). Start it "
                "(`dask scheduler`), or set MOS_CLUSTER to where it is."
            ) from None
        self._finished = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)

    def _ask(self, worker: str) -> Future[Any]:
        return self._submitted(worker, packed(answer, self._work.facts))

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
                self._roster.refused[worker] = result.message
                return Unfit(piece, worker, ClusterError(result.message))
            return Done(piece, worker, result)
        error = result[1] if status == "error" else None
        if error is None or isinstance(error, CancelledError):
            # Dask gave it up with its connection, or somebody has taken it from the worker.
            return Lost(piece, worker, f"gave it back ({status})", blamed=False)
        if isinstance(error, KilledWorker):
            return Lost(piece, worker, "ended")
        if isinstance(error, MemoryError):
            return Lost(piece, worker, "ran out of memory")
        raise error

    def _look(self, now: float) -> None:
        """Who is there, who is gone, and who has answered."""
        told = self._told(now)
        if told is None:
            return
        self._heard = now
        if told["id"] != self._scheduler:
            self._scheduler = told["id"]
            self._roster.forget()
            self._give_back(None, "was of a scheduler that is gone", blamed=False)
        for name, reason in self._roster.see(told["workers"], now).items():
            self._give_back(name, reason)

    def _told(self, now: float) -> Any:
        """What the scheduler says of itself and its workers; None where it is silent for now."""
        try:
            if self._client.status == "closed":
                self._connect()
            scheduler: Any = self._client.scheduler
            return self._client.sync(scheduler.identity, n_workers=-1, callback_timeout=CONNECT_S)
        except (OSError, TimeoutError, AttributeError, RuntimeError, ClusterError) as error:
            # AttributeError and RuntimeError: Dask has no connection in between, or a closed one.
            if now - self._heard < PATIENCE_S:
                return None
            raise ClusterError(
                f"The Dask scheduler at {self._address} is gone since {now - self._heard:.0f} s "
                f"({error}). Start it and its workers, and run again: what was measured is kept."
            ) from None

    def _give_back(self, name: str | None, reason: str, *, blamed: bool = True) -> None:
        """End what this worker has, or every one."""
        for key, (worker, piece, future) in list(self._out.items()):
            if name in (None, worker):
                del self._out[key]
                future.cancel()
                self._ended.append(Lost(piece, worker, reason, blamed))

    def _why_nobody(self) -> str:
        if self.refused:
            return (
                f"No worker of {self._address} can be used. {refusals(self.refused)}. Give the "
                "workers the same installation and the same folders of clips, and run again."
            )
        if self._roster.asked:
            return (
                f"The workers of {self._address} have not answered for {self._waits:.0f} s. Look "
                "at their logs, and run again: what was measured is kept."
            )
        return (
            f"The Dask scheduler at {self._address} has had no worker for {self._waits:.0f} s. "
            f"Start some (`dask worker {self._address}`), and run again: what was measured is kept."
        )
