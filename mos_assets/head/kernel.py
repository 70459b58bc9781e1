"""The kernel expert: a Gaussian kernel on centres that no clip stands behind.

Regularised kernel regression on a few hundred centres (Quiñonero-Candela & Rasmussen, JMLR 2005,
subset of regressors). The centres are drawn from a normal distribution with mean and covariance of
the training rows instead of from the rows: features of single clips must not leave with the head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.head.exact import INPUT_BITS, exp, grid_gram, product, to_grid
from mos_assets.head.solve import cholesky, solve_positive
from mos_assets.records import FloatArray

_VALUE_BITS = 20
_JITTER = 1e-11
"""Share of the mean diagonal that is added to every system, so that it can be factorised."""
_COVARIANCE_ROWS = 4096
"""Rows that the covariance of the centres is taken from, at most."""
_CHUNK_ROWS = 4096
_SHRINKAGE = 0.1
"""Share of every correlation that the centres do without."""
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Kernel:
    """mos = exp(-rate · |scores - centres|²) · weight + bias."""

    centres: FloatArray
    """[M, C]."""
    rate: float
    weight: FloatArray
    """[M]."""
    bias: float

    @property
    def n_parameters(self) -> int:
        return self.centres.size + self.weight.size + 2

    def mos(self, scores: FloatArray) -> FloatArray:
        """MOS [n] of scores [n, C], not yet held within 1..5."""
        reach = exp(-self.rate * squared_distances(scores, self.centres))
        return product(reach, self.weight[:, None])[:, 0] + self.bias


def squared_distances(scores: FloatArray, centres: FloatArray) -> FloatArray:
    """[n, M] squared Euclidean distances of rows [n, C] to centres [M, C]."""
    ones = np.ones((scores.shape[1], 1))
    of_rows, of_centres = product(scores**2, ones), product(centres**2, ones)
    return np.maximum(of_rows + of_centres.T - 2.0 * product(scores, centres.T), 0.0)


def draw_centres(scores: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """[count, C] normal draws with mean and covariance of scores [n, C], on the inputs' grid.

    Nothing else of the rows enters: mixing rows, however randomly, could be undone by whoever
    knows the seed. A tenth of the correlations is given up, so that few rows do not shine through
    the covariance of many columns. Columns that do not vary stay at their value.
    """
    thinned = scores[:: -(-len(scores) // _COVARIANCE_ROWS)]
    rows = len(thinned)
    mean = product(np.ones((1, rows)), thinned) / rows
    off = thinned - mean
    covariance = product(off.T, off) / rows
    variances = np.diagonal(covariance).copy()
    shrunk = (1.0 - _SHRINKAGE) * covariance
    shrunk[np.diag_indices_from(shrunk)] = variances + _LEAST_VARIANCE
    factor = np.tril(cholesky(shrunk))
    draws = product(rng.standard_normal((count, len(variances))), factor.T)
    return to_grid(mean + np.where(variances > 0, draws, 0.0), INPUT_BITS)


class KernelFit:
    """Rows prepared once, to be fitted with several rates and penalties."""

    def __init__(self, scores: FloatArray, mos: FloatArray, centres: FloatArray) -> None:
        self._scores, self._centres = scores, centres
        rows = len(mos)
        self._mean = float(product(np.ones((1, rows)), mos[:, None])[0, 0] / rows)
        self._off = mos - self._mean
        self._between = squared_distances(centres, centres)
        self._systems: dict[float, tuple[FloatArray, FloatArray, FloatArray]] = {}

    def fit(self, rate: float, penalty: float) -> Kernel:
        """Minimise the squared error plus penalty · |f|² in the norm of the kernel."""
        if rate not in self._systems:
            self._systems[rate] = self._system(rate)
        gram, right, norm = self._systems[rate]
        system = gram + penalty * norm
        diagonal = np.diagonal(system)
        system[np.diag_indices_from(system)] += _JITTER * float(np.max(diagonal))
        return Kernel(self._centres, rate, solve_positive(system, right), self._mean)

    def _system(self, rate: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Gram matrix, right-hand side and norm of one rate."""
        count = len(self._centres)
        gram, right = np.zeros((count, count)), np.zeros(count)
        for start in range(0, len(self._scores), _CHUNK_ROWS):
            rows = slice(start, start + _CHUNK_ROWS)
            squared = squared_distances(self._scores[rows], self._centres)
            # On this grid the Gram matrix is exact, and so never indefinite.
            reach = to_grid(exp(-rate * squared), _VALUE_BITS)
            gram += grid_gram(reach)
            right += product(reach.T, self._off[rows, None])[:, 0]
        return gram, right, exp(-rate * self._between)
