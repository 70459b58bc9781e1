"""Making the envelope of training rows; `applicability.py` measures clips by it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.applicability import (
    LARGEST,
    SAME,
    ZERO,
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
"""Rows that a figure of the envelope is the mean of, at least."""
_LEAST_REACH = 0.1
"""Of a column's standard deviation; a side reaches no less."""
_SAID = 1e-9
"""Share of the largest variance; a column that leaves no more unsaid is a copy."""
_DIGITS = 6


def fit_envelope(
    names: Sequence[str], rows: FloatArray, folds: IntArray, groups: Sequence[str]
) -> Envelope | None:
    """The envelope of the rows [n, F] of fold 0 and up; None with fewer than `LEAST_ROWS`,
    and with more than `MOST_COLUMNS` columns.

    The limits hold `SHARE_INSIDE` of the rows, each fold's measured from the envelope of all
    other folds, each content counting as one. Each column has a limit of its own, so that one
    which strays widens no other. What the other folds say nothing of, such as a column that is
    constant in them, is measured from the whole; so are all rows of a single fold.
    """
    inside = folds >= 0
    values, fold = np.clip(rows[inside], -LARGEST, LARGEST), folds[inside]
    if len(values) < LEAST_ROWS or len(names) > MOST_COLUMNS:
        return None
    whole = _shape(names, values)
    columns, joint = measured(whole, values)
    for held in np.unique(fold):
        mine, rest = fold == held, fold != held
        if np.count_nonzero(rest) >= LEAST_ROWS:
            each, together = measured(_shape(names, values[rest]), values[mine])
            said = np.isfinite(each)
            columns[mine] = np.where(said, each, columns[mine])
            joint[mine] = np.where(said.all(axis=1), together, np.maximum(together, joint[mine]))
    # What even the whole does not know, such as the few values of a column: outside, whatever the
    # limits are.
    columns = np.where(np.isfinite(columns), columns, 0.0)
    content = np.unique(
        [group for group, row in zip(groups, inside, strict=True) if row], return_inverse=True
    )[1]
    weights = 1.0 / np.bincount(content)[content]
    own = [_digits(_farthest(found, weights)) for found in columns.T]
    farthest = (columns / own).max(axis=1, initial=0.0)
    limits = [max(_quantile(found, weights), 1e-6) for found in (farthest, joint)]
    # Either of the two may put a row outside, so that both move until the share is kept.
    both = _quantile(np.maximum(farthest / limits[0], joint / limits[1]), weights)
    return Envelope(
        columns=tuple(
            EnvelopeColumn(**{**dict(column), "limit": limit})
            for column, limit in zip(whole.columns, own, strict=True)
        ),
        joint=whole.joint,
        precision=whole.precision,
        column_limit=_limit(limits[0] * both),
        joint_limit=_limit(limits[1] * both),
        n=whole.n,
    )


def _shape(names: Sequence[str], values: FloatArray) -> Envelope:
    """The envelope of rows [n, F], its limits still to be set."""
    columns = tuple(_of_values(name, column) for name, column in zip(names, values.T, strict=True))
    signed = np.column_stack(
        [reaches(column, own) for column, own in zip(columns, values.T, strict=True)]
    )
    varies = [at for at, column in enumerate(columns) if column.low or column.high]
    # A gap counts as the centre; a column that is not among `varies` does not count.
    soft = softened(np.where(np.isfinite(values), signed, 0.0)[:, varies])
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
    if len(known) < _LEAST_TAIL:
        return EnvelopeColumn(name=name, centre=None, low=0.0, high=0.0, gaps=True)
    spread = float(np.std(known))
    centre = _digits(float(np.mean(known)), 12)
    if max(known[-1] - centre, centre - known[0]) <= max(SAME * abs(centre), ZERO):
        return EnvelopeColumn(name=name, centre=centre, low=0.0, high=0.0, gaps=gaps)
    quarter = len(known) // 4
    centre = float(np.mean(known[quarter : len(known) - quarter]))
    tail = min(max(_LEAST_TAIL, int(_TAIL * len(known))), len(known))
    least = max(_LEAST_REACH * spread, SAME * abs(centre))
    low = max(centre - float(np.mean(known[:tail])), least)
    high = max(float(np.mean(known[-tail:])) - centre, least)
    # As many places as the spread has digits: a centre far from 0 must not move by its rounding.
    places = _DIGITS - 1 - math.floor(math.log10(spread))
    return EnvelopeColumn(
        name=name, centre=round(centre, places), low=_digits(low), high=_digits(high), gaps=gaps
    )


def _telling(covariance: FloatArray) -> list[int]:
    """Places of the columns that leave least of the variance unsaid, sorted (pivoted Cholesky).

    One that the others say already is none of them: their covariance would have no inverse."""
    rest = covariance.copy()
    kept: list[int] = []
    for _ in range(min(MOST_JOINT, len(covariance))):
        # Six digits, so that the choice does not depend on the processor's last bit.
        left = np.array([_digits(number) for number in np.diagonal(rest).tolist()])
        left[kept] = -1.0
        at = int(np.argmax(left))
        if left[at] <= _SAID * np.max(np.diagonal(covariance)):
            break
        kept.append(at)
        rest = rest - np.outer(rest[:, at], rest[at]) / rest[at, at]
    return sorted(kept)


def _farthest(values: FloatArray, weights: FloatArray) -> float:
    """Mean of the greatest values that are 1 - `SHARE_INSIDE` of the weight, at least 1 and of
    `_LEAST_TAIL` rows: no single row sets it."""
    order = np.argsort(-values, kind="stable")
    beyond = np.cumsum(weights[order]) / weights.sum() <= 1.0 - SHARE_INSIDE + 1e-9
    far = order[: max(_LEAST_TAIL, int(np.count_nonzero(beyond)))]
    return max(float(np.average(values[far], weights=weights[far])), 1.0)


def _quantile(values: FloatArray, weights: FloatArray) -> float:
    """Least value that `SHARE_INSIDE` of the weight reaches."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    at = min(int(np.searchsorted(reached, SHARE_INSIDE - 1e-9)), len(values) - 1)
    return float(values[order][at])


def _limit(number: float) -> float:
    """A limit, a little farther, so that rows on it stay inside when it is rounded."""
    return _digits(max(number, 1e-6) * (1.0 + 1e-5))


def _digits(number: float, digits: int = _DIGITS) -> float:
    return float(f"{number:.{digits}g}")
