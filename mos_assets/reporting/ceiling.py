"""What the noise of the ratings leaves to be explained, and what that says about the gate."""

from __future__ import annotations

import numpy as np

from mos_assets.evaluation.criteria import MEAN_PLCC
from mos_assets.evaluation.resampling import LEVEL, Interval, interval_of_means
from mos_assets.evaluation.text import count, plain, share
from mos_assets.records import FloatArray, TrainingTable
from mos_assets.reporting.report import LabelCeiling

_LEAST_KNOWN = 100
"""Fewer clips with known noise say nothing about the gate."""
_LEAST_SHARE = 0.5
"""Of the clips in the folds whose noise must be known before it speaks for all."""


def label_ceiling(table: TrainingTable) -> LabelCeiling:
    """sqrt(1 - mean(sd^2/n) / var(mos)) over the clips in the folds that have both figures.

    Its interval asks what other contents would have shown. The sentence speaks about the gate
    only where enough clips are known, and takes a side only where the whole interval does.
    """
    inside = table.folds >= 0
    known = (
        inside & np.isfinite(table.mos_std) & np.isfinite(table.n_ratings) & (table.n_ratings > 0)
    )
    n, total = int(np.count_nonzero(known)), int(np.count_nonzero(inside))
    mos = table.mos[known]
    if n == 0 or float(np.var(mos)) == 0.0:
        return LabelCeiling(
            figure=None,
            interval=None,
            n=n,
            sentence="The noise of the ratings is unknown: no clip has both a deviation and a "
            "number of ratings."
            if n == 0
            else "The ratings do not differ, so they have no ceiling.",
        )
    noise = table.mos_std[known] ** 2 / table.n_ratings[known]
    ceiling = _ceiling(float(np.mean(noise)) / float(np.var(mos)))
    interval = _interval(noise, mos, [g for g, row in zip(table.groups, known, strict=True) if row])
    sentence = (
        f"With {float(np.mean(table.n_ratings[known])):.0f} ratings a clip on average, the noise "
        f"of the ratings caps PLCC near {plain(ceiling)}"
    )
    over = f"over the {count(n)} of {count(total)} clips that tell"
    if n < max(_LEAST_KNOWN, _LEAST_SHARE * total):
        sentence += f" ({over}; too few to say what it means for the gate)."
    else:
        notes = [over] if n < total else []
        if interval is not None:
            told = f"{plain(interval.low)} to {plain(interval.high)}"
            notes.append(f"{share(LEVEL)} interval {told}")
        sentence += f" ({'; '.join(notes)})" if notes else ""
        sentence += f": {_verdict(interval)}."
    return LabelCeiling(figure=ceiling, interval=interval, n=n, sentence=sentence)


def _ceiling(noise_share: float) -> float:
    return round(float(np.sqrt(max(0.0, 1.0 - noise_share))), 6)


def _interval(noise: FloatArray, mos: FloatArray, groups: list[str]) -> Interval | None:
    """Of the ceiling, by way of the share of the variance that is noise."""
    centred = mos - mos.mean()

    def noise_share(means: FloatArray) -> FloatArray:
        variance = means[:, 2] - means[:, 1] ** 2
        # What is left of equal ratings after rounding is no variance.
        some = variance > 1e-12 * means[:, 2]
        found: FloatArray = np.where(some, means[:, 0] / np.where(some, variance, 1.0), np.nan)
        return found

    columns = np.column_stack([noise, centred, centred**2])
    found = interval_of_means(columns, groups, noise_share, scale="positive")
    return None if found is None else Interval(low=_ceiling(found[1]), high=_ceiling(found[0]))


def _verdict(interval: Interval | None) -> str:
    gate = plain(MEAN_PLCC.threshold)
    if interval is not None and interval.high < MEAN_PLCC.threshold:
        return (
            f"below the gate's {gate}, so no head can pass on these labels, however good it is; "
            "only more ratings a clip can change that"
        )
    if interval is not None and interval.low > MEAN_PLCC.threshold:
        return f"above the gate's {gate}, so these labels can pass a head"
    return f"these labels may or may not be good enough to pass a head at the gate's {gate}"
