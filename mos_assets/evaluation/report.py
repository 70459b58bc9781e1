"""Everything that is reported beside the verdict: what the figures mean, and how sure they are.

Nothing here gates. Figures beside the verdict are rounded to six places, so that they do not
depend on the processor or the number of threads; the verdict's own are never rounded, lest
rounding lift one over a threshold, and may differ in the last bit between vector units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from mos_assets.evaluation import baselines as base
from mos_assets.evaluation import bootstrap
from mos_assets.evaluation.gate import GATE, Verdict, judge
from mos_assets.evaluation.metrics import (
    chance_of_fold_spread,
    fold_scores,
    plcc_after_logistic,
    seed_scores,
)
from mos_assets.evaluation.slices import Slice, figure, slices
from mos_assets.evaluation.wording import plain
from mos_assets.records import FloatArray, LabelOrigin, OutOfFold, TrainingTable

BaselineName = Literal["predict the mean", "ridge"]


class Interval(BaseModel):
    """Where 95 of 100 resamples of the clips put a figure."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float


class Baseline(BaseModel):
    """A simple predictor on the same folds, and what the head has over it."""

    model_config = ConfigDict(frozen=True)

    name: BaselineName
    plcc: float | None
    srocc: float | None
    rmse: float | None
    margin_plcc: float | None
    """Head minus baseline; above 0 the head is better."""
    margin_srocc: float | None
    margin_rmse: float | None
    """Head minus baseline; below 0 the head is better."""
    margin_plcc_interval: Interval | None
    """Of the difference on the same resampled clips."""


class Intervals(BaseModel):
    """Bootstrap intervals of the gate's first three figures."""

    model_config = ConfigDict(frozen=True)

    level: float
    resamples: int
    mean_plcc: Interval | None
    mean_srocc: Interval | None
    mean_rmse: Interval | None


class LabelCeiling(BaseModel):
    """The highest correlation that any predictor can expect with ratings as noisy as these."""

    model_config = ConfigDict(frozen=True)

    figure: float | None
    n: int
    """Clips whose deviation and number of ratings are known."""
    sentence: str


class Calibration(BaseModel):
    """The line that maps predictions to ratings, over all seeds' mean predictions."""

    model_config = ConfigDict(frozen=True)

    slope: float
    intercept: float


class FeatureImportance(BaseModel):
    """How much PLCC drops when one feature is shuffled."""

    model_config = ConfigDict(frozen=True)

    feature: str
    plcc_drop: float


class ReportFigure(BaseModel):
    """A picture beside the report, and what it says."""

    model_config = ConfigDict(frozen=True)

    file: str
    """PNG in the report's folder."""
    title: str
    sentence: str


class GateReport(BaseModel):
    """One candidate's verdict with everything that helps to read it."""

    model_config = ConfigDict(frozen=True)

    head_id: str
    candidate_id: str
    corpora: tuple[str, ...]
    label_origin: LabelOrigin
    n_clips: int
    """Clips in the folds."""
    n_held_out: int
    """Clips that never train and take no part in the gate."""
    n_groups: int
    n_features: int
    verdict: Verdict
    intervals: Intervals
    plcc_after_logistic: float | None
    """Mean over seeds and folds, fitted to each; flatters a little, as it is in the literature."""
    chance_of_fold_spread: float | None
    """That folds of this size spread no more than the seed bound by sampling alone."""
    ceiling: LabelCeiling
    calibration: Calibration | None
    baselines: tuple[Baseline, ...]
    slices: tuple[Slice, ...]
    importance: tuple[FeatureImportance, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    """Empty until they are drawn."""


def build_report(
    table: TrainingTable,
    oof: OutOfFold,
    *,
    head_id: str,
    candidate_id: str,
    corpora: Sequence[str],
    label_origin: LabelOrigin,
    full_size: bool,
    importance: Sequence[FeatureImportance] = (),
) -> GateReport:
    """Judge a candidate and compute everything that the report shows.

    Costs a few CPU seconds for 1,200 clips. Raises ValueError where table and predictions do not
    fit together.
    """
    verdict = judge(table, oof, label_origin=label_origin, full_size=full_size)
    inside = table.folds >= 0
    ridge = base.ridge_predictions(table)
    drawn = bootstrap.resample(np.vstack([oof.predictions, ridge[None, :]]), table.mos, table.folds)
    n_seeds = len(oof.seeds)
    plcc = verdict.check("mean_plcc").figure
    fold_size = float(np.mean([row.n_val for row in verdict.folds])) if verdict.folds else 0.0
    margin = drawn.plcc[:, :n_seeds].mean(axis=1) - drawn.plcc[:, n_seeds]
    return GateReport(
        head_id=head_id,
        candidate_id=candidate_id,
        corpora=tuple(corpora),
        label_origin=label_origin,
        n_clips=int(np.count_nonzero(inside)),
        n_held_out=int(np.count_nonzero(~inside)),
        n_groups=len({g for g, row in zip(table.groups, inside, strict=True) if row}),
        n_features=len(table.feature_order),
        verdict=verdict,
        intervals=Intervals(
            level=bootstrap.LEVEL,
            resamples=len(drawn.plcc),
            mean_plcc=_interval(drawn.plcc[:, :n_seeds].mean(axis=1)),
            mean_srocc=_interval(drawn.srocc[:, :n_seeds].mean(axis=1)),
            mean_rmse=_interval(drawn.rmse[:, :n_seeds].mean(axis=1)),
        ),
        plcc_after_logistic=_after_logistic(table, oof),
        chance_of_fold_spread=None
        if plcc is None
        else figure(chance_of_fold_spread(GATE.plcc_spread, plcc, fold_size, verdict.n_folds)),
        ceiling=label_ceiling(table),
        calibration=_calibration(table, oof),
        baselines=(
            _baseline("predict the mean", table, base.mean_predictions(table), verdict, None),
            _baseline("ridge", table, ridge, verdict, _interval(margin)),
        ),
        slices=slices(table, oof),
        importance=tuple(importance),
    )


def label_ceiling(table: TrainingTable) -> LabelCeiling:
    """sqrt(1 - mean(sd^2/n) / var(mos)) over the clips in the folds that have both figures."""
    known = (
        (table.folds >= 0)
        & np.isfinite(table.mos_std)
        & np.isfinite(table.n_ratings)
        & (table.n_ratings > 0)
    )
    n = int(np.count_nonzero(known))
    variance = float(np.var(table.mos[known])) if n else 0.0
    if variance == 0.0:
        return LabelCeiling(
            figure=None,
            n=n,
            sentence="The noise of the ratings is unknown: no clip has both a deviation and a "
            "number of ratings."
            if n == 0
            else "The ratings do not differ, so they have no ceiling.",
        )
    noise = float(np.mean(table.mos_std[known] ** 2 / table.n_ratings[known]))
    ceiling = round(math.sqrt(max(0.0, 1.0 - noise / variance)), 6)
    total = int(np.count_nonzero(table.folds >= 0))
    over = f" (over the {n:,} of {total:,} clips that tell)" if n < total else ""
    sentence = (
        f"With {float(np.mean(table.n_ratings[known])):.0f} ratings a clip on average, the noise "
        f"of the ratings caps PLCC near {plain(ceiling)}{over}"
    )
    if ceiling < GATE.mean_plcc:
        sentence += (
            f": below the gate's {plain(GATE.mean_plcc)}, so no head can pass on these labels, "
            "however good it is; only more ratings a clip can change that."
        )
    else:
        sentence += f", above the gate's {plain(GATE.mean_plcc)}: these labels can pass a head."
    return LabelCeiling(figure=ceiling, n=n, sentence=sentence)


def _interval(draws: FloatArray) -> Interval | None:
    bounds = bootstrap.interval(draws)
    if bounds is None:
        return None
    return Interval(low=round(bounds[0], 6), high=round(bounds[1], 6))


def _after_logistic(table: TrainingTable, oof: OutOfFold) -> float | None:
    folds = np.unique(table.folds[table.folds >= 0])
    each = [
        plcc_after_logistic(predicted[table.folds == fold], table.mos[table.folds == fold])
        for predicted in oof.predictions
        for fold in folds
    ]
    return figure(math.fsum(each) / len(each)) if each else None


def _calibration(table: TrainingTable, oof: OutOfFold) -> Calibration | None:
    inside = table.folds >= 0
    predicted, mos = oof.predictions[:, inside].mean(axis=0), table.mos[inside]
    if len(mos) < 3 or not np.isfinite(predicted).all() or float(np.ptp(predicted)) == 0.0:
        return None
    from scipy import stats

    line = stats.linregress(predicted, mos)
    return Calibration(slope=round(float(line.slope), 6), intercept=round(float(line.intercept), 6))


def _baseline(
    name: BaselineName,
    table: TrainingTable,
    predicted: FloatArray,
    verdict: Verdict,
    interval: Interval | None,
) -> Baseline:
    scores = seed_scores(fold_scores(table, OutOfFold((0,), predicted[None, :])))
    mine = [math.nan] * 3
    if scores:
        mine = [scores[0].mean_plcc, scores[0].mean_srocc, scores[0].mean_rmse]
    plcc, srocc, rmse = (figure(x) for x in mine)
    return Baseline(
        name=name,
        plcc=plcc,
        srocc=srocc,
        rmse=rmse,
        margin_plcc=_margin(verdict.check("mean_plcc").figure, plcc),
        margin_srocc=_margin(verdict.check("mean_srocc").figure, srocc),
        margin_rmse=_margin(verdict.check("mean_rmse").figure, rmse),
        margin_plcc_interval=interval,
    )


def _margin(head: float | None, baseline: float | None) -> float | None:
    return None if head is None or baseline is None else round(head - baseline, 6)
