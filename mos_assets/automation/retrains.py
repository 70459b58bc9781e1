"""Which retrains there were and are, whoever started them, as the decisions need them."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
from dagster._core.execution.stats import StepEventStatus

from mos_assets.assets.naming import PREFIX, UNNAMED, Naming, is_chain
from mos_assets.assets.provenance import RUN_SCOPE
from mos_assets.automation.facts import Outcome, Retrain
from mos_assets.automation.jobs import ALL_ASSETS_JOB, COMPARE, JOBS, PRUNE, SCORE_INCOMING

IN_FLIGHT = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""A queued run counts too: it will read the files as they are when it starts."""
RETRY_WAIT_S = 86_400
"""A run that was interrupted longer ago is not started again any more."""
SENSOR_TAG = "dagster/sensor_name"
WILL_RETRY_TAG = "dagster/will_retry"
RETRIED_TAG = "dagster/auto_retry_run_id"
LOOKED_BACK = 100
"""Finished runs of these settings looked at; between two ticks there are never so many."""
_STEPS: dict[str, frozenset[str]] = {}
"""Of plans that were asked for: one of each version of this project."""


def retrains_of(
    instance: dg.DagsterInstance, scope: str, now: float, sensor: str, naming: Naming = UNNAMED
) -> tuple[Retrain, ...]:
    """Runs in flight that make something of this project's graph, and the newest finished runs of
    the whole graph that had these settings. scope: `Settings.run_scope`. sensor: the one that
    asks."""
    no_retrains = {naming.of(job) for job in (PRUNE, SCORE_INCOMING, COMPARE)}
    in_flight = instance.get_run_records(dg.RunsFilter(statuses=IN_FLIGHT))
    finished = instance.get_run_records(
        dg.RunsFilter(
            tags={naming.run_tag(RUN_SCOPE): scope},
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
        if belongs_to(record.dagster_run, naming) and record.dagster_run.job_name not in no_retrains
    ]
    for record in finished:
        run = record.dagster_run
        if run.job_name in no_retrains or not _whole(instance, run, naming):
            continue
        if _waits_for_retry(run.tags) and (record.end_time or 0.0) > now - RETRY_WAIT_S:
            found.append(Retrain(None, Outcome.IN_FLIGHT))
            continue
        outcome = Outcome.DONE if _succeeded(instance, run, naming) else Outcome.FAILED
        own = run.tags.get(SENSOR_TAG) == sensor
        found.append(Retrain(record.start_time, outcome, record.end_time, own))
    return tuple(found)


def is_ours(run: dg.DagsterRun) -> bool:
    """Whether this package made it: others may share the instance."""
    if any(name.startswith(PREFIX) for name in run.tags):
        return True
    return run.job_name == ALL_ASSETS_JOB and any(map(is_chain, run.asset_selection or ()))


def belongs_to(run: dg.DagsterRun, naming: Naming) -> bool:
    """Whether it does something of this project, maybe beside others."""
    if not is_ours(run):
        return False
    chosen = run.asset_selection
    if run.job_name == ALL_ASSETS_JOB and (chosen is None or naming.chain & chosen):
        return True
    # The last is of a run whose settings were asked for, whatever it was launched by.
    return run.job_name in map(naming.of, JOBS) or naming.run_tag(RUN_SCOPE) in run.tags


def _whole(instance: dg.DagsterInstance, run: dg.DagsterRun, naming: Naming) -> bool:
    """Whether it runs every step of the whole graph. One that goes on from the failure of another
    takes what that has read, which may be of yesterday."""
    if run.op_selection or run.resolved_op_selection:
        return False
    if run.asset_selection is not None and not run.asset_selection >= naming.chain:
        return False
    if run.step_keys_to_execute is None:
        return True
    plan = run.execution_plan_snapshot_id
    return plan is not None and _steps_of(instance, plan) <= set(run.step_keys_to_execute)


def _succeeded(instance: dg.DagsterInstance, run: dg.DagsterRun, naming: Naming) -> bool:
    """Whether this project's graph was carried to the end, also where another project of the same
    run has failed."""
    if run.is_success or not naming.project or not (run.asset_selection or set()) > naming.chain:
        return run.is_success
    steps = [key.to_python_identifier() for key in naming.chain]
    stats = instance.get_run_step_stats(run.run_id, step_keys=steps)
    done = {each.step_key for each in stats if each.status is StepEventStatus.SUCCESS}
    return done == set(steps)


def _steps_of(instance: dg.DagsterInstance, plan: str) -> frozenset[str]:
    """All steps of a plan, also those that are not executed. Plans are named by their content."""
    if plan not in _STEPS:
        snapshot = instance.get_execution_plan_snapshot(plan)
        _STEPS[plan] = frozenset(step.key for step in snapshot.steps)
    return _STEPS[plan]


def _waits_for_retry(tags: Mapping[str, str]) -> bool:
    """Whether Dagster is about to start it again, as dagster.yaml says of interrupted runs."""
    return tags.get(WILL_RETRY_TAG) == "true" and RETRIED_TAG not in tags
