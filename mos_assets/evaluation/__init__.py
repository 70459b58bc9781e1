"""Folds; out-of-fold predictions to metrics, verdict, report and figures.

The door of the room: everything that the layers above use is named here.
"""

from mos_assets.evaluation.comparison import Comparison, compare, not_compared
from mos_assets.evaluation.conformal import PredictionInterval, prediction_interval
from mos_assets.evaluation.criteria import (
    CRITERIA,
    GATE,
    MEAN_PLCC,
    MEAN_RMSE,
    MEAN_SROCC,
    PLCC_SPREAD,
    Criterion,
    Gate,
    MeanOverSeeds,
    SpreadOverSeeds,
    Statistic,
)
from mos_assets.evaluation.findings import reading
from mos_assets.evaluation.folds import (
    HELD_OUT,
    FoldAssignment,
    FoldOf,
    FoldRow,
    MergedGroup,
    assign_folds,
    merge_groups,
)
from mos_assets.evaluation.gate import GateCheck, Verdict, judge, judge_scores
from mos_assets.evaluation.importance import FeatureImportance, Shuffles
from mos_assets.evaluation.interval import Interval, bounds
from mos_assets.evaluation.leaks import LEAK_CORRELATION, Leak, leaking_features
from mos_assets.evaluation.markdown import cells, render_markdown
from mos_assets.evaluation.metrics import (
    PLCC,
    RMSE,
    SROCC,
    Metric,
    expected_fold_spread,
    logistic4,
    plcc,
    plcc_after_logistic,
    rmse,
    srocc,
    standard_error_of_r,
)
from mos_assets.evaluation.plot_section import plot_section, with_plots
from mos_assets.evaluation.plots import Plot, draw
from mos_assets.evaluation.report import (
    Baseline,
    Calibration,
    GateReport,
    Intervals,
    LabelCeiling,
    ReportPlot,
    build_report,
    label_ceiling,
    report_schema,
    schema_text,
)
from mos_assets.evaluation.sample_size import Decision
from mos_assets.evaluation.scores import fold_scores, seed_scores
from mos_assets.evaluation.slices import Slice
from mos_assets.evaluation.text import and_list, cell, lowered, plain, share

__all__ = [
    "CRITERIA",
    "GATE",
    "HELD_OUT",
    "LEAK_CORRELATION",
    "MEAN_PLCC",
    "MEAN_RMSE",
    "MEAN_SROCC",
    "PLCC",
    "PLCC_SPREAD",
    "RMSE",
    "SROCC",
    "Baseline",
    "Calibration",
    "Comparison",
    "Criterion",
    "Decision",
    "FeatureImportance",
    "FoldAssignment",
    "FoldOf",
    "FoldRow",
    "Gate",
    "GateCheck",
    "GateReport",
    "Interval",
    "Intervals",
    "LabelCeiling",
    "Leak",
    "MeanOverSeeds",
    "MergedGroup",
    "Metric",
    "Plot",
    "PredictionInterval",
    "ReportPlot",
    "Shuffles",
    "Slice",
    "SpreadOverSeeds",
    "Statistic",
    "Verdict",
    "and_list",
    "assign_folds",
    "bounds",
    "build_report",
    "cell",
    "cells",
    "compare",
    "draw",
    "expected_fold_spread",
    "fold_scores",
    "judge",
    "judge_scores",
    "label_ceiling",
    "leaking_features",
    "logistic4",
    "lowered",
    "merge_groups",
    "not_compared",
    "plain",
    "plcc",
    "plcc_after_logistic",
    "plot_section",
    "prediction_interval",
    "reading",
    "render_markdown",
    "report_schema",
    "rmse",
    "schema_text",
    "seed_scores",
    "share",
    "srocc",
    "standard_error_of_r",
    "with_plots",
]
