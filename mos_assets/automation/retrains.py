"""Which retrains there were and are, whoever started them, as the decisions need them."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements
from mos_assets.assets.extracted_features import extracted_features
from mos_assets.assets.folds import folds
from mos_assets.assets.gate_report import gate_report
from mos_assets.assets.model_card import model_card
from mos_assets.assets.provenance import PREFIX, RUN_SCOPE_TAG
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.shot_metadata import shot_metadata
from mos_assets.assets.trained_onnx import trained_onnx
from mos_assets.automation.facts import Outcome, Retrain
from mos_assets.automation.jobs import ALL_ASSETS_JOB, PRUNE, SCORE_INCOMING

IN_FLIGHT = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""A queued run counts too: it will read the files as they are when it starts."""
CHAIN = frozenset().union(
    *(
        asset.keys
        for asset in (
            raw_corpus,
            clip_measurements,
            shot_metadata,
            extracted_features,
            folds,
            trained_onnx,
            gate_report,
            model_card,
        )
    )
)
"""Only a run of all of these has read the files and carried what it read to the end."""
RETRY_WAIT_S = 86_400
"""A run that was interrupted longer ago is not started again any more."""
SENSOR_TAG = "dagster/sensor_name"
WILL_RETRY_TAG = "dagster/will_retry"
RETRIED_TAG = "dagster/auto_retry_run_id"
LOOKED_BACK = 100
"""Finished runs of these settings looked at; between two ticks there are never so many."""
_NO_RETRAINS = frozenset({PRUNE, SCORE_INCOMING})
_STEPS: dict[str, frozenset[str]] = {}
"""Of plans that were asked for: one of each version of this project."""


def retrains_of(
    instance: dg.DagsterInstance, scope: str, now: float, sensor: str
) -> tuple[Retrain, ...]:
    """Runs in flight that write to the store, and the newest finished runs of the whole graph that
    had these settings. scope: `Settings.run_scope`. sensor: the one that asks."""
    in_flight = instance.get_run_records(dg.RunsFilter(statuses=IN_FLIGHT))
    finished = instance.get_run_records(
        dg.RunsFilter(
            tags={RUN_SCOPE_TAG: scope},
            statuses=[
                dg.DagsterRunStatus.SUCCESS,
                dg.DagsterRunStatus.FAILURE,
                dg.DagsterRunStatus.CANCELED,
            ],
        ),
        limit=LOOKED_BACK,
    )
    found = [
        Retrain(record.start_time, Outcome.IN_FLIGHT)
        for record in in_flight
        if is_ours(record.dagster_run) and record.dagster_run.job_name not in _NO_RETRAINS
    ]
    for record in finished:
        run = record.dagster_run
        if run.job_name in _NO_RETRAINS or not _whole(instance, run):
            continue
        if _waits_for_retry(run.tags) and (record.end_time or 0.0) > now - RETRY_WAIT_S:
            found.append(Retrain(None, Outcome.IN_FLIGHT))
            continue
        outcome = Outcome.DONE if run.is_success else Outcome.FAILED
        own = run.tags.get(SENSOR_TAG) == sensor
        found.append(Retrain(record.start_time, outcome, record.end_time, own))
    return tuple(found)


def is_ours(run: dg.DagsterRun) -> bool:
    """Whether this project made it: other projects may share the instance."""
    if any(name.startswith(PREFIX) for name in run.tags):
        return True
    return run.job_name == ALL_ASSETS_JOB and bool(CHAIN & (run.asset_selection or frozenset()))


def _whole(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether it runs every step of the whole graph. One that goes on from the failure of another
    takes what that has read, which may be of yesterday."""
    if run.op_selection or run.resolved_op_selection:
        return False
    if run.asset_selection is not None and not run.asset_selection >= CHAIN:
        return False
    if run.step_keys_to_execute is None:
        return True
    plan = run.execution_plan_snapshot_id
    return plan is not None and _steps_of(instance, plan) <= set(run.step_keys_to_execute)


def _steps_of(instance: dg.DagsterInstance, plan: str) -> frozenset[str]:
    """All steps of a plan, also those that are not executed. Plans are named by their content."""
    if plan not in _STEPS:
        snapshot = instance.get_execution_plan_snapshot(plan)
        _STEPS[plan] = frozenset(step.key for step in snapshot.steps)
    return _STEPS[plan]


def _waits_for_retry(tags: Mapping[str, str]) -> bool:
    """Whether Dagster is about to start it again, as dagster.yaml says of interrupted runs."""
    return tags.get(WILL_RETRY_TAG) == "true" and RETRIED_TAG not in tags
