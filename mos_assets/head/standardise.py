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
    moments = [_moments(column) for column in columns.T]
    mean = np.array([m for m, _ in moments])
    deviation = np.array([s for _, s in moments])
    varies = deviation > _CONSTANT * np.abs(columns).max(axis=0)
    std = np.where(varies, deviation, 1.0)
    z = np.clip((columns - mean) / std, -Z_LIMIT, Z_LIMIT)
    ordered = np.sort(z, axis=0)
    rows = len(ordered)
    low, centre, high = (ordered[min(rows - 1, (rows * k) // 4)] for k in (1, 2, 3))
    spread = (high - low) / _QUARTILES_TO_STD + _STD_FLOOR
    slope = np.where(varies, 1.0 / (spread * softness), 0.0)
    u = (z - centre) * slope
    soft = [_moments(column) for column in (u / (1.0 + np.abs(u))).T]
    soft_std = np.array([s for _, s in soft])
    usable = varies & (soft_std > 0)
    return Standardiser(
        mean=mean,
        std=std,
        varies=varies.astype(np.float64),
        centre=centre,
        slope=slope,
        shift=np.array([m for m, _ in soft]),
        scale=np.where(usable, 1.0 / np.where(usable, soft_std, 1.0), 0.0),
    )


def _moments(values: FloatArray) -> tuple[float, float]:
    """Mean and population standard deviation by exact summation."""
    mean = math.fsum(values.tolist()) / len(values)
    squares = (values - mean) ** 2
    return mean, math.sqrt(math.fsum(squares.tolist()) / len(values))
