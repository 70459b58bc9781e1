"""Dagster's `dg` on this checkout, as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mos_assets_tests.automation.service import ROOT

DG = Path(sys.executable).with_name("dg")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    folders = {"MOS_STORE": str(tmp_path / "store"), "MOS_MODEL_DIR": str(tmp_path / "model")}
    return {**os.environ, "DAGSTER_HOME": str(home), "MOS_CORPUS": "synthetic", **folders}


def dg(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DG), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_dg_lists_checks_and_launches(environment: dict[str, str], tmp_path: Path) -> None:
    listed = dg(environment, "list", "defs", "--json")
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout[listed.stdout.index("{") :])
    assert {"raw_corpus", "gate_report", "model_card"} <= {
        one["asset_key"] for one in found["assets"]
    }
    checked = dg(environment, "check", "defs")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    launched = dg(environment, "launch", "--assets", "raw_corpus")
    assert launched.returncode == 0, launched.stdout + launched.stderr
    assert (tmp_path / "store" / "mos_assets.duckdb").is_file()
