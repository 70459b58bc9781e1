"""The report's plots: PNG files that are byte for byte the same for the same predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mos_assets.records import OutOfFold, TrainingTable
from mos_assets.reporting.plots.agreement import calibration, density, residuals
from mos_assets.reporting.plots.importance import importance_plot
from mos_assets.reporting.plots.matrix import matrix_caption as matrix_caption
from mos_assets.reporting.plots.matrix import matrix_plot as matrix_plot
from mos_assets.reporting.plots.prediction_interval import interval_plot
from mos_assets.reporting.plots.verdict import folds_and_seeds, slices_plot
from mos_assets.reporting.report import GateReport, ReportPlot


def draw(
    table: TrainingTable, oof: OutOfFold, report: GateReport, folder: Path
) -> tuple[ReportPlot, ...]:
    """Draw the report's plots into `folder`, which is made where it is missing.

    Without finite predictions in the folds there is nothing to draw and the result is empty.
    """
    inside = table.folds >= 0
    predicted, mos = oof.predictions[:, inside].mean(axis=0), table.mos[inside]
    if len(mos) == 0 or not (np.isfinite(predicted).all() and np.isfinite(mos).all()):
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    drawn = (
        folds_and_seeds(report, folder),
        density(predicted, mos, report, folder),
        residuals(predicted, mos, folder),
        calibration(predicted, mos, folder),
        interval_plot(report, folder),
        importance_plot(report, folder),
        slices_plot(report, folder),
    )
    return tuple(plot for plot in drawn if plot is not None)
