"""Ridge regression in closed form (Hoerl & Kennard, Technometrics 1970).

It is exact where the ratings follow the features in a straight line, which small networks only
approach, and where columns outnumber clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mos_assets.head.exact import product
from mos_assets.head.experts.base import Expert, FittedExpert, Sample
from mos_assets.head.graph import Graph
from mos_assets.head.solve import solve_positive
from mos_assets.records import FloatArray


@dataclass(frozen=True)
class Ridge(Expert):
    """A straight line; alpha is chosen on inner folds."""

    words: ClassVar[str] = "ridge regression"
    grid: ClassVar[tuple[tuple[float, ...], ...]] = (tuple(10.0**power for power in range(-3, 6)),)
    """alpha."""

    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        return RidgeSolver(sample.inputs, sample.mos, sample.weights)


@dataclass(frozen=True, eq=False)
class FittedRidge(FittedExpert):
    """mos = inputs · weight + bias."""

    weight: FloatArray
    """[C]."""
    bias: float

    def predict(self, inputs: FloatArray) -> FloatArray:
        return product(inputs, self.weight[:, None])[:, 0] + self.bias

    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        weight = graph.tensor(f"{prefix}weight", self.weight[:, None])
        return graph.add("Add", graph.add("MatMul", inputs, weight), graph.constant(self.bias))


class RidgeSolver:
    """Rows prepared once, to be solved for several alphas.

    inputs: [n, C] on a grid; mos: [n]; weights: [n] of the squared errors, None where all count
    the same. The smaller of the two systems is solved: C × C, or n × n where there are more
    columns than rows.
    """

    def __init__(
        self, inputs: FloatArray, mos: FloatArray, weights: FloatArray | None = None
    ) -> None:
        rows = len(mos)
        shares = np.ones((1, rows)) if weights is None else weights[None, :]
        total = rows if weights is None else math.fsum(weights.tolist())
        self._mean_inputs = product(shares, inputs)[0] / total
        self._mean_mos = float(product(shares, mos[:, None])[0, 0] / total)
        self._inputs = inputs - self._mean_inputs
        mos = mos - self._mean_mos
        if weights is not None:
            # A squared error counts w times where both sides are stretched by sqrt(w).
            root = np.sqrt(weights)
            self._inputs, mos = self._inputs * root[:, None], mos * root
        self._wide = inputs.shape[1] > rows
        side = self._inputs if self._wide else self._inputs.T
        self._gram = product(side, side.T)
        self._right = mos if self._wide else product(side, mos[:, None])[:, 0]

    def __call__(self, alpha: float) -> FittedRidge:
        """As `solve`."""
        return self.solve(alpha)

    def solve(self, alpha: float) -> FittedRidge:
        """Minimise the (weighted) squared error plus alpha · |weight|²; alpha > 0."""
        system = self._gram.copy()
        system[np.diag_indices_from(system)] += alpha
        weight = solve_positive(system, self._right)
        if self._wide:
            weight = product(self._inputs.T, weight[:, None])[:, 0]
        at_mean = float(product(self._mean_inputs[None, :], weight[:, None])[0, 0])
        return FittedRidge(weight, self._mean_mos - at_mean)

    def screen(self, unseen: FloatArray) -> Callable[[float], FloatArray]:
        """alpha → about what `solve` says of unseen [m, C]."""
        centred = unseen - self._mean_inputs
        cross = centred @ self._inputs.T if self._wide else centred
        at_diagonal = np.diag_indices_from(self._gram)

        def predict(alpha: float) -> FloatArray:
            system = self._gram.copy()
            system[at_diagonal] += alpha
            found: FloatArray = cross @ np.linalg.solve(system, self._right) + self._mean_mos
            return found

        return predict
