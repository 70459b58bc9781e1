"""Opinion scores of many clips at once, in blocks that stay small whatever the number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mos_assets.errors import FeatureError, ReleaseError
from mos_assets.predictor.encoders import EncoderSlots
from mos_assets.predictor.tabular import Numbers, rows_of
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

if TYPE_CHECKING:
    from mos_assets.release.manifest import Manifest
    from mos_assets.release.session import OpenHead

Flags = npt.NDArray[np.bool_]
BLOCK_ROWS = 512
"""Rows of one call of the runtime, of 16 to 100,000 the number with the least time a row; their
answers do not depend on it."""


class OnMissing(StrEnum):
    """What becomes of a row that lacks a feature (None, NA, NaN)."""

    ERROR = "error"
    """Nothing is scored."""
    NULL = "null"
    """The row has no score and a reason, and so has one with an infinite feature."""
    IMPUTE = "impute"
    """The head fills the gap; only of a head that was trained to."""


@dataclass(frozen=True, eq=False, slots=True)
class MosPredictions:
    """Predicted opinion scores of n rows, by one head."""

    mos: FloatArray
    """[n], 1..5; NaN where `reasons` has the row."""
    low: FloatArray | None
    """[n], lower end of the interval as in `MosPrediction`, NaN where the row has none; None where
    the head promises none."""
    high: FloatArray | None
    """[n], upper end."""
    outside: Flags | None
    """[n], whether the row lies outside the training rows, so that it has no interval; False where
    it has no score. None where the head does not say where they lay. `predict_mos` says why."""
    reasons: Mapping[int, str]
    """Row, from 0 → why it has no score."""
    head_id: str
    status: str
    """`Accepted` or `Proposed`."""
    reason: str
    """The verdict that the head carries."""

    def __len__(self) -> int:
        return len(self.mos)


def predict_rows(
    head: OpenHead,
    slots: EncoderSlots,
    rows: Any,
    codec: Any = None,
    encoder_onehot: Any = None,
    on_missing: OnMissing | str = OnMissing.ERROR,
) -> tuple[FloatArray, Flags | None, dict[int, str]]:
    """(MOS [n], which rows lie outside the training rows [n] or None where the head does not say,
    row → why it has no MOS) of rows in any form of `tabular.rows_of`.

    Raises FeatureError naming row and column, and ReleaseError where the head answers no MOS.
    """
    manifest = head.release.manifest
    policy = _policy(on_missing, manifest)
    given = rows_of(rows, manifest.feature_order)
    active = slots.of_rows(given.count, codec, encoder_onehot)
    mos = np.full(given.count, np.nan)
    outside = None if manifest.applicability is None else np.zeros(given.count, dtype=np.bool_)
    reasons: dict[int, str] = {}
    for at in _blocks(given.count):
        numbers = given.block(at)
        kept = _usable(numbers, at.start, manifest, policy, reasons)
        if policy is OnMissing.IMPUTE and manifest.missing_value is not None:
            numbers = np.where(np.isnan(numbers), manifest.missing_value, numbers)
        block = slice(None) if kept is None else kept
        features = numbers[block]
        if len(features):
            mos[at][block] = _answers(head, features, slots.onehot(active[at][block]))
            if outside is not None:
                outside[at][block] = _outside(features, manifest)
    return mos, outside, reasons


def interval_of(
    mos: FloatArray, outside: Flags | None, manifest: Manifest
) -> tuple[FloatArray, FloatArray] | tuple[None, None]:
    """Both ends [n] around scores [n]; NaN stays, and stands where a row lies outside."""
    if manifest.interval is None:
        return None, None
    half = manifest.interval.half_width
    held = mos if outside is None else np.where(outside, np.nan, mos)
    return np.maximum(held - half, MOS_MIN), np.minimum(held + half, MOS_MAX)


def _policy(given: OnMissing | str, manifest: Manifest) -> OnMissing:
    try:
        policy = OnMissing(given)
    except ValueError:
        known = ", ".join(repr(str(each)) for each in OnMissing)
        raise FeatureError(f"on_missing={given!r} is not known. Known: {known}.") from None
    if policy is OnMissing.IMPUTE and manifest.missing_value is None:
        raise FeatureError(
            f"on_missing='impute': {manifest.id} was not trained to fill gaps; train it with "
            "MOS_MISSING=impute, or give 'null' for rows without a score."
        )
    return policy


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, count))


def _usable(
    numbers: Numbers,
    first_row: int,
    manifest: Manifest,
    policy: OnMissing,
    reasons: dict[int, str],
) -> Numbers | None:
    """[rows] which rows of a block can be scored, None for all; the others get their reason."""
    bad = ~np.isfinite(numbers)
    if policy is OnMissing.IMPUTE:
        bad &= ~np.isnan(numbers)
    if not bad.any():
        return None
    for row in np.flatnonzero(bad.any(axis=1)).tolist():
        reason = _reason(numbers[row], bad[row], manifest.feature_order)
        if policy is not OnMissing.NULL:
            raise FeatureError(
                f"Row {first_row + row}: {reason}; {manifest.id} needs it as a finite number. "
                "on_missing='null' leaves such rows without a score."
            )
        reasons[first_row + row] = reason
    usable: Numbers = np.logical_not(bad.any(axis=1))
    return usable


def _reason(row: Numbers, bad: Numbers, order: Sequence[str]) -> str:
    first, *more = np.flatnonzero(bad).tolist()
    value = float(row[first])
    what = "is missing" if np.isnan(value) else f"is {value}"
    return f"feature {order[first]!r} {what}" + (f", and {len(more)} more" if more else "")


def _outside(features: Numbers, manifest: Manifest) -> Flags:
    """[rows] which rows [rows, F] that were scored lie outside the training rows."""
    # It loads much that heads without an envelope need not wait for.
    from mos_assets.evaluation.applicability import distance

    envelope = manifest.applicability
    if envelope is None:
        raise ValueError("a head without an envelope was asked where rows lie")
    rows = features.astype(np.float64)
    if manifest.missing_value is not None:
        rows[rows == manifest.missing_value] = np.nan
    found: Flags = distance(envelope, rows) > 1.0
    return found


def _answers(head: OpenHead, features: Numbers, onehot: FloatArray) -> FloatArray:
    from mos_assets.release.session import bounded_float32, flaw_of, run_head

    answers = run_head(head.session, bounded_float32(features), onehot)
    flaw = flaw_of(answers, len(features))
    if flaw is not None:
        raise ReleaseError(
            f"{head.release.manifest.id} cannot be used: {flaw}. Train and release it again."
        )
    return answers
