"""A Gaussian kernel on inducing points that no clip stands behind.

Regularised kernel regression on a few hundred inducing points (Quiñonero-Candela & Rasmussen, JMLR
2005, subset of regressors). They are drawn from a normal distribution with mean and covariance of
the training rows instead of from the rows: features of single clips must not leave with the head.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from mos_assets.head.exact import INPUT_BITS, exp, grid_gram, product, to_grid
from mos_assets.head.experts.base import (
    LARGE_ROWS,
    PIECE_ROWS,
    Expert,
    FittedExpert,
    Sample,
    at_least_one,
)
from mos_assets.head.graph import Graph
from mos_assets.head.solve import cholesky, solve_positive
from mos_assets.records import FloatArray

_VALUE_BITS = 20
_JITTER = 1e-9
"""Share of the largest diagonal entry that is added to every system, so that it can be
factorised."""
_COVARIANCE_ROWS = 4096
"""Rows that the covariance of the inducing points is taken from, at most."""
_SHRINKAGE = 0.1
"""Share of every correlation that the inducing points do without."""
_LEAST_VARIANCE = 1e-6
_TUNING_POINTS, _LEAST_POINTS = 256, 16
_MOST_NUMBERS = 250_000
"""Numbers that the inducing points of one expert may hold."""


@dataclass(frozen=True)
class Kernel(Expert):
    """A smooth surface; gamma and alpha are chosen on inner folds."""

    inducing_points: int = 512

    words: ClassVar[str] = "a Gaussian kernel in closed form"
    grid: ClassVar[tuple[tuple[float, ...], ...]] = (
        (0.03, 0.1, 0.3, 1.0, 3.0),
        tuple(10.0**power for power in range(-4, 2)),
    )
    """gamma times the number of varying columns; alpha."""

    def __post_init__(self) -> None:
        at_least_one(self, "inducing_points")

    @property
    def params(self) -> dict[str, Any]:
        # Released manifests call them so.
        return {"centres": self.inducing_points}

    def for_table(self, rows: int, contents: int) -> Self:
        return replace(self, inducing_points=512 if rows < LARGE_ROWS else 256)

    def for_tuning(self) -> Self:
        return replace(self, inducing_points=min(self.inducing_points, _TUNING_POINTS))

    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        inputs = sample.inputs
        wanted = min(self.inducing_points, len(inputs))
        count = max(_LEAST_POINTS, min(wanted, _MOST_NUMBERS // inputs.shape[1]))
        drawn = draw_inducing_points(inputs, count, np.random.default_rng(sample.stream))
        solver = KernelSolver(inputs, sample.mos, drawn, sample.weights)
        return _Prepared(solver, max(1, sample.varying))


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A solver whose gammas are those of the grid."""

    solver: KernelSolver
    varying: float

    def __call__(self, gamma: float, alpha: float) -> FittedKernel:
        return self.solver.solve(gamma / self.varying, alpha)

    def screen(self, unseen: FloatArray) -> Callable[[float, float], FloatArray]:
        predict = self.solver.screen(unseen)
        return lambda gamma, alpha: predict(gamma / self.varying, alpha)


@dataclass(frozen=True, eq=False)
class FittedKernel(FittedExpert):
    """mos = exp(-gamma · |inputs - inducing points|²) · weight + bias."""

    inducing_points: FloatArray
    """[M, C]."""
    gamma: float
    weight: FloatArray
    """[M]."""
    bias: float

    def predict(self, inputs: FloatArray) -> FloatArray:
        values = exp(-self.gamma * squared_distances(inputs, self.inducing_points))
        return product(values, self.weight[:, None])[:, 0] + self.bias

    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        add, points = graph.add, self.inducing_points
        of_rows = add("ReduceSum", add("Mul", inputs, inputs), graph.indices(1), keepdims=1)
        norms = product(points**2, np.ones((points.shape[1], 1)))
        of_points = graph.tensor(f"{prefix}norms", norms.T)
        # Part of the bytes of released heads, hence the name.
        cross = add("MatMul", inputs, graph.tensor(f"{prefix}centres", points.T))
        twice = add("Mul", cross, graph.constant(2.0))
        squared = add("Relu", add("Sub", add("Add", of_rows, of_points), twice))
        values = add("Exp", add("Mul", squared, graph.constant(-self.gamma)))
        weight = graph.tensor(f"{prefix}weight", self.weight[:, None])
        return add("Add", add("MatMul", values, weight), graph.constant(self.bias))


def squared_distances(inputs: FloatArray, points: FloatArray) -> FloatArray:
    """[n, M] squared Euclidean distances of rows [n, C] to points [M, C]."""
    ones = np.ones((inputs.shape[1], 1))
    of_rows, of_points = product(inputs**2, ones), product(points**2, ones)
    return np.maximum(of_rows + of_points.T - 2.0 * product(inputs, points.T), 0.0)


def draw_inducing_points(inputs: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """[count, C] normal draws with mean and covariance of inputs [n, C], on the inputs' grid.

    Nothing else of the rows enters: mixing rows, however randomly, could be undone by whoever
    knows the seed. A tenth of the correlations is given up, so that few rows do not shine through
    the covariance of many columns. Columns that do not vary stay at their value.
    """
    thinned = inputs[:: -(-len(inputs) // _COVARIANCE_ROWS)]
    rows = len(thinned)
    mean = product(np.ones((1, rows)), thinned) / rows
    centred = thinned - mean
    covariance = product(centred.T, centred) / rows
    variances = np.diagonal(covariance).copy()
    shrunk = (1.0 - _SHRINKAGE) * covariance
    shrunk[np.diag_indices_from(shrunk)] = variances + _LEAST_VARIANCE
    factor = np.tril(cholesky(shrunk))
    draws = product(rng.standard_normal((count, len(variances))), factor.T)
    return to_grid(mean + np.where(variances > 0, draws, 0.0), INPUT_BITS)


class KernelSolver:
    """Rows prepared once, to be solved for several gammas and alphas."""

    def __init__(
        self,
        inputs: FloatArray,
        mos: FloatArray,
        points: FloatArray,
        weights: FloatArray | None = None,
    ) -> None:
        self._inputs, self._points = inputs, points
        rows = len(mos)
        shares = np.ones((1, rows)) if weights is None else weights[None, :]
        total = rows if weights is None else math.fsum(weights.tolist())
        self._mean_mos = float(product(shares, mos[:, None])[0, 0] / total)
        self._mos = mos - self._mean_mos
        self._root: FloatArray | None = None
        self._heaviest = 1.0
        if weights is not None:
            # Both sides are stretched by sqrt(w), relative to the largest so that the values stay
            # within the bounds of their grid.
            self._heaviest = float(weights.max())
            self._root = np.sqrt(weights / self._heaviest)
            self._mos = self._mos * self._root
        self._between = squared_distances(points, points)
        self._systems: dict[float, tuple[FloatArray, FloatArray, FloatArray]] = {}

    def solve(self, gamma: float, alpha: float) -> FittedKernel:
        """Minimise the (weighted) squared error plus alpha · |f|² in the norm of the kernel."""
        if gamma not in self._systems:
            self._systems[gamma] = self._system(gamma)
        gram, right, norm = self._systems[gamma]
        weight = solve_positive(_penalised(gram, norm, alpha), right)
        return FittedKernel(self._points, gamma, weight, self._mean_mos)

    def screen(self, unseen: FloatArray) -> Callable[[float, float], FloatArray]:
        """gamma, alpha → about what `solve` says of unseen [m, C]; for some thousand rows."""
        squares = _rough_distances(self._inputs, self._points)
        systems: dict[float, tuple[FloatArray, ...]] = {}

        def predict(gamma: float, alpha: float) -> FloatArray:
            if gamma not in systems:
                systems.clear()
                values = self._on_grid(np.exp(-gamma * squares), slice(None))
                gram, right = grid_gram(values), values.T @ self._mos
                if self._root is not None:
                    gram, right = gram * self._heaviest, right * self._heaviest
                norm = np.exp(-gamma * self._between)
                systems[gamma] = gram, right, norm, self._rough_values(unseen, gamma)
            gram, right, norm, values = systems[gamma]
            found: FloatArray = values @ np.linalg.solve(_penalised(gram, norm, alpha), right)
            return found + self._mean_mos

        return predict

    def _rough_values(self, unseen: FloatArray, gamma: float) -> FloatArray:
        """[m, M] of unseen [m, C], piece by piece: these are the largest arrays of a search."""
        found = np.empty((len(unseen), len(self._points)))
        for start in range(0, len(unseen), PIECE_ROWS):
            rows = slice(start, start + PIECE_ROWS)
            np.exp(-gamma * _rough_distances(unseen[rows], self._points), out=found[rows])
        return found

    def _system(self, gamma: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Gram matrix, right-hand side and norm of one gamma."""
        count = len(self._points)
        gram, right = np.zeros((count, count)), np.zeros(count)
        for start in range(0, len(self._inputs), PIECE_ROWS):
            rows = slice(start, start + PIECE_ROWS)
            squared = squared_distances(self._inputs[rows], self._points)
            values = self._on_grid(exp(-gamma * squared), rows)
            gram += grid_gram(values)
            right += product(values.T, self._mos[rows, None])[:, 0]
        if self._root is not None:
            gram, right = gram * self._heaviest, right * self._heaviest
        return gram, right, exp(-gamma * self._between)

    def _on_grid(self, values: FloatArray, rows: slice) -> FloatArray:
        """Values of these rows, weighed, on a grid on which the Gram matrix is exact, and so never
        indefinite; overwritten."""
        if self._root is not None:
            values *= self._root[rows, None]
        return to_grid(values, _VALUE_BITS, out=values)


def _penalised(gram: FloatArray, norm: FloatArray, alpha: float) -> FloatArray:
    system = gram + alpha * norm
    system[np.diag_indices_from(system)] += _JITTER * float(np.max(np.diagonal(system)))
    return system


def _rough_distances(inputs: FloatArray, points: FloatArray) -> FloatArray:
    """As `squared_distances`, but for the last bits."""
    of_rows, of_points = (np.einsum("ij,ij->i", each, each) for each in (inputs, points))
    apart: FloatArray = of_rows[:, None] + of_points - 2.0 * (inputs @ points.T)
    return np.maximum(apart, 0.0)
