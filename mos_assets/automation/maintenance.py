"""The job that removes what is old: in the store, and of Dagster's own runs."""

import datetime
import shutil
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from mos_assets.assets.naming import Naming
from mos_assets.assets.platform import lock_timeout
from mos_assets.assets.reporting import user_errors
from mos_assets.automation.jobs import PRUNE, STORE_TAG
from mos_assets.automation.retrains import is_ours
from mos_assets.pipeline.prune import prune_store
from mos_assets.settings import Settings

RUNS_AT_ONCE = 100
"""Runs asked for in one query."""


def prune_for(settings: Settings) -> dg.JobDefinition:
    """The job under these settings."""
    naming, paths, service = Naming(settings.project), settings.paths, settings.service

    @dg.op(
        name=naming.of("prune_store"), description="Old candidates, their reports and predictions."
    )
    def store(context: dg.OpExecutionContext) -> None:
        with user_errors():
            pruned = prune_store(
                paths,
                service.keep_candidates,
                holder=f"run {context.run_id}",
                timeout=lock_timeout(),
            )
        context.log.info(pruned.told())
        context.add_output_metadata(
            {"candidates": len(pruned.candidates), "megabytes": round(pruned.bytes / 1e6, 1)}
        )

    @dg.op(
        name=naming.of("prune_runs"),
        ins={"after": dg.In(dg.Nothing)},
        description="Dagster's old runs with their logs; the newest of every asset stay.",
    )
    def runs(context: dg.OpExecutionContext) -> None:
        gone = prune_runs(context.instance, service.keep_runs_days)
        context.log.info(f"{gone} runs older than {service.keep_runs_days} days are removed")

    @dg.job(
        name=naming.of(PRUNE),
        description="Remove old candidates with their reports and predictions, and old runs. "
        "Released and accepted heads, and all measurements, stay; docs/operations.md says what "
        "exactly. `mos prune` does the same to the store.",
        tags={STORE_TAG: "store"},
        executor_def=dg.in_process_executor,
    )
    def prune() -> None:
        runs(after=store())

    return prune


def prune_runs(
    instance: dg.DagsterInstance, days: int, now: datetime.datetime | None = None
) -> int:
    """Delete finished runs of this project older than this, with their events, what they printed
    and their files; but not those that last made an asset or ran a check.

    Returns how many were deleted.
    """
    keep = set()
    for asset in instance.get_asset_records():
        made = asset.asset_entry.last_materialization_record
        if made is not None:
            keep.add(made.run_id)
    oldest = (now or datetime.datetime.now(datetime.UTC)) - datetime.timedelta(days=days)
    old = _finished_before(instance, oldest)
    keep |= _last_to_check(instance, old)
    going = [run for run in old if run not in keep]
    for run in going:
        _delete_run(instance, run)
    return len(going)


def _last_to_check(instance: dg.DagsterInstance, runs: Sequence[str]) -> set[str]:
    """Those of the runs that hold the newest verdict of a check: it can be executed on its own."""
    keys = {
        entry.dagster_event.asset_check_evaluation_data.asset_check_key
        for run in runs
        for entry in instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if entry.dagster_event is not None
    }
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(keys))
    return {record.run_id for record in newest.values()}


def _finished_before(instance: dg.DagsterInstance, oldest: datetime.datetime) -> list[str]:
    """Ids of all such runs of this project; a page that follows a deleted run would be empty."""
    found: list[dg.DagsterRun] = []
    while True:
        records = instance.get_run_records(
            dg.RunsFilter(
                created_before=oldest,
                statuses=[
                    dg.DagsterRunStatus.SUCCESS,
                    dg.DagsterRunStatus.FAILURE,
                    dg.DagsterRunStatus.CANCELED,
                ],
            ),
            limit=RUNS_AT_ONCE,
            cursor=found[-1].run_id if found else None,
        )
        found += [record.dagster_run for record in records]
        if len(records) < RUNS_AT_ONCE:
            return [run.run_id for run in found if is_ours(run)]


def _delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """A run with all that is kept of it. `DagsterInstance.delete_run` leaves the files."""
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    # What its steps handed on to each other.
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    events = instance.event_log_storage
    if isinstance(events, SqliteEventLogStorage):
        # One database a run, emptied by now.
        database = Path(events.path_for_shard(run_id))
        for path in (database, *(Path(f"{database}-{end}") for end in ("wal", "shm", "journal"))):
            path.unlink(missing_ok=True)
