"""From a table and its out-of-fold predictions to the report. Nothing here gates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation import baselines as base
from mos_assets.evaluation.beats import beats_shortcuts
from mos_assets.evaluation.comparison import Comparison
from mos_assets.evaluation.conformal import prediction_interval
from mos_assets.evaluation.criteria import GATE, PLCC_SPREAD, Gate, Statistic
from mos_assets.evaluation.gate import Verdict, judge
from mos_assets.evaluation.importance import importance
from mos_assets.evaluation.margins import head_over
from mos_assets.evaluation.metrics import (
    PLCC,
    chance_of_fold_spread,
    mean,
    plcc_after_logistic,
    rounded,
)
from mos_assets.evaluation.paired import paired_interval
from mos_assets.evaluation.resampling import (
    LEVEL,
    Interval,
    Resampling,
    interval_of,
    resample,
)
from mos_assets.evaluation.sample_size import decision
from mos_assets.evaluation.scores import fold_scores
from mos_assets.evaluation.shortcuts import BesideColumns
from mos_assets.evaluation.slices import slices
from mos_assets.evaluation.splits import SplitRanges
from mos_assets.records import (
    CorpusAlignment,
    DeclaredFeatures,
    FeatureLoss,
    FloatArray,
    LabelOrigin,
    OutOfFold,
    RatedCorpus,
    TrainingTable,
)
from mos_assets.reporting.ceiling import label_ceiling
from mos_assets.reporting.ratings import ratings_section
from mos_assets.reporting.report import (
    Baseline,
    BaselineName,
    Calibration,
    GateReport,
    Intervals,
    margin_name,
    metric_names,
)


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
    declared: Sequence[DeclaredFeatures] = (),
    comparison: Comparison | None = None,
    rated: Sequence[RatedCorpus] = (),
    alignment: CorpusAlignment | None = None,
    weighed: int | None = None,
    gate: Gate = GATE,
    beside: BesideColumns | None = None,
    splits: SplitRanges | None = None,
) -> GateReport:
    """Judge a candidate and compute everything that the report shows.

    losses: what training saw of the features, for their importance. gate: the table that it is
    judged by. label_findings: what may be wrong with the labels, a sentence each. rated: how the
    ratings of each corpus came about. alignment, weighed: of the candidate's manifest.
    beside: container columns and metrics of others, for shortcuts. splits: what the closed forms
    reach on further cuts. declared: feature tables of these corpora that say how they were
    measured.

    Costs a few CPU seconds for 1,200 clips. Raises ValueError where table and predictions do not
    fit together.
    """
    shortcuts = beats_shortcuts(table, oof, beside)
    verdict = judge(
        table, oof, label_origin=label_origin, full_size=full_size, gate=gate, shortcuts=shortcuts
    )
    inside = table.folds >= 0
    rivals: list[tuple[BaselineName, FloatArray]] = [
        ("ridge", base.ridge_predictions(table, oof.lines))
    ]
    svr = base.svr_predictions(table, oof.lines)
    if svr is not None:
        rivals.append(("SVR", svr))
    mean_rating = base.mean_predictions(table, oof.lines)
    n_seeds = len(oof.seeds)
    drawn = resample(
        np.vstack([oof.predictions, *(row for _, row in rivals)]),
        table.mos,
        table.folds,
        table.groups,
        gate.metrics,
    )
    plcc = verdict.means.of(PLCC)
    fold_size = float(np.mean([row.n_val for row in verdict.folds])) if verdict.folds else 0.0
    n_clips = int(np.count_nonzero(inside))
    intervals = _intervals(drawn, gate, n_seeds, n_clips)
    return GateReport(
        head_id=head_id,
        candidate_id=candidate_id,
        corpora=tuple(corpora),
        label_origin=label_origin,
        n_clips=n_clips,
        n_held_out=int(np.count_nonzero(~inside)),
        n_groups=drawn.n_contents,
        n_features=len(table.feature_order),
        metrics=metric_names(gate.metrics),
        verdict=verdict,
        intervals=intervals,
        decisions=tuple(
            decision(check, interval, n_clips=n_clips, n_contents=drawn.n_contents)
            for check in verdict.checks
            if check.figure is not None and (interval := intervals.of(check)) is not None
        ),
        plcc_after_logistic=_after_logistic(table, oof),
        chance_of_fold_spread=None
        if plcc is None
        else rounded(
            chance_of_fold_spread(PLCC_SPREAD.threshold, plcc, fold_size, verdict.n_folds)
        ),
        ceiling=label_ceiling(table, rated),
        calibration=_calibration(table, oof),
        baselines=(
            _baseline("predict the mean", table, mean_rating, verdict, gate, None),
            *(
                _baseline(
                    name, table, row, verdict, gate, interval_of(drawn, head_over(n_seeds, at))
                )
                for at, (name, row) in enumerate(rivals, start=n_seeds)
            ),
        ),
        shortcuts=shortcuts,
        splits=splits,
        slices=slices(table, oof, gate.metrics),
        prediction_interval=prediction_interval(table, oof),
        paired_interval=paired_interval(table, oof),
        importance=importance(tuple(losses), table.feature_order),
        label_findings=tuple(label_findings),
        ratings=ratings_section(rated, table, oof),
        declared=tuple(declared),
        comparison=comparison,
        alignment=alignment,
        weighed=weighed,
    )


def _intervals(drawn: Resampling, gate: Gate, n_seeds: int, n_clips: int) -> Intervals:
    return Intervals(
        level=LEVEL,
        method=drawn.method,
        unit="contents" if drawn.n_contents < n_clips else "clips",
        resamples=drawn.n_replicates,
        figures={row.name: _interval(drawn, row.statistic, n_seeds) for row in gate.criteria},
    )


def _interval(drawn: Resampling, statistic: Statistic, n_seeds: int) -> Interval | None:
    if n_seeds < statistic.least_seeds:
        return None
    return interval_of(
        drawn,
        lambda figures: statistic.of_replicates(figures[statistic.metric.name][:, :n_seeds]),
        scale=statistic.scale,
        least=statistic.least,
        centred=statistic.centred,
    )


def _after_logistic(table: TrainingTable, oof: OutOfFold) -> float | None:
    folds = np.unique(table.folds[table.folds >= 0])
    each = [
        plcc_after_logistic(predicted[table.folds == fold], table.mos[table.folds == fold])
        for predicted in oof.predictions
        for fold in folds
    ]
    return rounded(mean(each))


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
    gate: Gate,
    interval: Interval | None,
) -> Baseline:
    folds = fold_scores(table, OutOfFold((0,), predicted[None, :]), gate.metrics)
    figures: dict[str, float | None] = {}
    for metric in gate.metrics:
        figures[metric.name] = own = rounded(mean([row.of(metric) for row in folds]))
        head = verdict.means.of(metric)
        figures[margin_name(metric)] = None if head is None or own is None else round(head - own, 6)
    return Baseline(name=name, figures=figures, margin_plcc_interval=interval)
