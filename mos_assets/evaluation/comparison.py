"""Candidate against released head, on the clips that both have predicted without seeing them."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from mos_assets.evaluation.metrics import PLCC, RMSE, Metric
from mos_assets.evaluation.resampling import Figures, Interval, interval_of, resample
from mos_assets.evaluation.text import count, plain
from mos_assets.records import FloatArray, OutOfFold, PastPredictions, Reported, TrainingTable

Outcome = Literal["better", "worse", "undecided", "not compared"]

_LEAST_SHARE = 0.5
"""Of the candidate's clips that both must have predicted."""
_LEAST_CLIPS = 3
"""In each fold; fewer have no correlation."""


class Comparison(Reported):
    """Which of two heads is better where that can be told honestly."""

    released: str
    """Candidate id of the released head, or its head id where that is not known."""
    outcome: Outcome
    n: int
    """Clips that were compared."""
    plcc_margin: float | None
    """Candidate minus released head; above 0 the candidate is better."""
    plcc_interval: Interval | None
    rmse_margin: float | None
    """Candidate minus released head; below 0 the candidate is better."""
    rmse_interval: Interval | None
    sentence: str


def not_compared(released: str, why: str) -> Comparison:
    """The comparison that cannot be had, and why."""
    return Comparison(
        released=released,
        outcome="not compared",
        n=0,
        plcc_margin=None,
        plcc_interval=None,
        rmse_margin=None,
        rmse_interval=None,
        sentence=f"Not compared with the released head: {why}.",
    )


def compare(table: TrainingTable, oof: OutOfFold, past: PastPredictions) -> Comparison:
    """Both heads on the clips that have the same rating and the same fold for both.

    Such a clip was predicted by heads that trained on other folds only, on both sides, so
    neither has an advantage. Both are paired clip by clip in every replicate.
    """
    at = {clip: row for row, clip in enumerate(past.clip_ids)}
    rows = [
        (mine, at[clip])
        for mine, clip in enumerate(table.clip_ids)
        if clip in at and table.folds[mine] >= 0 and past.folds[at[clip]] >= 0
    ]
    n_inside = int(np.count_nonzero(table.folds >= 0))
    if not rows:
        return not_compared(past.candidate_id, "it was judged on other clips")
    kept = [
        (mine, theirs)
        for mine, theirs in rows
        if table.folds[mine] == past.folds[theirs] and table.mos[mine] == past.mos[theirs]
    ]
    if len(kept) < _LEAST_SHARE * n_inside:
        return not_compared(
            past.candidate_id,
            f"only {count(len(kept))} of {count(n_inside)} clips have the fold and the rating "
            "that they had when it was judged, so it may have trained on the others",
        )
    mine, theirs = np.array(kept).T
    folds = table.folds[mine]
    if min(int(np.sum(folds == fold)) for fold in np.unique(table.folds[table.folds >= 0])) < (
        _LEAST_CLIPS
    ):
        return not_compared(past.candidate_id, "a fold has too few clips that both have predicted")
    n_seeds = len(oof.predictions)
    drawn = resample(
        np.vstack([oof.predictions[:, mine], past.predictions[:, theirs]]),
        table.mos[mine],
        folds,
        [table.groups[row] for row in mine],
        (PLCC, RMSE),
    )
    over = [partial(_margin, metric=metric, n_seeds=n_seeds) for metric in (PLCC, RMSE)]
    margins = [float(margin(drawn.whole)[0]) for margin in over]
    intervals = [interval_of(drawn, margin) for margin in over]
    if not np.isfinite(margins).all():
        return not_compared(past.candidate_id, "one of the two has no correlation in some fold")
    outcome = _outcome(intervals[0], intervals[1])
    return Comparison(
        released=past.candidate_id,
        outcome=outcome,
        n=len(kept),
        plcc_margin=round(margins[0], 6),
        plcc_interval=intervals[0],
        rmse_margin=round(margins[1], 6),
        rmse_interval=intervals[1],
        sentence=_sentence(outcome, past.candidate_id, len(kept), margins, intervals),
    )


def _margin(figures: Figures, metric: Metric, n_seeds: int) -> FloatArray:
    each = figures[metric.name]
    margin: FloatArray = each[:, :n_seeds].mean(axis=1) - each[:, n_seeds:].mean(axis=1)
    return margin


def _outcome(plcc: Interval | None, rmse: Interval | None) -> Outcome:
    """Better or worse in one figure at least, and not the other way round in the other."""
    signs = {
        1 if low > 0 else -1 if high < 0 else 0
        for low, high in (
            (plcc.low, plcc.high) if plcc else (0.0, 0.0),
            (-rmse.high, -rmse.low) if rmse else (0.0, 0.0),
        )
    }
    if 1 in signs and -1 not in signs:
        return "better"
    return "worse" if -1 in signs and 1 not in signs else "undecided"


def _sentence(
    outcome: Outcome, released: str, n: int, margins: list[float], intervals: list[Interval | None]
) -> str:
    words = {
        "better": "Better than the released head",
        "worse": "Worse than the released head",
        "undecided": "Neither better nor worse than the released head",
    }
    figures = " and ".join(
        f"{name} {margin:+.3f}"
        + (f" (95 % interval {plain(b.low)} to {plain(b.high)})" if b else "")
        for name, margin, b in zip((PLCC.label, RMSE.label), margins, intervals, strict=True)
    )
    return (
        f"{words[outcome]} ({released}), as far as {count(n)} clips tell that neither had seen: "
        f"{figures}."
    )
