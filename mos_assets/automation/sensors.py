"""The two sensors. They look, ask `decide`, and return; nothing is decided here."""

from collections.abc import Callable

import dagster as dg

from mos_assets.assets.platform import Platform
from mos_assets.automation.decisions import Action, decide
from mos_assets.automation.jobs import retrain
from mos_assets.automation.signatures import corpus_signature, shot_metadata_signature
from mos_assets.errors import MosAssetsError
from mos_assets.settings import Settings

IN_FLIGHT = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""A queued run counts too: it will read the files as they are when it starts."""

Tick = dg.SensorResult | dg.SkipReason


@dg.sensor(
    job=retrain,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Label files or clip folders changed: retrain.",
)
def corpus_sensor(context: dg.SensorEvaluationContext, platform: Platform) -> Tick:
    return _tick(context, platform.settings, corpus_signature)


@dg.sensor(
    job=retrain,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="External shot metadata or feature tables changed: retrain; no clip is decoded.",
)
def shot_metadata_sensor(context: dg.SensorEvaluationContext, platform: Platform) -> Tick:
    return _tick(context, platform.settings, shot_metadata_signature)


def _tick(
    context: dg.SensorEvaluationContext, settings: Settings, look: Callable[[Settings], str]
) -> Tick:
    try:
        current = look(settings)
    except (MosAssetsError, OSError) as error:
        return dg.SkipReason(f"could not look: {error}")
    in_flight = context.instance.get_runs_count(
        dg.RunsFilter(job_name=retrain.name, statuses=IN_FLIGHT)
    )
    decision = decide(context.cursor, current, in_flight)
    match decision.action:
        case Action.WAIT:
            return dg.SkipReason(decision.reason)
        case Action.REMEMBER:
            return dg.SensorResult(skip_reason=decision.reason, cursor=current)
        case Action.LAUNCH:
            return dg.SensorResult(
                run_requests=[dg.RunRequest(tags={"mos_assets/signature": current[:16]})],
                cursor=current,
            )
