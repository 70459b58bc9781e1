"""What deploy/ says, held against the tools that read it, and against the checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster._core.instance.ref import InstanceRef

from mos_assets.settings import Settings
from mos_assets.settings.project_table import FILE_VARIABLE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "--failure-threshold", "info", "deploy/Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"],
        ["kubernetes-validate", "--strict", "deploy/kubernetes/dask.yaml"],
    ],
    ids=lambda command: command[0],
)
def test_the_tool_accepts_it(command: list[str]) -> None:
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dagster_reads_the_instance_and_keeps_its_rules(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_bytes((DEPLOY / "dagster.yaml").read_bytes())
    deployed = InstanceRef.from_dir(str(tmp_path))
    checkout = InstanceRef.from_dir(str(ROOT))
    assert deployed.storage_data.class_name == "DagsterPostgresStorage"
    assert deployed.run_coordinator_data == checkout.run_coordinator_data
    assert deployed.run_launcher_data == checkout.run_launcher_data
    for rule in ("run_retries", "run_monitoring", "freshness", "retention", "telemetry"):
        assert deployed.settings[rule] == checkout.settings[rule]


def test_several_projects_keep_their_stores_in_the_volumes(tmp_path: Path) -> None:
    (tmp_path / "projects.toml").write_text(
        '[projects.a]\ncorpus = "one"\n\n[projects.b]\nfeatures = "canonical-6"\n'
    )
    code = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["code"]
    image = dict(re.findall(r"(MOS_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    given = {name: "" for name in code["environment"] if name.startswith("MOS_")}
    assert FILE_VARIABLE in given
    given |= {"MOS_CORPUS": "mine", FILE_VARIABLE: str(tmp_path / "projects.toml")}
    a, b = Settings.all_from_env({**image, **given})
    assert (a.run.corpus, b.run.corpus) == ("one", "mine")
    places = [
        path for each in (a, b) for path in (each.paths.store_folder, each.paths.model_folder)
    ]
    assert [str(path) for path in places] == [
        f"/srv/mos/{of}/{name}" for name in "ab" for of in ("store", "model")
    ]


def test_every_setting_in_use_exists_and_nothing_listens_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    for name in [name for name in os.environ if name.startswith("MOS_")]:
        monkeypatch.delenv(name)
    used = sorted(set(re.findall(r"\bMOS_[A-Z]+(?:_[A-Z]+)*\b", text)))
    known = Settings.from_env()
    fields = {
        f"MOS_{field.upper()}"
        for part in (known.run, known.paths, known.service)
        for field in type(part).model_fields
    }
    assert not [name for name in used if name not in {*fields, FILE_VARIABLE}]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert {name: ports for name, ports in published.items() if ports} == {
        "webserver": ["127.0.0.1:3000:3000"]
    }
    images = re.findall(r"^FROM (\S+)|image: ([a-z]\S+)", text, re.MULTILINE)
    assert all(":" in "".join(image) and "latest" not in "".join(image) for image in images)
