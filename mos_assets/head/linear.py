"""The linear expert: ridge regression in closed form (Hoerl & Kennard, Technometrics 1970).

It is exact where the ratings follow the features in a straight line, which small networks only
approach, and where columns outnumber clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.head.exact import product
from mos_assets.head.solve import solve_positive
from mos_assets.records import FloatArray


@dataclass(frozen=True, eq=False)
class Linear:
    """mos = scores · weight + bias."""

    weight: FloatArray
    """[C]."""
    bias: float

    @property
    def n_parameters(self) -> int:
        return len(self.weight) + 1

    def mos(self, scores: FloatArray) -> FloatArray:
        """MOS [n] of scores [n, C], not yet held within 1..5."""
        return product(scores, self.weight[:, None])[:, 0] + self.bias


class LinearFit:
    """Rows prepared once, to be fitted with several penalties.

    scores: [n, C] on a grid; mos: [n]. The smaller of the two systems is solved: C × C, or
    n × n where there are more columns than rows.
    """

    def __init__(self, scores: FloatArray, mos: FloatArray) -> None:
        rows = len(mos)
        self._centre = product(np.ones((1, rows)), scores)[0] / rows
        self._mean = float(product(np.ones((1, rows)), mos[:, None])[0, 0] / rows)
        self._scores = scores - self._centre
        self._off = mos - self._mean
        self._wide = scores.shape[1] > rows
        side = self._scores if self._wide else self._scores.T
        self._gram = product(side, side.T)
        self._right = self._off if self._wide else product(side, self._off[:, None])[:, 0]

    def fit(self, penalty: float) -> Linear:
        """Minimise the squared error plus penalty · |weight|²; penalty > 0."""
        system = self._gram.copy()
        system[np.diag_indices_from(system)] += penalty
        solution = solve_positive(system, self._right)
        if self._wide:
            solution = product(self._scores.T, solution[:, None])[:, 0]
        bias = self._mean - float(product(self._centre[None, :], solution[:, None])[0, 0])
        return Linear(solution, bias)
