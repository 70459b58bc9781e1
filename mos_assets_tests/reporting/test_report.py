"""The report as a file: the same when it is read again, and of earlier versions too."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json

import pytest

from mos_assets.errors import StoreError
from mos_assets.records import FeatureLoss, LabelOrigin
from mos_assets.reporting.report import GateReport


def _refuse(token: str) -> None:
    raise AssertionError(f"{token} is not JSON")


def test_json_round_trip(good) -> None:
    report = good[2]
    text = report.model_dump_json()
    json.loads(text, parse_constant=_refuse)
    assert GateReport.model_validate_json(text) == report


def test_a_report_of_another_version_is_the_users_error(good, tmp_path) -> None:
    path = tmp_path / "gate_report.json"
    with pytest.raises(StoreError, match="is missing"):
        GateReport.read(path)
    path.write_text(good[2].to_json())
    assert GateReport.read(path) == good[2]
    old = json.loads(good[2].to_json())
    del old["prediction_interval"]
    path.write_text(json.dumps(old))
    with pytest.raises(StoreError, match=r"prediction_interval.*materialize gate_report again"):
        GateReport.read(path)


@pytest.mark.parametrize("origin", list(LabelOrigin))
def test_a_report_of_schema_1_is_read_as_it_was(good, report_on, tmp_path, origin) -> None:
    """It named its checks and no more, and its surrogate gate was one check or null."""
    table, oof, _ = good
    losses = [FeatureLoss(1, 0, names, 0.2) for names in (("signal",), ("noise",))]
    report = report_on(table, oof, origin, losses=losses)
    old = json.loads(report.to_json())
    old["schema_name"] = "mos-assets gate report 1"
    del old["metrics"]
    verdict = old["verdict"]
    verdict["surrogate"] = verdict["surrogate"][0] if verdict["surrogate"] else None
    for check in (*verdict["checks"], *filter(None, [verdict["surrogate"]])):
        for later in ("words", "metric", "statistic", "places"):
            del check[later]
    for row in old["importance"]:
        row["kin"] = row.pop("correlated")
        row["plcc_drop_with_kin"] = row.pop("plcc_drop_with_correlated")
    path = tmp_path / "gate_report.json"
    path.write_text(json.dumps(old))
    assert GateReport.read(path) == report
