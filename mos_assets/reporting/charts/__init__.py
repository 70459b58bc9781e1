"""Drawings of the local page, as SVG that follows the reader's colours. They name clips."""

from __future__ import annotations

from mos_assets.reporting.charts.agreement import residual_chart as residual_chart
from mos_assets.reporting.charts.agreement import scatter as scatter
from mos_assets.reporting.charts.gate import fold_chart as fold_chart
from mos_assets.reporting.charts.gate import gate_chart as gate_chart
