"""From raw columns to bounded standardised inputs, fitted on the training rows only.

x → z = (x - mean)/std, the plain scaling. z → robust z from quartiles → softsign, which bounds what
an outlier can do → zero mean, unit variance again, the soft scaling. Both are made in the graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mos_assets.records import FloatArray

SOFT_LIMIT = 8.0
"""Bound of soft inputs."""
PLAIN_LIMIT = 6.0
"""Bound of plain inputs."""
Z_LIMIT = 1.0e4
"""Bound of z before its robust version is made."""
_QUARTILES_TO_STD = 1.349
_STD_FLOOR = 0.05
_CONSTANT = 2.0e-7


class Scaling(StrEnum):
    """Which standardised inputs an expert takes."""

    PLAIN = "plain"
    SOFT = "soft"


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Constants of the input transform, each float64 [C]."""

    mean: FloatArray
    std: FloatArray
    """1 where the column is constant in the training rows."""
    varies: FloatArray
    """1, or 0 for a constant column, which then has no effect."""
    centre: FloatArray
    """Median of z."""
    slope: FloatArray
    """1/(robust std of z · softness); 0 for a constant column."""
    shift: FloatArray
    """Mean of the softsign."""
    scale: FloatArray
    """1/std of the softsign; 0 for a constant column."""

    def transform(self, columns: FloatArray) -> dict[Scaling, FloatArray]:
        """Raw columns [n, C] → the inputs of both scalings, [n, C] each."""
        z = np.clip((columns - self.mean) / self.std, -Z_LIMIT, Z_LIMIT)
        u = (z - self.centre) * self.slope
        soft = (u / (1.0 + np.abs(u)) - self.shift) * self.scale
        return {
            Scaling.PLAIN: np.clip(z * self.varies, -PLAIN_LIMIT, PLAIN_LIMIT),
            Scaling.SOFT: np.clip(soft, -SOFT_LIMIT, SOFT_LIMIT),
        }


def fit_standardiser(columns: FloatArray, softness: float) -> Standardiser:
    """Fit on training rows [n, C]; sums are exact, so that the order of rows cannot matter."""
    # One column at a time: a large corpus as a whole would be held half a dozen times.
    found = [_fit_column(np.ascontiguousarray(column), softness) for column in columns.T]
    return Standardiser(*(np.array(each, dtype=np.float64) for each in zip(*found, strict=True)))


def _fit_column(column: FloatArray, softness: float) -> tuple[float, ...]:
    """The constants of one column [n], in the order of `Standardiser`."""
    mean, deviation = _moments(column)
    varies = deviation > _CONSTANT * float(np.abs(column).max())
    std = deviation if varies else 1.0
    z = np.clip((column - mean) / std, -Z_LIMIT, Z_LIMIT)
    ordered = np.sort(z)
    rows = len(ordered)
    low, centre, high = (float(ordered[min(rows - 1, (rows * k) // 4)]) for k in (1, 2, 3))
    spread = (high - low) / _QUARTILES_TO_STD + _STD_FLOOR
    slope = 1.0 / (spread * softness) if varies else 0.0
    u = (z - centre) * slope
    shift, soft_std = _moments(u / (1.0 + np.abs(u)))
    scale = 1.0 / soft_std if varies and soft_std > 0 else 0.0
    return mean, std, float(varies), centre, slope, shift, scale


def _moments(values: FloatArray) -> tuple[float, float]:
    """Mean and population standard deviation by exact summation."""
    mean = math.fsum(values.tolist()) / len(values)
    squares = (values - mean) ** 2
    return mean, math.sqrt(math.fsum(squares.tolist()) / len(values))
