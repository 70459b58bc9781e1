"""Which runs a sensor takes for a retrain that has read the files, whoever started it."""

import time
from pathlib import Path

import dagster as dg
from dagster._core.execution.api import create_execution_plan

from mos_assets.assets.naming import UNNAMED
from mos_assets.assets.provenance import RUN_SCOPE
from mos_assets.automation.facts import Outcome, Retrain
from mos_assets.automation.retrains import retrains_of
from mos_assets.definitions import build_defs
from mos_assets.settings import Settings
from mos_assets_tests.assets.conftest import make_world
from mos_assets_tests.settings.making import using

SETTINGS = Settings.of(corpus="synthetic")
SCOPE = SETTINGS.run_scope
RUN_SCOPE_TAG = UNNAMED.run_tag(RUN_SCOPE)
READ = {RUN_SCOPE_TAG: SCOPE}
WRITES = {"mos_assets/writes": "store"}
SUCCESS, FAILURE, STARTED, WAITING = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.NOT_STARTED,
)
ENDS = frozenset(map(dg.AssetKey, ("raw_corpus", "folds", "model_card")))


def outcomes(*runs: dg.DagsterRun, sensor: str = "corpus_sensor") -> list[str]:
    """Of the retrains among these, the newest last."""
    with dg.DagsterInstance.ephemeral() as instance:
        for run in runs:
            instance.add_run(run)
        found = retrains_of(instance, SCOPE, time.time(), sensor)
    return [retrain.outcome.name for retrain in reversed(found)]


def run(name: str, status: dg.DagsterRunStatus, tags: dict[str, str]) -> dg.DagsterRun:
    selection = UNNAMED.chain if name == "__ASSET_JOB" else None
    return dg.DagsterRun(job_name=name, status=status, tags=tags, asset_selection=selection)


def test_who_started_it_does_not_matter() -> None:
    assert outcomes(
        run("retrain", SUCCESS, READ),
        run("__ASSET_JOB", SUCCESS, READ),
        run("retrain", FAILURE, READ),
    ) == ["DONE", "DONE", "FAILED"]


def test_other_settings_another_project_or_a_part_of_the_graph_do() -> None:
    other = {RUN_SCOPE_TAG: using(SETTINGS, store="elsewhere").run_scope}
    assert not outcomes(
        run("retrain", SUCCESS, other),
        run("retrain", SUCCESS, {}),
        run("another", STARTED, {}),
        run("retrain", WAITING, {}),
        dg.DagsterRun(job_name="__ASSET_JOB", status=SUCCESS, tags=READ, asset_selection=ENDS),
        dg.DagsterRun(
            job_name="__ASSET_JOB",
            status=STARTED,
            asset_selection=frozenset({dg.AssetKey("their_asset")}),
        ),
    )


def test_whatever_of_ours_is_in_flight_counts_but_a_prune() -> None:
    some = dg.DagsterRun(
        job_name="__ASSET_JOB", status=STARTED, asset_selection=frozenset({dg.AssetKey("folds")})
    )
    assert outcomes(run("retrain", WAITING, WRITES), run("prune", STARTED, WRITES), some) == [
        "IN_FLIGHT",
        "IN_FLIGHT",
    ]


def test_runs_of_others_hide_no_retrain_however_many_they_are() -> None:
    crowd = [run("another", SUCCESS, {}) for _ in range(150)]
    assert outcomes(run("retrain", SUCCESS, READ), *crowd) == ["DONE"]


def test_a_run_knows_its_sensor() -> None:
    tags = {**READ, "dagster/sensor_name": "corpus_sensor"}
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(run("retrain", FAILURE, tags))
        own = [
            retrains_of(instance, SCOPE, time.time(), sensor)[0].own
            for sensor in ("corpus_sensor", "shot_metadata_sensor")
        ]
    assert own == [True, False]


def test_an_interrupted_run_that_dagster_starts_again_is_in_flight() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        one = run("retrain", STARTED, READ)
        instance.add_run(one)
        instance.report_run_failed(one)
        instance.add_run_tags(one.run_id, {"dagster/will_retry": "true"})
        now = time.time()
        assert retrains_of(instance, SCOPE, now, "") == (Retrain(None, Outcome.IN_FLIGHT),)
        (late,) = retrains_of(instance, SCOPE, now + 2 * 86_400, "")
        assert late.outcome is Outcome.FAILED
        instance.add_run_tags(one.run_id, {"dagster/auto_retry_run_id": "x"})
        (again,) = retrains_of(instance, SCOPE, now, "")
        assert again.outcome is Outcome.FAILED


def test_a_run_that_names_its_steps_is_whole_where_it_names_all_of_them() -> None:
    """As the webserver and the command line do; a person who goes on from a failed step names some,
    and what those before it had read is of another day."""
    job = build_defs(SETTINGS).resolve_job_def("retrain")
    part = dg.DagsterRun(
        job_name="retrain", status=SUCCESS, tags=READ, resolved_op_selection={"raw_corpus"}
    )
    assert not outcomes(part)
    keys = create_execution_plan(job).step_keys_to_execute
    assert len(keys) > len(UNNAMED.chain)
    for steps, found in ((keys, ["DONE"]), (keys[-3:], [])):
        with dg.DagsterInstance.ephemeral() as instance:
            plan = create_execution_plan(job, step_keys_to_execute=steps)
            one = instance.create_run_for_job(job, plan, tags=READ, status=SUCCESS)
            assert one.step_keys_to_execute == steps
            retrains = retrains_of(instance, SCOPE, time.time(), "")
        assert [retrain.outcome.name for retrain in retrains] == found


def test_a_run_tags_itself_with_the_settings_that_it_had(tmp_path: Path) -> None:
    """Whatever the launchpad or the environment of a command line said."""
    world = make_world(tmp_path, "synthetic", features="konvid-v1")
    job = build_defs(world.settings).resolve_implicit_global_asset_job_def()
    given = {"resources": {"platform": {"config": {"epochs": 7}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        for config, settings in (
            ({}, world.settings),
            (given, using(world.settings, epochs=7)),
        ):
            result = job.execute_in_process(
                run_config=config, instance=instance, asset_selection=[dg.AssetKey("raw_corpus")]
            )
            made = instance.get_run_by_id(result.run_id)
            assert made is not None
            assert made.tags[RUN_SCOPE_TAG] == settings.run_scope
    assert world.settings.run_scope != settings.run_scope
