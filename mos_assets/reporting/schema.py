"""The JSON Schema of `gate_report.json`, as `docs/` publishes it."""

from __future__ import annotations

import json
from typing import Any

from mos_assets.evaluation.criteria import GATE, Gate
from mos_assets.evaluation.slices import Slice
from mos_assets.records import FoldScore, SeedScore
from mos_assets.reporting.described import Described
from mos_assets.reporting.report import (
    Baseline,
    GateReport,
    Intervals,
    margin_name,
)


def report_schema(gate: Gate = GATE) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of reports on this gate, which names each of its figures."""
    schema = GateReport.model_json_schema(mode="serialization", schema_generator=Described)
    metrics = [metric.name for metric in gate.metrics]
    for row, names in (
        (Intervals, [criterion.name for criterion in gate.criteria]),
        (FoldScore, metrics),
        (SeedScore, metrics),
        (Slice, metrics),
        (Baseline, [*metrics, *(margin_name(metric) for metric in gate.metrics)]),
    ):
        shape = schema["$defs"][row.__name__]
        keys = [f"{row.prefix}{name}" for name in names]
        figure = shape["properties"].pop("figures")["additionalProperties"]
        shape["properties"].update(dict.fromkeys(keys, figure))
        shape["required"] = [name for name in shape["required"] if name != "figures"] + keys
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The schema as the file that is published in `docs/`."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"
