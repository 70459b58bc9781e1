"""The workers of a cluster: who is there, who may compute, who is refused and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from distributed import CancelledError, Future

from mos_assets.cluster.fitness import dealt_cores, differences
from mos_assets.cluster.on_worker import Answer, Declined
from mos_assets.cluster.work import Fact

PAUSED_S = 60.0
"""Until a worker that Dask has paused, since its memory is full, gets no more work."""
FETCH_S = 10.0
"""Until an answer that is there, and cannot be fetched, is asked for later."""
_FULL = "its memory is full, and Dask has paused it"
"""Until it goes on."""
_PAUSED = "paused"


@dataclass(slots=True)
class _Worker:
    """A worker that is there."""

    threads: int
    asked: Future[Any]
    answer: Answer | None = None
    paused_since: float | None = None


class Roster:
    """Asks each worker once what it is, and refuses one that is not as the caller is."""

    def __init__(self, here: tuple[Fact, ...], ask: Callable[[str], Future[Any]]) -> None:
        """here: what the caller is. ask: sends the question to a worker."""
        self._here, self._ask = here, ask
        self._known: dict[str, _Worker] = {}
        self.refused: dict[str, str] = {}
        self.cores: dict[str, tuple[int, ...]] = {}
        """Worker → a core for each of its threads."""

    def see(self, told: Mapping[str, Mapping[str, Any]], now: float) -> dict[str, str]:
        """Take in who is there, by address, as the scheduler tells it; who has to give back what it
        has, each with the reason."""
        gone = dict.fromkeys(self._known.keys() - told.keys(), "ended, or lost the scheduler")
        for name in gone:
            del self._known[name]
        for name in sorted(told.keys() - self._known.keys() - self.refused.keys()):
            self._known[name] = _Worker(int(told[name]["nthreads"]), self._ask(name))
        for name, worker in self._known.items():
            if worker.answer is None and name not in self.refused and worker.asked.done():
                self._hear(name, worker)
            if str(told[name]["status"]) != _PAUSED:
                worker.paused_since = None
                if self.refused.get(name) == _FULL:
                    del self.refused[name]
                continue
            worker.paused_since = worker.paused_since or now
            if now - worker.paused_since > PAUSED_S and name not in self.refused:
                self.refused[name] = _FULL
                gone[name] = "has no memory left and was paused by Dask"
        answers = {name: w.answer for name, w in self._known.items() if w.answer is not None}
        self.cores = dealt_cores(answers, {name: w.threads for name, w in self._known.items()})
        return gone

    def forget(self) -> None:
        """Nobody is known: the scheduler is another one."""
        self._known.clear()

    @property
    def fit(self) -> dict[str, int]:
        """Worker → threads, of those that may be given work now."""
        return {
            name: worker.threads
            for name, worker in self._known.items()
            if worker.answer is not None
            and worker.paused_since is None
            and name not in self.refused
        }

    @property
    def asked(self) -> bool:
        """Whether some are there that have not said yet what they are."""
        return any(
            worker.answer is None and name not in self.refused
            for name, worker in self._known.items()
        )

    @property
    def all_refused(self) -> bool:
        """Whether some are there, and none of them may ever be given work."""
        return bool(self._known) and self._known.keys() <= self.refused.keys()

    def _hear(self, name: str, worker: _Worker) -> None:
        """Take the answer of a worker that was asked what it is."""
        try:
            said = worker.asked.result(timeout=FETCH_S)
        except TimeoutError:
            return
        except CancelledError:
            worker.asked = self._ask(name)
            return
        except Exception as error:
            # Whatever it is, this worker cannot even say what it is.
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
