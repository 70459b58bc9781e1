"""Whatever happens to workers, every item gets one result, and only what ends them is set aside."""

import logging
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.cluster import Spread, spread
from mos_assets.cluster.spread import MOST_LOSSES
from mos_assets.cluster.work import Done, Ended, Lost, Piece, Unfit
from mos_assets.errors import ClusterError, ToolError

LOG = logging.getLogger(__name__)
ENDS = -1
"""Result of an item that ends workers."""


class Cluster:
    """Workers as they are told: one piece a call; they end over some items, at some moments, or
    cannot do the work. An ended worker comes back under another name."""

    ahead = 1

    def __init__(self, workers: int, killers: frozenset[int], ends: Sequence[int], unfit: int):
        self.names = [f"w{number}" for number in range(workers)]
        self.unfit = set(self.names[:unfit])
        self.killers, self.ends = killers, list(ends)
        self.out: list[tuple[str, Piece[int]]] = []
        self.refused: dict[str, str] = {}
        self.turn = self.most = 0

    def workers(self) -> Mapping[str, int]:
        fit = {name: 1 for name in self.names if name not in self.refused}
        if not fit:
            raise ClusterError("nobody")
        return fit

    def submit(self, worker: str, piece: Piece[int]) -> None:
        assert worker in self.workers()
        held = [other for name, other in self.out if name == worker]
        assert len(held) < 2
        assert not piece.alone or (not held and len(piece.items) == 1)
        assert not any(other.alone for other in held)
        self.out.append((worker, piece))

    def wait(self, seconds: float) -> Sequence[Ended[int, int]]:
        if not self.out:
            return []
        self.turn += 1
        worker, piece = self.out[self.turn % len(self.out)]
        if worker in self.unfit:
            self.out.remove((worker, piece))
            self.refused[worker] = "full"
            return [Unfit(piece, worker, ToolError("full"))]
        if self.turn in self.ends or self.killers & set(piece.items):
            self.names[self.names.index(worker)] = f"w{len(self.names)}.{self.turn}"
            lost = [held for name, held in self.out if name == worker]
            self.out = [pair for pair in self.out if pair[0] != worker]
            return [Lost(held, worker, "ended") for held in lost]
        self.out.remove((worker, piece))
        return [Done(piece, worker, tuple(item * 2 for item in piece.items))]


def run(cluster: Cluster, pieces: Sequence[tuple[int, ...]]) -> tuple[dict[int, int], Spread]:
    found: dict[int, int] = {}

    def done(pairs: Sequence[tuple[int, int]]) -> None:
        assert not found.keys() & {item for item, _ in pairs}, "a result comes once"
        found.update(pairs)

    told = spread(
        pieces,
        cluster,
        done=done,
        doubtful=lambda result: False,
        ended=lambda item, reason: ENDS,
        log=LOG,
    )
    return found, told


@given(
    sizes=st.lists(st.integers(1, 5), max_size=20),
    workers=st.integers(2, 4),
    killers=st.frozensets(st.integers(0, 30), max_size=3),
    ends=st.sets(st.integers(1, 60), max_size=4),
    unfit=st.integers(0, 1),
)
def test_every_item_gets_one_result(
    sizes: list[int], workers: int, killers: frozenset[int], ends: set[int], unfit: int
) -> None:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(tuple(range(start, start + size)))
        start += size
    cluster = Cluster(workers, killers, sorted(ends), unfit)
    found, told = run(cluster, pieces)
    assert found.keys() == set(range(start))
    aside = {item for item, result in found.items() if result == ENDS}
    assert killers & set(range(start)) <= aside
    assert aside <= killers or len(ends) >= MOST_LOSSES
    assert told.set_aside == len(aside)
    assert not cluster.out


def test_a_cluster_that_finishes_nothing_is_an_error_and_not_the_items() -> None:
    with pytest.raises(ClusterError, match=r"times in a row .* ended\. Look at its log"):
        run(Cluster(2, frozenset(range(100)), [], 0), [(item,) for item in range(100)])


def test_what_every_worker_declines_ends_the_run() -> None:
    with pytest.raises(ClusterError, match="nobody"):
        run(Cluster(2, frozenset(), [], 2), [(1, 2), (3,)])


def test_a_doubtful_result_is_asked_of_another_worker_once() -> None:
    asked: list[int] = []

    def doubtful(result: int) -> bool:
        asked.append(result)
        return result == 4

    found: list[tuple[int, int]] = []
    told = spread(
        [(1, 2, 3)],
        Cluster(2, frozenset(), [], 0),
        done=found.extend,
        doubtful=doubtful,
        ended=lambda item, reason: ENDS,
        log=LOG,
    )
    assert sorted(found) == [(1, 2), (2, 4), (3, 6)]
    assert told.again == 1
    assert told.workers == {"w0": 3, "w1": 1}
