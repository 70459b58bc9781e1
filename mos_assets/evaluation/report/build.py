"""From a table and its out-of-fold predictions to the report. Nothing here gates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation import baselines as base
from mos_assets.evaluation.comparison import Comparison
from mos_assets.evaluation.conformal import prediction_interval
from mos_assets.evaluation.gate import GATE, Verdict, judge
from mos_assets.evaluation.importance import importance
from mos_assets.evaluation.interval import Interval, interval_of
from mos_assets.evaluation.metrics import (
    chance_of_fold_spread,
    fold_scores,
    plcc_after_logistic,
    seed_scores,
)
from mos_assets.evaluation.report.ceiling import label_ceiling
from mos_assets.evaluation.report.model import (
    Baseline,
    BaselineName,
    Calibration,
    GateReport,
    Intervals,
)
from mos_assets.evaluation.resampling import LEVEL, Figures, Resampling, Statistic, resample
from mos_assets.evaluation.sample_size import decision
from mos_assets.evaluation.slices import figure, slices
from mos_assets.records import FeatureLoss, FloatArray, LabelOrigin, OutOfFold, TrainingTable


def build_report(
    table: TrainingTable,
    oof: OutOfFold,
    *,
    head_id: str,
    candidate_id: str,
    corpora: Sequence[str],
    label_origin: LabelOrigin,
    full_size: bool,
    losses: Sequence[FeatureLoss] = (),
    label_findings: Sequence[str] = (),
    comparison: Comparison | None = None,
) -> GateReport:
    """Judge a candidate and compute everything that the report shows.

    losses: what training saw of the features, for their importance.
    label_findings: what may be wrong with the labels, a sentence each.

    Costs a few CPU seconds for 1,200 clips. Raises ValueError where table and predictions do not
    fit together.
    """
    verdict = judge(table, oof, label_origin=label_origin, full_size=full_size)
    inside = table.folds >= 0
    rivals: list[tuple[BaselineName, FloatArray]] = [("ridge", base.ridge_predictions(table))]
    svr = base.svr_predictions(table)
    if svr is not None:
        rivals.append(("SVR", svr))
    n_seeds = len(oof.seeds)
    drawn = resample(
        np.vstack([oof.predictions, *(row for _, row in rivals)]),
        table.mos,
        table.folds,
        table.groups,
    )
    plcc = verdict.check("mean_plcc").figure
    fold_size = float(np.mean([row.n_val for row in verdict.folds])) if verdict.folds else 0.0
    n_clips = int(np.count_nonzero(inside))
    intervals = _intervals(drawn, n_seeds, n_clips)
    return GateReport(
        head_id=head_id,
        candidate_id=candidate_id,
        corpora=tuple(corpora),
        label_origin=label_origin,
        n_clips=n_clips,
        n_held_out=int(np.count_nonzero(~inside)),
        n_groups=drawn.n_contents,
        n_features=len(table.feature_order),
        verdict=verdict,
        intervals=intervals,
        decisions=tuple(
            found
            for check in verdict.checks
            if (bounds := intervals.of(check.name)) is not None
            and (
                found := decision(
                    check, bounds.low, bounds.high, n_clips=n_clips, n_contents=drawn.n_contents
                )
            )
            is not None
        ),
        plcc_after_logistic=_after_logistic(table, oof),
        chance_of_fold_spread=None
        if plcc is None
        else figure(chance_of_fold_spread(GATE.plcc_spread, plcc, fold_size, verdict.n_folds)),
        ceiling=label_ceiling(table),
        calibration=_calibration(table, oof),
        baselines=(
            _baseline("predict the mean", table, base.mean_predictions(table), verdict, None),
            *(
                _baseline(
                    name, table, row, verdict, interval_of(drawn, _over(n_seeds, n_seeds + at))
                )
                for at, (name, row) in enumerate(rivals)
            ),
        ),
        slices=slices(table, oof),
        prediction_interval=prediction_interval(table, oof),
        importance=importance(tuple(losses), table.feature_order),
        label_findings=tuple(label_findings),
        comparison=comparison,
    )


def _over(n_seeds: int, rival: int) -> Statistic:
    """The head's PLCC, mean over seeds, minus that of the predictor in row `rival`."""

    def margin(figures: Figures) -> FloatArray:
        over: FloatArray = figures.plcc[:, :n_seeds].mean(axis=1) - figures.plcc[:, rival]
        return over

    return margin


def _intervals(drawn: Resampling, n_seeds: int, n_clips: int) -> Intervals:
    return Intervals(
        level=LEVEL,
        method=drawn.method,
        unit="contents" if drawn.n_contents < n_clips else "clips",
        resamples=len(drawn.replicates.plcc),
        mean_plcc=interval_of(
            drawn, lambda f: f.plcc[:, :n_seeds].mean(axis=1), scale="correlation"
        ),
        mean_srocc=interval_of(
            drawn, lambda f: f.srocc[:, :n_seeds].mean(axis=1), scale="correlation"
        ),
        mean_rmse=interval_of(drawn, lambda f: f.rmse[:, :n_seeds].mean(axis=1), scale="positive"),
        plcc_spread=interval_of(
            drawn, lambda f: np.ptp(f.plcc[:, :n_seeds], axis=1), least=0.0, centred=True
        )
        if n_seeds > 1
        else None,
    )


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
