"""Dealing groups into folds so that rows and mean MOS come out even.

Greedy dealing, largest group first, settles it where groups are many. Where they are few and
large, a local search over moves and swaps follows. Sums are exact (`math.fsum`) and the rest is
elementwise, so that the result is the same on every processor.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.records import FloatArray, IntArray

_SEARCHED_GROUPS = 128
"""Up to so many groups are searched; more of them come out even by dealing alone."""
_SEARCH_STEPS = 200
_ROWS_WEIGHT = 4.0
"""How much an uneven row count weighs against an uneven mean MOS, both as relative squares."""
_UNEVEN = 0.15
"""Range of row counts, as a share of a fold, that may be traded for an even mean MOS."""
_LEAST_GAIN = 1e-12


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """What one group brings to its fold."""

    rows: int
    mos_sum: float
    order: str
    """Settles ties; unique."""


def balanced_folds(groups: Sequence[GroupLoad], n_folds: int) -> tuple[int, ...]:
    """Fold of each group, 0..n_folds-1, in the order given; no fold is empty.

    Groups of one row each give row counts that differ by one at most. Needs at least as many
    groups as folds; which group shares a fold with which does not depend on their order.
    """
    if not 1 <= n_folds <= len(groups):
        raise ValueError(f"{len(groups)} groups cannot fill {n_folds} folds")
    largest_first = sorted(
        range(len(groups)),
        key=lambda i: (-groups[i].rows, -groups[i].mos_sum, groups[i].order),
    )
    best = np.zeros(len(groups), dtype=np.int64)
    loads = [(groups[i].rows, groups[i].mos_sum) for i in largest_first]
    best[largest_first] = dealt(loads, [(0, 0.0)] * n_folds)
    if n_folds > 1 and len(groups) <= _SEARCHED_GROUPS:
        search = _Search.over([groups[i] for i in largest_first], n_folds, best[largest_first])
        best[largest_first] = search.improved(best[largest_first])
    return tuple(int(fold) for fold in best)


def dealt(loads: Iterable[tuple[int, float]], filled: Iterable[tuple[int, float]]) -> list[int]:
    """Fold of each load when each in turn goes to the emptiest fold; of equals, to the first.

    Both are rows and sums of MOS; filled: what each fold holds before.
    """
    emptiest = [(rows, mos_sum, fold) for fold, (rows, mos_sum) in enumerate(filled)]
    heapq.heapify(emptiest)
    folds = []
    for more, more_mos in loads:
        rows, mos_sum, fold = emptiest[0]
        folds.append(fold)
        heapq.heapreplace(emptiest, (rows + more, mos_sum + more_mos, fold))
    return folds


@dataclass(frozen=True, eq=False)
class _Search:
    """Groups of one split, in an order of their own, and what counts as even."""

    size: FloatArray
    mos: FloatArray
    n_folds: int
    mean: float
    spread: float
    allowed: float
    """Range of row counts that no step may go beyond."""

    @classmethod
    def over(cls, groups: Sequence[GroupLoad], n_folds: int, dealt: IntArray) -> _Search:
        total = sum(g.rows for g in groups)
        mean = math.fsum(g.mos_sum for g in groups) / total
        square = math.fsum(g.rows * (g.mos_sum / g.rows - mean) ** 2 for g in groups) / total
        size = np.array([float(g.rows) for g in groups])
        rows = _per_fold(size, dealt, n_folds)
        # Single rows keep the dealt range of one; large groups may trade rows for mean MOS.
        traded = min(float(size.max()) - 1.0, _UNEVEN * total / n_folds)
        allowed = max(float(rows.max() - rows.min()), traded)
        return cls(
            size=size,
            mos=np.array([g.mos_sum for g in groups]),
            n_folds=n_folds,
            mean=mean,
            spread=math.sqrt(square) if square > 0.0 else 1.0,
            allowed=allowed,
        )

    def improved(self, folds: IntArray) -> IntArray:
        """Take the best move or swap until none helps."""
        folds = folds.copy()
        n = len(folds)
        # Column j < n swaps with group j; the columns after that move into a fold.
        gives = np.concatenate([self.size, np.zeros(self.n_folds)])
        gives_mos = np.concatenate([self.mos, np.zeros(self.n_folds)])
        for _ in range(_SEARCH_STEPS):
            rows = _per_fold(self.size, folds, self.n_folds)
            sums = _per_fold(self.mos, folds, self.n_folds)
            cost = self._cost(rows, sums)
            a = folds[:, None]
            b = np.concatenate([folds, np.arange(self.n_folds)])[None, :]
            out, out_mos = self.size[:, None] - gives, self.mos[:, None] - gives_mos
            rows_a, rows_b = rows[a] - out, rows[b] + out
            change = self._cost(rows_a, sums[a] - out_mos) + self._cost(rows_b, sums[b] + out_mos)
            change = change - cost[a] - cost[b]
            low, high = _range_of_others(rows)
            gap = np.maximum(np.maximum(rows_a, rows_b), high[a, b])
            gap = gap - np.minimum(np.minimum(rows_a, rows_b), low[a, b])
            change = np.where((a == b) | (gap > self.allowed), np.inf, change)
            i, j = divmod(int(np.argmin(change)), n + self.n_folds)
            if not change[i, j] < -_LEAST_GAIN:
                break
            source, folds[i] = int(folds[i]), b[0, j]
            if j < n:
                folds[j] = source
        return folds

    def _cost(self, rows: FloatArray, mos_sum: FloatArray) -> FloatArray:
        """Cost of folds of these loads; infinite where a fold is empty."""
        total = float(self.size.sum())
        filled = np.maximum(rows, 1.0)
        off_mean = (mos_sum / filled - self.mean) / self.spread
        off_rows = rows * self.n_folds / total - 1.0
        cost = filled / total * off_mean * off_mean
        cost = cost + _ROWS_WEIGHT / self.n_folds * off_rows * off_rows
        return np.where(rows < 1.0, np.inf, cost)


def _per_fold(load: FloatArray, folds: IntArray, n_folds: int) -> FloatArray:
    return np.array([math.fsum(load[folds == fold]) for fold in range(n_folds)])


def _range_of_others(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest row count among the folds other than a and b, [folds, folds] each."""
    n = len(rows)
    low, high = np.full((n, n), np.inf), np.full((n, n), -np.inf)
    for a in range(n):
        for b in range(n):
            rest = [rows[f] for f in range(n) if f not in (a, b)]
            if rest:
                low[a, b], high[a, b] = min(rest), max(rest)
    return low, high
