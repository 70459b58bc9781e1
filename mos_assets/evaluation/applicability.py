"""Where a head has been: the envelope of its training rows, and how far a clip lies outside.

Two questions are asked of a clip. Is any of its columns further out than training rows were, and
is their combination? The second is Mahalanobis's distance with a shrunk covariance (Ledoit & Wolf,
Journal of Multivariate Analysis 2004) of softened columns. How far is too far, rows decide that the
envelope had not seen, each column by its own: 99 % of them lie inside. `envelope.py` makes it. It
holds means over rows, their covariance and two quantiles of distances, and no row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.evaluation.text import and_list, plain
from mos_assets.records import INSIDE, OUTSIDE, Envelope, EnvelopeColumn, FloatArray

_SOFT = 3.0
"""Reaches beyond which a column adds little to the joint distance: it has a test of its own."""
SAME = 2e-3
"""Of its centre; a column that strays no more is constant, and a value this near to that of a
constant column is that value. 60 and 60000/1001 pictures a second are one rate, in any rounding."""
ZERO = 1e-9
"""The same of a column that is 0, not relative."""
LARGEST = float(np.finfo(np.float32).max)
"""No head sees more, and squares of it are finite."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class ColumnOutside:
    """A column of a clip that lies outside."""

    name: str
    value: float
    """NaN where it is missing, which training rows never were here."""
    times: float
    """Of the farthest that still lies inside; infinite where nothing else was ever seen."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one clip lies."""

    inside: bool
    columns: tuple[ColumnOutside, ...]
    """The farthest first."""
    joint: float
    """Joint distance, in units of its limit."""
    sentence: str

    @property
    def word(self) -> str:
        """INSIDE or OUTSIDE, as tables have it."""
        return INSIDE if self.inside else OUTSIDE


def measured(envelope: Envelope, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Reaches of each column from its centre [n, F], and joint distances [n], of rows [n, F].

    A gap is 0 reaches where training rows had gaps, else infinitely far. In the joint distance it
    counts as the centre. Raises ValueError where the number of columns is not F.
    """
    if rows.ndim != 2 or rows.shape[1] != len(envelope.columns):
        raise ValueError(f"rows are [n, {len(envelope.columns)}], got {rows.shape}")
    signed = np.zeros(rows.shape)
    rows = np.clip(rows, -LARGEST, LARGEST)
    for at, column in enumerate(envelope.columns):
        signed[:, at] = reaches(column, rows[:, at])
    near = np.where(np.isfinite(signed), signed, np.sign(signed) * 1e9)
    gone = np.isnan(rows)
    soft = softened(np.where(gone, 0.0, near))[:, list(envelope.joint)]
    size = len(envelope.joint)
    precision = np.zeros((size, size))
    precision[np.tril_indices(size)] = envelope.precision
    precision = precision + np.tril(precision, -1).T
    squares = np.einsum("ni,ni->n", np.einsum("ni,ij->nj", soft, precision), soft)
    return np.abs(signed), np.sqrt(np.maximum(squares, 0.0))


def limits(envelope: Envelope) -> FloatArray:
    """[F] reaches from the centre at which each column lies outside."""
    return envelope.column_limit * np.array([column.limit for column in envelope.columns])


def distance(envelope: Envelope, rows: FloatArray) -> FloatArray:
    """[n] how far rows [n, F] lie out: up to 1 inside, in units of the limit that is nearer."""
    columns, joint = measured(envelope, rows)
    each = (columns / limits(envelope)).max(axis=1, initial=0.0)
    found: FloatArray = np.maximum(each, joint / envelope.joint_limit)
    return found


def outside(envelope: Envelope, rows: FloatArray) -> tuple[Standing, ...]:
    """Where each of the rows [n, F] lies, and which columns put it outside."""
    columns, joint = measured(envelope, rows)
    times = columns / limits(envelope)
    return tuple(
        _standing(envelope, row, each, together / envelope.joint_limit)
        for row, each, together in zip(rows, times, joint.tolist(), strict=True)
    )


def _standing(envelope: Envelope, row: FloatArray, times: FloatArray, joint: float) -> Standing:
    far = [int(at) for at in np.argsort(-times, kind="stable") if times[at] > 1.0]
    edges = limits(envelope)
    found = tuple(
        _column(envelope.columns[at], float(edges[at]), float(row[at]), float(times[at]))
        for at in far
    )
    if found:
        rest = f" and {len(found) - _NAMED} more columns" if len(found) > _NAMED else ""
        told = and_list([column.sentence for column in found[:_NAMED]]) + rest
        sentence = f"outside the training rows: {told}"
    elif joint > 1.0:
        sentence = (
            f"outside the training rows: no column alone, but their combination, {plain(joint, 2)} "
            "times as far as the farthest inside"
        )
    else:
        sentence = "inside the training rows"
    return Standing(not found and joint <= 1.0, found, joint, sentence)


def _column(column: EnvelopeColumn, limit: float, value: float, times: float) -> ColumnOutside:
    if np.isnan(value):
        told = f"{column.name} is missing, which it was in no training row"
    elif column.centre is None:
        told = f"{column.name} is {value:g}, and hardly a training row had a value"
    elif column.low == column.high == 0.0:
        told = f"{column.name} is {value:g} and was {column.centre:g} in every training row"
    else:
        side, edge = (
            ("above", column.centre + limit * column.high)
            if value > column.centre
            else ("below", column.centre - limit * column.low)
        )
        told = f"{column.name} is {value:g}, {side} {edge:.4g} ({plain(times, 2)} times as far)"
    return ColumnOutside(column.name, value, times, told)


def softened(signed: FloatArray) -> FloatArray:
    """Reaches as the joint distance takes them: a far column adds no more than `_SOFT`."""
    found: FloatArray = _SOFT * signed / (_SOFT + np.abs(signed))
    return found


def reaches(column: EnvelopeColumn, values: FloatArray) -> FloatArray:
    """Signed distance [n] from the centre, in reaches of that side; infinite without a centre."""
    off = values - (column.centre or 0.0)
    if column.centre is None:
        found = np.full(values.shape, np.inf)
    elif column.low == column.high == 0.0:
        same = np.abs(off) <= max(SAME * abs(column.centre), ZERO)
        found = np.where(same, 0.0, np.copysign(np.inf, off))
    else:
        found = np.where(off < 0.0, off / (column.low or 1.0), off / (column.high or 1.0))
    told: FloatArray = np.where(np.isnan(values), 0.0 if column.gaps else np.inf, found)
    return told
