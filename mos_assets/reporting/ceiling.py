"""What the noise of the ratings leaves to be explained, and what that says about the gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.criteria import MEAN_PLCC
from mos_assets.evaluation.resampling import LEVEL, Interval, interval_of_means
from mos_assets.evaluation.text import count, plain, share
from mos_assets.ratings import noise_of_labels
from mos_assets.records import FloatArray, RatedCorpus, TrainingTable
from mos_assets.reporting.report import LabelCeiling

_LEAST_KNOWN = 100
"""Fewer clips with known noise say nothing about the gate."""
_LEAST_SHARE = 0.5
"""Of the clips in the folds whose noise must be known before it speaks for all."""


def label_ceiling(table: TrainingTable, rated: Sequence[RatedCorpus] = ()) -> LabelCeiling:
    """sqrt(1 - mean(noise) / var(mos)) over the clips in the folds whose noise is known.

    The noise is the variance of a MOS: within its session by its interval, or std^2/n; and, where
    repeats tell it, between sessions as well. Its interval asks what other contents would have
    shown. The sentence speaks about the gate only where enough clips are known, and takes a side
    only where the whole interval does.
    """
    inside = table.folds >= 0
    votes = noise_of_labels(table.mos_ci95, table.mos_std, table.n_ratings)
    known = inside & np.isfinite(votes)
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
    between = _between_sessions(table, rated)
    # A part of the clips cannot speak for the others: tests differ in how they differ.
    both = bool(np.isfinite(between[known]).all())
    noise = votes[known] + (between[known] if both else 0.0)
    variance = float(np.var(mos))
    ceiling = _ceiling(float(np.mean(noise)) / variance)
    within = _ceiling(float(np.mean(votes[known])) / variance)
    outside = _ceiling(float(np.mean(between[known])) / variance) if both else None
    interval = _interval(noise, mos, [g for g, row in zip(table.groups, known, strict=True) if row])
    ratings = table.n_ratings[known]
    sentence = (
        f"With {float(np.mean(ratings)):.0f} ratings a clip on average, the noise"
        if np.isfinite(ratings).all()
        else "The noise"
    )
    sentence += f" of the ratings caps PLCC near {plain(within)}"
    if outside is not None:
        sentence += (
            f"{_repeats(rated)}near {plain(outside)}, and both together near {plain(ceiling)}"
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
        sentence += f": {_verdict(interval, both)}."
    if outside is not None:
        sentence += _first(within, outside)
    return LabelCeiling(
        figure=ceiling, interval=interval, n=n, sentence=sentence, within=within, between=outside
    )


def _between_sessions(table: TrainingTable, rated: Sequence[RatedCorpus]) -> FloatArray:
    """(n,) variance with which sessions move each MOS, less for one of several; NaN where unknown.

    What the repeats of some sessions show is taken for all of their corpus.
    """
    known = {each.corpus: each.between.variance for each in rated}
    names = {each.corpus: {session.name for session in each.sessions} for each in rated}
    found = np.full(len(table.clip_ids), np.nan)
    for row, (clip_id, session) in enumerate(zip(table.clip_ids, table.sessions, strict=False)):
        corpus = clip_id.partition("/")[0]
        variance = known.get(corpus)
        if variance is not None and session is not None:
            one = session in names[corpus]
            found[row] = variance / (1 if one else session.count("+") + 1)
    return found


def _repeats(rated: Sequence[RatedCorpus]) -> str:
    told = [each for each in rated if each.between.variance is not None]
    clips = f"{count(sum(each.between.repeats for each in told))} clips rated in two"
    if len(told) == 1 and told[0].between.correlation is not None:
        clips += f", which agree at a correlation of {plain(told[0].between.correlation)}"
    return f", what lies between tests beyond it (by {clips}) "


def _first(within: float, between: float) -> str:
    """Which of the two a better head meets first."""
    if plain(within) == plain(between):
        return " Neither is met before the other."
    if between < within:
        return (
            " What lies between tests is met first: more clips rated in common would tell it "
            "better, more ratings a clip do not lift it."
        )
    return " The noise of the votes is met first: more ratings a clip lift it."


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


def _verdict(interval: Interval | None, both: bool) -> str:
    gate = plain(MEAN_PLCC.threshold)
    if interval is not None and interval.high < MEAN_PLCC.threshold:
        return (
            f"below the gate's {gate}, so no head can pass on these labels, however good it is; "
            f"only more ratings a clip{', in more tests,' if both else ''} can change that"
        )
    if interval is not None and interval.low > MEAN_PLCC.threshold:
        return f"above the gate's {gate}, so these labels can pass a head"
    return f"these labels may or may not be good enough to pass a head at the gate's {gate}"
