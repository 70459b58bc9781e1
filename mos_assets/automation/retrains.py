"""Which retrains there were and are, whoever started them, as the decisions need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements
from mos_assets.assets.extracted_features import extracted_features
from mos_assets.assets.folds import folds
from mos_assets.assets.gate_report import gate_report
from mos_assets.assets.model_card import model_card
from mos_assets.assets.platform import RESOURCE_KEY
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.shot_metadata import shot_metadata
from mos_assets.assets.trained_onnx import trained_onnx
from mos_assets.automation.facts import Outcome, Retrain
from mos_assets.automation.jobs import RETRAIN
from mos_assets.settings import Settings

ALL_ASSETS_JOB = "__ASSET_JOB"
"""What Dagster calls a run that was started from the asset graph."""
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
RESUMED_TAG = "dagster/is_resume_retry"
RETRY_WAIT_S = 86_400
"""A run that was interrupted longer ago is not started again any more."""
WILL_RETRY_TAG = "dagster/will_retry"
RETRIED_TAG = "dagster/auto_retry_run_id"
LOOKED_BACK = 25
"""Finished runs looked at; between two ticks there are never so many."""


def retrains_of(
    instance: dg.DagsterInstance, settings: Settings, now: float
) -> tuple[Retrain, ...]:
    """Runs in flight that write to the store, and the newest finished runs of the whole graph."""
    in_flight = instance.get_run_records(dg.RunsFilter(statuses=IN_FLIGHT))
    finished = instance.get_run_records(
        dg.RunsFilter(
            statuses=[
                dg.DagsterRunStatus.SUCCESS,
                dg.DagsterRunStatus.FAILURE,
                dg.DagsterRunStatus.CANCELED,
            ]
        ),
        limit=LOOKED_BACK,
    )
    found = [
        Retrain(record.start_time, Outcome.IN_FLIGHT)
        for record in in_flight
        if record.dagster_run.job_name in (RETRAIN, ALL_ASSETS_JOB)
    ]
    for record in finished:
        run = record.dagster_run
        if run.job_name not in (RETRAIN, ALL_ASSETS_JOB):
            continue
        if not _whole(run):
            continue
        if _waits_for_retry(run.tags) and (record.end_time or 0.0) > now - RETRY_WAIT_S:
            found.append(Retrain(None, Outcome.IN_FLIGHT))
            continue
        covers = run.is_success and same_settings(run.run_config, settings)
        outcome = Outcome.DONE if covers else Outcome.FAILED
        found.append(Retrain(record.start_time, outcome))
    return tuple(found)


def _whole(run: dg.DagsterRun) -> bool:
    """Whether it runs every step. One that goes on from the failure of another takes what that
    has read, which may be of yesterday."""
    if run.step_keys_to_execute is not None or run.tags.get(RESUMED_TAG) == "true":
        return False
    return run.asset_selection is None or run.asset_selection >= CHAIN


def _waits_for_retry(tags: Mapping[str, str]) -> bool:
    """Whether Dagster is about to start it again, as dagster.yaml says of interrupted runs."""
    return tags.get(WILL_RETRY_TAG) == "true" and RETRIED_TAG not in tags


def same_settings(run_config: Mapping[str, Any], settings: Settings) -> bool:
    """Whether what a run was given in the launchpad equals the settings of the service."""
    given = run_config.get("resources", {}).get(RESOURCE_KEY, {}).get("config", {})
    return all(getattr(settings, name, None) == value for name, value in given.items())
