"""Folds; out-of-fold predictions to metrics, verdict, report and figures.

The door of the room: everything that the layers above use is named here.
"""

from mos_assets.evaluation.comparison import Comparison, compare, not_compared
from mos_assets.evaluation.conformal import PredictionInterval, prediction_interval
from mos_assets.evaluation.figures import Figure, draw
from mos_assets.evaluation.folds import (
    HELD_OUT,
    FoldAssignment,
    FoldOf,
    FoldRow,
    MergedGroup,
    assign_folds,
    merge_groups,
)
from mos_assets.evaluation.gate import (
    CHECK_WORDS,
    GATE,
    CheckName,
    GateCheck,
    GateThresholds,
    Verdict,
    judge,
    judge_scores,
)
from mos_assets.evaluation.importance import FeatureImportance, Shuffles
from mos_assets.evaluation.interval import Interval, bounds
from mos_assets.evaluation.leaks import LEAK_CORRELATION, Leak, leaking_features
from mos_assets.evaluation.markdown import render_markdown
from mos_assets.evaluation.metrics import (
    expected_fold_spread,
    finite_or_none,
    fold_scores,
    logistic4,
    plcc,
    plcc_after_logistic,
    rmse,
    seed_scores,
    srocc,
    standard_error_of_r,
)
from mos_assets.evaluation.pictures import figure_section, with_figures
from mos_assets.evaluation.reading import reading
from mos_assets.evaluation.report import (
    Baseline,
    Calibration,
    GateReport,
    Intervals,
    LabelCeiling,
    ReportFigure,
    build_report,
    label_ceiling,
    report_schema,
    schema_text,
)
from mos_assets.evaluation.sample_size import Decision
from mos_assets.evaluation.slices import Slice
from mos_assets.evaluation.wording import and_list, cell, plain, share

__all__ = [
    "CHECK_WORDS",
    "GATE",
    "HELD_OUT",
    "LEAK_CORRELATION",
    "Baseline",
    "Calibration",
    "CheckName",
    "Comparison",
    "Decision",
    "FeatureImportance",
    "Figure",
    "FoldAssignment",
    "FoldOf",
    "FoldRow",
    "GateCheck",
    "GateReport",
    "GateThresholds",
    "Interval",
    "Intervals",
    "LabelCeiling",
    "Leak",
    "MergedGroup",
    "PredictionInterval",
    "ReportFigure",
    "Shuffles",
    "Slice",
    "Verdict",
    "and_list",
    "assign_folds",
    "bounds",
    "build_report",
    "cell",
    "compare",
    "draw",
    "expected_fold_spread",
    "figure_section",
    "finite_or_none",
    "fold_scores",
    "judge",
    "judge_scores",
    "label_ceiling",
    "leaking_features",
    "logistic4",
    "merge_groups",
    "not_compared",
    "plain",
    "plcc",
    "plcc_after_logistic",
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
    "with_figures",
]
