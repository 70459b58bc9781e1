"""Maps from one column to MOS, fitted by least squares: a line, and any rising or falling map.

A value that is missing, and every value where too few are known to fit to, gets the mean rating.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mos_assets.evaluation.metrics import srocc
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

_LEAST_ROWS = 3

Map = Callable[[FloatArray], FloatArray]
"""Values of a column [n] → MOS [n]."""
Fit = Callable[[FloatArray, FloatArray], Map]


def straight(x: FloatArray, mos: FloatArray) -> Map:
    """The line of least squares through x [n] and mos [n], held within 1..5."""
    known = np.isfinite(x)
    if not varies(x[known]):
        return _constant(mos)
    middle, scale = float(np.mean(x[known])), float(np.std(x[known]))
    slope, level = np.polyfit((x[known] - middle) / scale, mos[known], 1)

    def line(new: FloatArray) -> FloatArray:
        mapped: FloatArray = np.clip(level + slope * (new - middle) / scale, MOS_MIN, MOS_MAX)
        return mapped

    return _with_gaps(line, mos)


def monotonic(x: FloatArray, mos: FloatArray) -> Map:
    """The rising or falling map of least squares through x [n] and mos [n]; it rises where x and
    mos rank alike. Beyond the values of x it stays level."""
    known = np.isfinite(x)
    if not varies(x[known]):
        return _constant(mos)
    from sklearn.isotonic import IsotonicRegression

    rises = srocc(x[known], mos[known]) >= 0
    fitted = IsotonicRegression(increasing=bool(rises), out_of_bounds="clip")
    fitted.fit(x[known], mos[known])
    return _with_gaps(lambda new: np.asarray(fitted.predict(new), dtype=np.float64), mos)


def _with_gaps(mapped: Map, mos: FloatArray) -> Map:
    rest = float(np.mean(mos))

    def all_rows(new: FloatArray) -> FloatArray:
        found = np.full(len(new), rest)
        known = np.isfinite(new)
        if known.any():
            found[known] = mapped(new[known])
        return found

    return all_rows


def _constant(mos: FloatArray) -> Map:
    return lambda new: np.full(len(new), float(np.mean(mos)))


def varies(x: FloatArray) -> bool:
    """Whether finite values x [n] are enough to fit to, and not all alike."""
    return len(x) >= _LEAST_ROWS and float(np.std(x)) > 1e-12 * float(np.max(np.abs(x)))
