"""Folds; out-of-fold predictions to metrics, verdict, report and figures.

The door of the room: everything that the layers above use is named here.
"""

from mos_assets.evaluation.comparison import Comparison, compare, not_compared
from mos_assets.evaluation.conformal import prediction_interval
from mos_assets.evaluation.criteria import (
    GATE,
    Criterion,
    Gate,
    MeanOverSeeds,
    SpreadOverSeeds,
    Statistic,
)
from mos_assets.evaluation.findings import findings
from mos_assets.evaluation.folds import (
    FoldRow,
    assign_folds,
)
from mos_assets.evaluation.gate import judge
from mos_assets.evaluation.importance import FeatureImportance, Shuffles
from mos_assets.evaluation.interval import interval_text
from mos_assets.evaluation.leaks import LEAK_CORRELATION, leaking_features
from mos_assets.evaluation.markdown import cells, render_markdown
from mos_assets.evaluation.metrics import (
    PLCC,
    RMSE,
    Metric,
    plcc,
    rmse,
    srocc,
)
from mos_assets.evaluation.plot_section import plot_section, with_plots
from mos_assets.evaluation.plots import draw
from mos_assets.evaluation.report import (
    GateReport,
    ReportPlot,
    build_report,
)
from mos_assets.evaluation.text import and_list, cell, lowered, plain, share

__all__ = [
    "GATE",
    "LEAK_CORRELATION",
    "PLCC",
    "RMSE",
    "Comparison",
    "Criterion",
    "FeatureImportance",
    "FoldRow",
    "Gate",
    "GateReport",
    "MeanOverSeeds",
    "Metric",
    "ReportPlot",
    "Shuffles",
    "SpreadOverSeeds",
    "Statistic",
    "and_list",
    "assign_folds",
    "build_report",
    "cell",
    "cells",
    "compare",
    "draw",
    "findings",
    "interval_text",
    "judge",
    "leaking_features",
    "lowered",
    "not_compared",
    "plain",
    "plcc",
    "plot_section",
    "prediction_interval",
    "render_markdown",
    "rmse",
    "share",
    "srocc",
    "with_plots",
]
