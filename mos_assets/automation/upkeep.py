"""The job that removes what is old: in the store, and of Dagster's own runs."""

import datetime
import shutil
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from mos_assets.assets.platform import patience
from mos_assets.assets.reporting import user_errors
from mos_assets.automation.jobs import PRUNE, STORE_TAG
from mos_assets.release.pruning import prune_store
from mos_assets.settings import Settings

RUNS_AT_ONCE = 100


def prune_for(settings: Settings) -> dg.JobDefinition:
    """The job under these settings."""

    @dg.op(name="prune_store", description="Old candidates, their reports and predictions.")
    def store(context: dg.OpExecutionContext) -> None:
        with user_errors():
            pruned = prune_store(settings, holder=f"run {context.run_id}", patience=patience())
        context.log.info(pruned.told())
        context.add_output_metadata(
            {"candidates": len(pruned.candidates), "megabytes": round(pruned.bytes / 1e6, 1)}
        )

    @dg.op(
        name="prune_runs",
        ins={"after": dg.In(dg.Nothing)},
        description="Dagster's old runs with their logs; the newest of every asset stay.",
    )
    def runs(context: dg.OpExecutionContext) -> None:
        gone = prune_runs(context.instance, settings.keep_runs_days)
        context.log.info(f"{gone} runs older than {settings.keep_runs_days} days are removed")

    @dg.job(
        name=PRUNE,
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
    """Delete finished runs older than this, with their events, what they printed and their files;
    but not those that last made an asset or judged it.

    Returns how many were deleted.
    """
    keep = set()
    for asset in instance.get_asset_records():
        made = asset.asset_entry.last_materialization_record
        if made is not None:
            keep.add(made.run_id)
    oldest = (now or datetime.datetime.now(datetime.UTC)) - datetime.timedelta(days=days)
    gone, cursor = 0, None
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
            cursor=cursor,
        )
        for record in records:
            cursor = record.dagster_run.run_id
            if cursor not in keep:
                _delete_run(instance, cursor)
                gone += 1
        if len(records) < RUNS_AT_ONCE:
            return gone


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
