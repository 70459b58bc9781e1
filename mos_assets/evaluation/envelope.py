"""Making the envelope of training rows; `applicability.py` measures clips by it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.applicability import (
    SAME,
    measured,
    reaches,
    softened,
)
from mos_assets.records import Envelope, EnvelopeColumn, FloatArray, IntArray
from mos_assets.records.envelope import MOST_COLUMNS, MOST_JOINT

SHARE_INSIDE = 0.99
"""Of out-of-fold rows that lie inside."""
LEAST_ROWS = 20
"""Fewer rows have no envelope."""
_TAIL = 0.1
"""Share of the rows whose mean says how far a column reaches, on either side."""
_LEAST_TAIL = 5
_LEAST_REACH = 0.1
"""Of a column's standard deviation; a side reaches no less."""
_DIGITS = 6


def fit_envelope(
    names: Sequence[str], rows: FloatArray, folds: IntArray, groups: Sequence[str]
) -> Envelope | None:
    """The envelope of the rows [n, F] of fold 0 and up; None with fewer than `LEAST_ROWS`,
    and with more than `MOST_COLUMNS` columns.

    The limits hold `SHARE_INSIDE` of the rows, each fold's measured from the envelope of all
    other folds, each content counting as one. With a single fold, rows are measured from the
    envelope that they are part of, which is narrower.
    """
    inside = folds >= 0
    values, fold = rows[inside], folds[inside]
    if len(values) < LEAST_ROWS or len(names) > MOST_COLUMNS:
        return None
    whole = _shape(names, values)
    columns, joint = np.zeros(len(values)), np.zeros(len(values))
    for held in np.unique(fold):
        mine, rest = fold == held, fold != held
        shape = _shape(names, values[rest]) if np.count_nonzero(rest) >= LEAST_ROWS else whole
        each, together = measured(shape, values[mine])
        columns[mine], joint[mine] = each.max(axis=1, initial=0.0), together
    content = np.unique(
        [group for group, row in zip(groups, inside, strict=True) if row], return_inverse=True
    )[1]
    weights = 1.0 / np.bincount(content)[content]
    limits = [max(_quantile(found, weights), 1e-6) for found in (columns, joint)]
    # Either of the two may put a row outside, so that both move until the share is kept.
    both = _quantile(np.maximum(columns / limits[0], joint / limits[1]), weights)
    return whole.model_copy(
        update={
            "column_limit": _digits(limits[0] * both),
            "joint_limit": _digits(limits[1] * both),
        }
    )


def _shape(names: Sequence[str], values: FloatArray) -> Envelope:
    """The envelope of rows [n, F], its limits still to be set."""
    columns = tuple(_of_values(name, column) for name, column in zip(names, values.T, strict=True))
    signed = np.column_stack(
        [reaches(column, own) for column, own in zip(columns, values.T, strict=True)]
    )
    varies = [at for at, column in enumerate(columns) if column.low or column.high]
    soft = softened(np.where(np.isnan(values), 0.0, signed))[:, varies]
    if not varies:
        joint: list[int] = []
        precision = np.empty((0, 0))
    else:
        from sklearn.covariance import ledoit_wolf

        covariance, _ = ledoit_wolf(soft, assume_centered=True)
        kept = _telling(covariance)
        joint = [varies[at] for at in kept]
        precision = np.linalg.inv(covariance[np.ix_(kept, kept)])
    lower = precision[np.tril_indices(len(joint))]
    return Envelope(
        columns=columns,
        joint=tuple(joint),
        precision=tuple(_digits(number) for number in lower.tolist()),
        column_limit=1.0,
        joint_limit=1.0,
        n=len(values),
    )


def _of_values(name: str, values: FloatArray) -> EnvelopeColumn:
    known = np.sort(values[np.isfinite(values)])
    gaps = len(known) < len(values)
    if len(known) == 0:
        return EnvelopeColumn(name=name, centre=0.0, low=0.0, high=0.0, gaps=True)
    spread = float(np.std(known))
    if spread <= SAME * max(1.0, float(np.max(np.abs(known)))):
        centre = _digits(float(np.mean(known)), 12)
        return EnvelopeColumn(name=name, centre=centre, low=0.0, high=0.0, gaps=gaps)
    quarter = len(known) // 4
    centre = float(np.mean(known[quarter : len(known) - quarter]))
    tail = min(max(_LEAST_TAIL, int(_TAIL * len(known))), len(known))
    low = max(centre - float(np.mean(known[:tail])), _LEAST_REACH * spread)
    high = max(float(np.mean(known[-tail:])) - centre, _LEAST_REACH * spread)
    # As many places as the spread has digits: a centre far from 0 must not move by its rounding.
    places = _DIGITS - 1 - math.floor(math.log10(spread))
    return EnvelopeColumn(
        name=name, centre=round(centre, places), low=_digits(low), high=_digits(high), gaps=gaps
    )


def _telling(covariance: FloatArray) -> list[int]:
    """Places of the columns that leave least of the variance unsaid, sorted (pivoted Cholesky)."""
    rest = covariance.copy()
    kept: list[int] = []
    for _ in range(min(MOST_JOINT, len(covariance))):
        # Six digits, so that the choice does not depend on the processor's last bit.
        left = np.array([_digits(number) for number in np.diagonal(rest).tolist()])
        left[kept] = -1.0
        at = int(np.argmax(left))
        kept.append(at)
        rest = rest - np.outer(rest[:, at], rest[at]) / rest[at, at]
    return sorted(kept)


def _quantile(values: FloatArray, weights: FloatArray) -> float:
    """Least value that `SHARE_INSIDE` of the weight reaches."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    at = min(int(np.searchsorted(reached, SHARE_INSIDE - 1e-9)), len(values) - 1)
    return float(values[order][at])


def _digits(number: float, digits: int = _DIGITS) -> float:
    return float(f"{number:.{digits}g}")
