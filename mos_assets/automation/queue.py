"""The queue of dagster.yaml: Dagster's own, which also knows what a run of the asset graph is.

"Materialize all" has no tags of ours. Without one it would start beside a retrain, since the queue
lets two runs through so that clips can be scored meanwhile, and wait for the store in vain.
"""

from __future__ import annotations

from dagster import DagsterRun
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from mos_assets.assets.naming import is_chain
from mos_assets.automation.jobs import ALL_ASSETS_JOB, STORE_TAG


class StoreQueue(QueuedRunCoordinator):
    """One run that writes to the store at a time, however it was launched."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue a run, with the tag by which those that write to the store follow each other."""
        run = context.dagster_run
        chosen = run.asset_selection
        writes = chosen is None or any(map(is_chain, chosen))
        if run.job_name == ALL_ASSETS_JOB and writes and STORE_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, {STORE_TAG: "store"})
        return super().submit_run(context)
