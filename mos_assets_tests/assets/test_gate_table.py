"""A figure more in the gate: one row of the table, and it is everywhere that people look."""

import json
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets.definitions import build_defs
from mos_assets.evaluation import Criterion, Gate, MeanOverSeeds, Metric
from mos_assets.records import FloatArray
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.report import GateReport
from mos_assets.store import verdict_rows
from mos_assets_tests.assets.conftest import Ran, make_world

HEAD = "konvid_mos_head_v1"


def _outlier_ratio(predicted: FloatArray, mos: FloatArray) -> float:
    """Share of the clips that are predicted more than a tenth of a MOS away."""
    return float(np.mean(np.abs(predicted - mos) > 0.1))


OUTLIERS = Criterion(
    "mean_outlier_ratio",
    "Mean outlier ratio",
    MeanOverSeeds(Metric("outlier_ratio", "OR", _outlier_ratio)),
    0.0001,
    "<=",
    4,
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The graph over the synthetic corpus, judged by five figures, of which the fifth is missed."""
    world = make_world(tmp_path_factory.mktemp("table"), "synthetic", folds=2, epochs=1)
    defs = build_defs(world.settings, gate=Gate(added=(OUTLIERS,)))
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    return Ran(world, result, checks)


def _report(judged: Ran) -> tuple[Path, GateReport]:
    folder = Path(str(judged.metadata("gate_report")["folder"].value))
    return folder, GateReport.read(folder / "gate_report.json")


def test_it_is_judged_with_its_interval_on_every_fold_and_slice(judged: Ran) -> None:
    _, report = _report(judged)
    check = report.verdict.check(OUTLIERS)
    interval = report.intervals.of(OUTLIERS)
    assert check.figure is not None
    assert interval is not None
    assert interval.low < check.figure < interval.high
    assert not check.passed
    assert report.verdict.sentence.startswith("Proposed")
    assert len(report.verdict.folds) == 4
    metric = OUTLIERS.statistic.metric
    assert all(row.of(metric) is not None for row in report.verdict.folds)
    assert all(row.of(metric) is not None for row in report.verdict.seeds)
    assert any(part.of(metric) is not None for part in report.slices)
    ridge = next(row for row in report.baselines if row.name == "ridge")
    assert ridge.margin(metric) is not None


def test_it_has_a_check_of_its_own_in_the_ui(judged: Ran) -> None:
    found = judged.checks["mean_outlier_ratio"]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.metadata["threshold"].value == "<= 0.0001"
    _, report = _report(judged)
    figure = judged.metadata("gate_report")["mean_outlier_ratio"].value
    assert figure == round(report.verdict.check(OUTLIERS).figure or 0.0, 4)
    assert set(judged.checks) > {"mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread"}


def test_people_read_it_in_report_card_and_terminal(
    judged: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, report = _report(judged)
    check = report.verdict.check(OUTLIERS)
    files = ReleaseFiles(judged.world.settings.paths.model_folder, HEAD)
    for page, text in (
        ((folder / "gate_report.md").read_text(), check.text()),
        (files.card.read_text(), check.text(4)),
    ):
        (line,) = [line for line in page.splitlines() if line.startswith("| Mean outlier ratio |")]
        assert line.startswith(f"| Mean outlier ratio | {text} | ≤ .0001 |")
        assert line.endswith("| no |")
        assert "| seed | mean PLCC | mean SROCC | mean RMSE | mean OR |" in page
        assert page.count("| PLCC | SROCC | RMSE | OR |") >= 2
    drawn = next(figure for figure in report.figures if figure.file == "folds_and_seeds.png")
    assert "of 5 gate figures met" in drawn.title
    for name, value in judged.world.settings.paths.model_dump().items():
        monkeypatch.setenv(f"MOS_{name.upper()}", value)
    told = CliRunner().invoke(main, ["report", HEAD]).output
    assert f"Mean outlier ratio      {check.figure:.4f}  <= 0.0001  missed" in told
    assert f"mean_outlier_ratio {check.figure:.4f}" in CliRunner().invoke(main, ["status"]).output


def test_machines_read_it_in_manifest_and_store(judged: Ran) -> None:
    _, report = _report(judged)
    figure = report.verdict.check(OUTLIERS).figure
    path = ReleaseFiles(judged.world.settings.paths.model_folder, HEAD).manifest
    text = json.loads(path.read_text())
    assert text["gate"]["mean_outlier_ratio"] == figure
    assert text["gate"]["thresholds"][-1] == {
        "name": "mean_outlier_ratio",
        "comparison": "<=",
        "value": 0.0001,
    }
    assert {"outlier_ratio", "plcc"} <= set(text["folds"][0])
    assert {"mean_outlier_ratio", "mean_plcc"} <= set(text["seeds"][0])
    assert Manifest.read(path).to_json() == path.read_text()
    verdict = verdict_rows.latest_verdict(judged.world.database, HEAD)
    assert verdict is not None
    assert verdict.figures["mean_outlier_ratio"] == figure
    assert len(verdict.figures) == 5
