"""From raw feature units to bounded scores, fitted on the training rows only.

x → z = (x - mean)/std → robust z from quartiles → softsign, which bounds what an outlier can do →
zero mean, unit variance again. Every step is exported inside the graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mos_assets.records import FloatArray

SCORE_LIMIT = 8.0
"""Bound of the scores that enter the network."""
Z_LIMIT = 1.0e4
"""Bound of plain z-scores, so that no input overflows float32."""
RAW_LIMIT = 1.0e30
"""Bound of raw inputs, so that no difference overflows float32."""
_QUARTILES_TO_STD = 1.349
_STD_FLOOR = 0.05
_CONSTANT = 1.0e-6

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Constants of the input transform, each float32 [F]."""

    mean: Float32Array
    std: Float32Array
    """1 where the column is constant in the training rows."""
    centre: Float32Array
    """Median of z."""
    slope: Float32Array
    """1/(robust std of z · softness); 0 for a constant column, which then has no effect."""
    shift: Float32Array
    """Mean of the softsign."""
    scale: Float32Array
    """1/std of the softsign; 0 for a constant column."""

    def scores(self, features: FloatArray) -> FloatArray:
        """Raw features [n, F] → scores [n, F], rounded to float32 where the graph's input is."""
        raw = np.clip(features, -RAW_LIMIT, RAW_LIMIT).astype(np.float32).astype(np.float64)
        z = np.clip((raw - self.mean) / self.std, -Z_LIMIT, Z_LIMIT)
        u = (z - self.centre) * self.slope
        scores = (u / (1.0 + np.abs(u)) - self.shift) * self.scale
        clipped: FloatArray = np.clip(scores, -SCORE_LIMIT, SCORE_LIMIT)
        return clipped


def fit(features: FloatArray, softness: float) -> Standardiser:
    """Fit on training rows [n, F]; sums are exact, so that the order of rows cannot matter."""
    raw = np.clip(features, -RAW_LIMIT, RAW_LIMIT).astype(np.float32).astype(np.float64)
    moments = [_moments(column) for column in raw.T]
    mean = np.array([m for m, _ in moments]).astype(np.float32)
    deviation = np.array([s for _, s in moments])
    varies = deviation > _CONSTANT * np.abs(raw).max(axis=0)
    std = np.where(varies, deviation, 1.0).astype(np.float32)
    z = np.clip((raw - mean) / std, -Z_LIMIT, Z_LIMIT)
    ordered = np.sort(z, axis=0)
    rows = len(ordered)
    low, centre, high = (ordered[min(rows - 1, (rows * k) // 4)] for k in (1, 2, 3))
    spread = (high - low) / _QUARTILES_TO_STD + _STD_FLOOR
    centre = centre.astype(np.float32)
    slope = np.where(varies, 1.0 / (spread * softness), 0.0).astype(np.float32)
    u = (z - centre) * slope
    soft = [_moments(column) for column in (u / (1.0 + np.abs(u))).T]
    shift = np.array([m for m, _ in soft]).astype(np.float32)
    soft_std = np.array([s for _, s in soft])
    usable = varies & (soft_std > 0)
    scale = np.where(usable, 1.0 / np.where(usable, soft_std, 1.0), 0.0).astype(np.float32)
    return Standardiser(mean, std, centre, slope, shift, scale)


def _moments(values: FloatArray) -> tuple[float, float]:
    """Mean and population standard deviation by exact summation."""
    mean = math.fsum(values.tolist()) / len(values)
    squares = (values - mean) ** 2
    return mean, math.sqrt(math.fsum(squares.tolist()) / len(values))
