"""The sensors that tell people, where MOS_NOTIFY names whom: of another verdict, of a run that
failed, of a sensor that waits for an answer."""

from __future__ import annotations

import json

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState

from mos_assets.assets.gate_report import HEAD, STATUS, VERDICT
from mos_assets.assets.naming import Naming
from mos_assets.automation.decisions import QUESTION
from mos_assets.automation.jobs import RETRAIN
from mos_assets.automation.retrains import belongs_to
from mos_assets.notifying import Kind, Message, send
from mos_assets.settings import Settings

GATE_REPORT = "gate_report"
REPORTS_LOOKED_BACK = 200
"""Reports among which the one before of the same head is looked for."""
MOST_INTERVAL_S = 30
"""Seconds between two looks at most, however seldom the other sensors look."""
SHORT_ID = 8


def notifications_for(settings: Settings) -> list[dg.SensorDefinition]:
    """Three sensors of a project, or none where nobody is to be told."""
    naming, service = Naming(settings.project), settings.service
    if not service.notify:
        return []
    target = service.notify
    running = (
        dg.DefaultSensorStatus.RUNNING if service.automation else dg.DefaultSensorStatus.STOPPED
    )

    interval_s = min(MOST_INTERVAL_S, 5 * service.tick_s)

    @dg.run_status_sensor(
        name=naming.of("verdict_notification"),
        minimum_interval_seconds=interval_s,
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=running,
        description="A run ended with another verdict on a head than the one before: tell "
        "MOS_NOTIFY.",
    )
    def verdict_notification(context: dg.RunStatusSensorContext) -> None:
        changed = changed_verdict(
            context.instance, context.dagster_run.run_id, naming.key(GATE_REPORT)
        )
        if changed is not None:
            send(target, changed)

    @dg.run_failure_sensor(
        name=naming.of("failure_notification"),
        minimum_interval_seconds=interval_s,
        default_status=running,
        description="A run failed: tell MOS_NOTIFY which, where and why.",
    )
    def failure_notification(context: dg.RunFailureSensorContext) -> None:
        failed = [event.step_key for event in context.get_step_failure_events()]
        if belongs_to(context.dagster_run, naming) and naming.has_failed(failed):
            send(target, failed_run(context))

    @dg.sensor(
        name=naming.of("question_notification"),
        minimum_interval_seconds=interval_s,
        default_status=running,
        description="A sensor waits for an answer, as after a removal of many clips: tell "
        "MOS_NOTIFY once.",
    )
    def question_notification(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        told: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        asked = open_questions(context.instance, naming)
        for sensor, question in asked.items():
            if told.get(sensor) != question:
                text = f"{sensor} asks: {question}"
                send(target, Message(Kind.QUESTION, text, sensor))
        return dg.SensorResult(
            skip_reason=f"{len(asked)} sensors ask", cursor=json.dumps(asked, sort_keys=True)
        )

    return [verdict_notification, failure_notification, question_notification]


def changed_verdict(instance: dg.DagsterInstance, run_id: str, key: dg.AssetKey) -> Message | None:
    """What to say where this run judged a head whose status was another one before, or none."""
    reports = instance.fetch_materializations(key, limit=REPORTS_LOOKED_BACK).records
    own: dict[str, str] | None = None
    for record in reports:
        made = record.asset_materialization
        if made is None or not {HEAD, STATUS, VERDICT} <= made.metadata.keys():
            continue
        told = {name: str(made.metadata[name].value) for name in (HEAD, STATUS, VERDICT)}
        if record.run_id == run_id:
            own = told
        elif own is not None and told[HEAD] == own[HEAD]:
            if told[STATUS] == own[STATUS]:
                return None
            return _verdict(own, f"{told[STATUS]} before, {own[STATUS]} now", run_id)
    return None if own is None else _verdict(own, f"{own[STATUS]}, its first verdict", run_id)


def _verdict(told: dict[str, str], change: str, run_id: str) -> Message:
    text = f"{told[HEAD]}: {change}. {told[VERDICT]} Run {run_id[:SHORT_ID]}."
    return Message(Kind.VERDICT, text, run_id)


def failed_run(context: dg.RunFailureSensorContext) -> Message:
    """Which run failed, in which steps, and the message of the first."""
    run = context.dagster_run
    failed = context.get_step_failure_events()
    where = f" at {', '.join(event.step_key or '' for event in failed)}" if failed else ""
    why = context.failure_event.message or ""
    if failed:
        data = failed[0].step_failure_data
        own = data.user_failure_data
        if own is not None and own.description:
            why = own.description
        elif data.error is not None:
            why = (data.error.cause or data.error).message
    text = f"Run {run.run_id[:SHORT_ID]} of {run.job_name} failed{where}: {why.strip()}"
    return Message(Kind.FAILURE, text, run.run_id)


def open_questions(instance: dg.DagsterInstance, naming: Naming) -> dict[str, str]:
    """Sensors of a project whose newest tick waits for an answer, with its words."""
    question = QUESTION.format(naming.of(RETRAIN))
    asked: dict[str, str] = {}
    for state in instance.all_instigator_state():
        if state.instigator_type is not InstigatorType.SENSOR:
            continue
        said = _newest(instance, state) or ""
        if said.endswith(question):
            asked[state.instigator_name] = said
    return asked


def _newest(instance: dg.DagsterInstance, state: InstigatorState) -> str | None:
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    return ticks[0].skip_reason if ticks else None
