"""The run launcher of dagster.yaml: Dagster's own, which also notices that a run's process died.

Without it a run that went down with its machine counts as running for ever, and the queue, which
lets one run at a time through, stands still.
"""

from __future__ import annotations

from dagster import DagsterEventType, DagsterRun, TextMetadataValue
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from mos_assets.processes.alive import still_lives


class WatchedRunLauncher(DefaultRunLauncher):
    """Runs are processes of this machine; one that is gone has failed."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING where the process lives, or where it is not known which one it is."""
        if self._its_server_runs_it(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        started = self._process_of(run)
        if started is None or still_lives(*started):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED,
            f"The process of this run, {started[0]}, is gone: it was killed, or the machine went "
            "down. What it had measured is kept.",
        )

    def _its_server_runs_it(self, run: DagsterRun) -> bool:
        from dagster._core.errors import DagsterUserCodeUnreachableError
        from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
        from dagster._serdes import deserialize_value

        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return False
        try:
            answer = client.can_cancel_execution(
                CanCancelExecutionRequest(run_id=run.run_id), timeout=5
            )
        except DagsterUserCodeUnreachableError:
            return False
        return deserialize_value(answer, CanCancelExecutionResult).can_cancel

    def _process_of(self, run: DagsterRun) -> tuple[int, float] | None:
        """Process id, and a time at which it lived; the first one that the run's events name.

        Where each step has a process of its own, that is the one that starts them.
        """
        for entry in self._instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            pid = None if event is None else event.engine_event_data.metadata.get("pid")
            if isinstance(pid, TextMetadataValue) and (pid.text or "").isdigit():
                return int(pid.text or ""), entry.timestamp
        return None
