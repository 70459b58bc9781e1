"""Several projects in one run: each has its own keys, store, verdict and tags, and its own end."""

import time
from dataclasses import dataclass

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

from mos_assets.assets.naming import CHAIN, Naming
from mos_assets.automation.facts import Outcome
from mos_assets.automation.retrains import retrains_of
from mos_assets.definitions import build_defs
from mos_assets.settings import Settings
from mos_assets_tests.assets.conftest import World, ran
from mos_assets_tests.settings.making import values

QUICK = {"seeds": 1, "folds": 3, "epochs": 2}


@dataclass(frozen=True)
class Together:
    """Three projects after one run: two over the same corpus, and one whose corpus is not there."""

    world: World
    projects: dict[str, Settings]
    result: dg.ExecuteInProcessResult
    tags: dict[str, str]
    retrains: dict[str, Outcome]
    """Project → how a sensor of it takes the run."""

    def made(self, project: str) -> dict[str, dg.AssetMaterialization]:
        """Asset → what this project has made of it."""
        found = {}
        for event in self.result.get_asset_materialization_events():
            assert event.asset_key is not None
            owner, name = event.asset_key.path
            if owner == project:
                found[name] = event.materialization
        return found


@pytest.fixture
def together(tabled: World) -> Together:
    root = tabled.root
    world = tabled.using(**QUICK)

    def project(name: str, **changes: object) -> Settings:
        own = {"store": str(root / name), "model_dir": str(root / f"model-{name}")}
        return Settings.of(name, **{**values(world.settings), **own, **changes})

    projects = [project("same"), project("other", seeds=2), project("absent", corpus="nowhere")]
    job = build_defs(*projects).resolve_implicit_global_asset_job_def()
    every = frozenset().union(*(Naming(one.project).chain for one in projects))
    with dg.instance_for_test() as instance:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=sorted(every)
        )
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        retrains = {}
        for one in projects:
            naming = Naming(one.project)
            (found,) = retrains_of(instance, one.run_scope, time.time(), "", naming)
            retrains[one.project] = found.outcome
    return Together(world, {one.project: one for one in projects}, result, dict(run.tags), retrains)


def test_projects_in_one_run_share_nothing(together: Together) -> None:
    assert not together.result.success
    same, other = together.made("same"), together.made("other")
    # What failed, failed alone.
    assert set(same) == set(other) == set(CHAIN)
    assert not together.made("absent")
    assert together.retrains == {
        "same": Outcome.DONE,
        "other": Outcome.DONE,
        "absent": Outcome.FAILED,
    }
    candidates = [made["gate_report"].metadata["candidate"].value for made in (same, other)]
    assert candidates[0] != candidates[1]
    for name, candidate in zip(("same", "other"), candidates, strict=True):
        assert together.tags[f"mos_assets/{name}.candidate"] == candidate
        assert together.tags[f"mos_assets/{name}.reach"] == together.projects[name].run_scope
        assert together.tags[f"mos_assets/{name}.corpus"] == "tabled"
    assert "mos_assets/reach" not in together.tags
    gates = {
        found.asset_key.path[0]
        for found in together.result.get_asset_check_evaluations()
        if found.check_name == "mean_plcc"
    }
    assert gates == {"same", "other"}
    for name in ("same", "other"):
        paths = together.projects[name].paths
        assert sorted(path.suffix for path in paths.model_folder.glob("[!.]*")) == [
            *(".json", ".md", ".onnx")
        ]
    # The same settings alone, under no name, give the same candidate, and so the same bytes.
    alone = ran(together.world, *CHAIN[:-2])
    assert alone.metadata("trained_onnx")["candidate"].value == candidates[0]
    assert alone.metadata("trained_onnx")["sha256"] == same["trained_onnx"].metadata["sha256"]


@pytest.mark.parametrize(
    ("steps", "owners"),
    [
        (["a__raw_corpus", "a_b__folds_folds_disjoint"], {"a", "a_b", ""}),
        (["a_b__folds"], {"a_b", ""}),
        (["a_prune_store"], {"a", ""}),
        (["a_prune__folds"], {""}),
        ([], {"a", "a_b", ""}),
    ],
)
def test_who_is_told_of_a_run_that_failed(steps: list[str], owners: set[str]) -> None:
    assert {name for name in ("a", "a_b", "") if Naming(name).has_failed(steps)} == owners


def test_names_of_a_project_are_its_own_and_those_of_none_are_plain() -> None:
    here, there = Settings.of("mine"), Settings.of("a_2", store="x", model_dir="y", notify="true")
    repository = build_defs(here, there).get_repository_def()
    plain = build_defs(Settings.of(notify="true")).get_repository_def()
    names = {
        *(job.name for job in repository.get_all_jobs()),
        *(sensor.name for sensor in repository.sensor_defs),
        *(schedule.name for schedule in repository.schedule_defs),
    }
    kept = {
        *(job.name for job in plain.get_all_jobs()),
        *(sensor.name for sensor in plain.sensor_defs),
        *(schedule.name for schedule in plain.schedule_defs),
    }
    quiet = {name for name in kept if not name.endswith("_notification")}
    assert names == (
        {"__ASSET_JOB"}
        | {f"mine_{name}" for name in quiet - {"__ASSET_JOB"}}
        | {f"a_2_{name}" for name in kept - {"__ASSET_JOB"}}
    )
    keys = plain.asset_graph.get_all_asset_keys()
    assert all(len(key.path) == 1 for key in keys)
    assert repository.asset_graph.get_all_asset_keys() == {
        dg.AssetKey([name, *key.path]) for name in ("mine", "a_2") for key in keys
    }
    for found in (repository, plain):
        # What the UI is told.
        assert serialize_value(RepositorySnap.from_def(found))
    for name in ("mine_retrain", "a_2_score_incoming", "a_2_prune"):
        owner = name.rsplit("_", 1)[0].removesuffix("_score")
        nodes = repository.get_job(name).graph.nodes
        assert nodes and all(node.name.startswith(owner) for node in nodes)
