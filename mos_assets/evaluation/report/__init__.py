"""The report on one candidate: its shape, and how it is computed."""

from mos_assets.evaluation.report.build import build_report
from mos_assets.evaluation.report.ceiling import label_ceiling
from mos_assets.evaluation.report.model import (
    Baseline,
    Calibration,
    GateReport,
    Intervals,
    LabelCeiling,
    ReportPlot,
)
from mos_assets.evaluation.report.schema import report_schema, schema_text

__all__ = [
    "Baseline",
    "Calibration",
    "GateReport",
    "Intervals",
    "LabelCeiling",
    "ReportPlot",
    "build_report",
    "label_ceiling",
    "report_schema",
    "schema_text",
]
