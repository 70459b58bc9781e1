"""The one door for correlations: what decides that one exists, and every way to compute it.

SciPy, NumPy, pandas and DuckDB disagree on values that are not finite, on constants and on two
rows. Here a correlation needs three rows, finite values and variation on both sides; where it
cannot be had it is None, with the reason, and never a number or a warning.

Two ways of arithmetic: `pearson` and `spearman` are SciPy's digits, which people compare with
theirs; `near_pearson`, `near_spearman` and the forms for many at once are NumPy's, some 1e-12 off,
for what only asks on which side of a bound it lies: SciPy costs a second of CPU to load.
`exact_pearson` sums exactly, so that its last bit is no processor's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64] | npt.NDArray[np.uint8]

LEAST_ROWS = 3
"""Two points always correlate perfectly, so a correlation needs three."""
LEAST_VARIATION = 1e-12
"""Relative; what varies less is rounding noise around a constant."""


class Correlation(NamedTuple):
    """A correlation, or why there is none."""

    r: float | None
    """-1 to 1."""
    reason: str | None
    """None where there is one."""

    @property
    def or_nan(self) -> float:
        """For arithmetic that carries what does not exist as NaN."""
        return math.nan if self.r is None else self.r


def why_none(x: Values, y: Values) -> str | None:
    """Why two [n] arrays have no correlation; None where they have one."""
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values are held against {len(y)}")
    if len(x) < LEAST_ROWS:
        return f"{len(x)} rows; a correlation needs {LEAST_ROWS}"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "a value is not finite"
    if not (_varies(x) and _varies(y)):
        return "one side is constant"
    return None


def pearson(x: Values, y: Values) -> Correlation:
    """Pearson's linear correlation of two [n] arrays, by SciPy."""
    why = why_none(x, y)
    if why is not None:
        return Correlation(None, why)
    from scipy import stats

    with np.errstate(all="ignore"):
        return _found(float(stats.pearsonr(x, y).statistic))


def spearman(x: Values, y: Values) -> Correlation:
    """Spearman's rank correlation of two [n] arrays, by SciPy; ties get their average rank."""
    why = why_none(x, y)
    if why is not None:
        return Correlation(None, why)
    from scipy import stats

    return _found(float(stats.spearmanr(x, y).statistic))


def near_pearson(x: Values, y: Values) -> Correlation:
    """As `pearson`, by NumPy."""
    why = why_none(x, y)
    if why is not None:
        return Correlation(None, why)
    return _found(float(np.corrcoef(_scaled(x), _scaled(y))[0, 1]))


def near_spearman(x: Values, y: Values) -> Correlation:
    """As `spearman`, by NumPy."""
    why = why_none(x, y)
    return near_pearson(ranks(x), ranks(y)) if why is None else Correlation(None, why)


def exact_pearson(x: Values, y: Values) -> Correlation:
    """As `pearson`, with sums that are rounded once: the same on every processor."""
    why = why_none(x, y)
    if why is not None:
        return Correlation(None, why)
    first, second = _scaled(x).tolist(), _scaled(y).tolist()
    middles = [math.fsum(values) / len(values) for values in (first, second)]
    pairs = [(a - middles[0], b - middles[1]) for a, b in zip(first, second, strict=True)]
    squares = math.fsum(a * a for a, _ in pairs) * math.fsum(b * b for _, b in pairs)
    if squares <= 0:
        return _found(math.nan)
    return _found(math.fsum(a * b for a, b in pairs) / math.sqrt(squares))


def spearman_matrix(columns: FloatArray) -> FloatArray:
    """[C, C] rank correlations of finite columns [n, C], by NumPy; NaN where there is none."""
    found = np.full((columns.shape[1], columns.shape[1]), np.nan)
    varies = np.array([why_none(column, column) is None for column in columns.T], dtype=bool)
    if varies.any():
        ranked = np.column_stack([ranks(column) for column in columns[:, varies].T])
        found[np.ix_(varies, varies)] = np.corrcoef(ranked, rowvar=False)
    return found


def pearson_of_moments(
    mean_x: FloatArray, mean_y: FloatArray, xx: FloatArray, yy: FloatArray, xy: FloatArray
) -> FloatArray:
    """Correlations, many at once, from means of x, y, x², y² and xy (or sums of centred values,
    with means of 0); NaN where there is none. The caller sees to enough rows."""
    var_x, var_y = xx - mean_x * mean_x, yy - mean_y * mean_y
    # What is left of a constant after rounding is no variance.
    ok = (var_x > LEAST_VARIATION * xx) & (var_y > LEAST_VARIATION * yy)
    scale = np.sqrt(np.where(ok, var_x * var_y, 1.0))
    found: FloatArray = np.where(ok, np.clip((xy - mean_x * mean_y) / scale, -1.0, 1.0), np.nan)
    return found


def ranks(values: Values) -> FloatArray:
    """[n] ranks from 1; ties get their average rank."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    found: FloatArray = (np.cumsum(times) - (times - 1) / 2)[place]
    return found


def _scaled(values: Values) -> FloatArray:
    """Within -1..1 by a power of two: no digit of a correlation changes, and no square leaves the
    range of numbers, of which a correlation of 0 or 1 would come."""
    found: FloatArray = values.astype(np.float64)
    return np.ldexp(found, -int(np.frexp(np.max(np.abs(found)))[1]))


def _varies(values: Values) -> bool:
    with np.errstate(over="ignore"):
        return float(np.ptp(values)) > LEAST_VARIATION * float(np.max(np.abs(values)))


def _found(r: float) -> Correlation:
    if math.isfinite(r):
        return Correlation(r, None)
    return Correlation(None, "its sums leave the range of numbers")
