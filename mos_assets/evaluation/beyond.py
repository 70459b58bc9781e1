"""What a head says beyond a shortcut: the correlation of what remains."""

from __future__ import annotations

import numpy as np

from mos_assets.evaluation.metrics import rounded
from mos_assets.evaluation.resampling import Interval, interval_of_means
from mos_assets.evaluation.text import plain, share
from mos_assets.records import FloatArray, OutOfFold, Reported, TrainingTable

_LEAST_ROWS = 4
"""Three points always have a partial correlation of one."""


class Beyond(Reported):
    """Partial correlation of the head's predictions with the ratings, given a shortcut's."""

    shortcut: str
    """Which one is held fixed."""
    partial: float | None
    interval: Interval | None
    """Where other contents would put it; None where that cannot be told."""
    explained: float | None
    """Share of the ratings' variance, as the shortcut leaves it, that the head explains: the
    square of the partial correlation, 0 where that is negative."""
    sentence: str


def beyond(table: TrainingTable, oof: OutOfFold, name: str, predicted: FloatArray) -> Beyond:
    """What the head's mean predictions over seeds say of the ratings that `predicted` does not.

    predicted: [n] out of fold, of the shortcut; rows without one take no part. Everything is
    centred in each fold, because heads of two folds differ in level (Yule 1907 for the
    definition).
    """
    head = oof.predictions.mean(axis=0)
    rows = (table.folds >= 0) & np.isfinite(predicted) & np.isfinite(head)
    three = np.column_stack([head, table.mos, predicted])[rows]
    folds = table.folds[rows]
    for fold in np.unique(folds):
        mine = folds == fold
        three[mine] -= three[mine].mean(axis=0)
    figure: float | None = None
    interval: Interval | None = None
    if len(three) >= _LEAST_ROWS:
        h, m, s = three.T
        moments = np.column_stack([h, m, s, h * h, m * m, s * s, h * m, h * s, m * s])
        figure = rounded(float(_partial(moments.mean(axis=0, keepdims=True))[0]))
        groups = [group for group, row in zip(table.groups, rows, strict=True) if row]
        found = interval_of_means(moments, groups, _partial, scale="correlation")
        if found is not None and figure is not None:
            interval = Interval(low=round(found[0], 6), high=round(found[1], 6))
    explained = None if figure is None else rounded(max(0.0, figure) ** 2)
    return Beyond(
        shortcut=name,
        partial=figure,
        interval=interval,
        explained=explained,
        sentence=_sentence(name, figure, interval, explained),
    )


def _partial(means: FloatArray) -> FloatArray:
    """Partial correlations [replicates] of head and ratings given the shortcut, of means of
    moments [replicates, 9]. A shortcut that is constant leaves all to the head."""
    h, m, s, hh, mm, ss, hm, hs, ms = means.T
    var_h, var_m, var_s = hh - h * h, mm - m * m, ss - s * s
    cov_hm, cov_hs, cov_ms = hm - h * m, hs - h * s, ms - m * s
    some = var_s > 1e-12 * np.maximum(ss, 1e-300)
    by_s = np.where(some, 1.0 / np.where(some, var_s, 1.0), 0.0)
    rest_h, rest_m = var_h - cov_hs**2 * by_s, var_m - cov_ms**2 * by_s
    # What rounding leaves of a head that is the shortcut is no remainder.
    ok = (rest_h > 1e-9 * np.maximum(hh, 1e-300)) & (rest_m > 1e-9 * np.maximum(mm, 1e-300))
    scale = np.sqrt(np.where(ok, rest_h * rest_m, 1.0))
    found: FloatArray = np.where(
        ok, np.clip((cov_hm - cov_hs * cov_ms * by_s) / scale, -1.0, 1.0), np.nan
    )
    return found


def _sentence(
    name: str, figure: float | None, interval: Interval | None, explained: float | None
) -> str:
    if figure is None or explained is None:
        return f"What the head says beyond {name} cannot be told: nothing remains of one of them."
    told = ""
    if interval is not None:
        told = f" (95 % interval {plain(interval.low)} to {plain(interval.high)})"
    text = f"Beyond {name} the head correlates {plain(figure)}{told} with the ratings"
    if interval is not None and interval.low <= 0.0:
        return f"{text}: nothing shows that it says more."
    return f"{text}, and explains {share(explained)} of what that leaves open."
