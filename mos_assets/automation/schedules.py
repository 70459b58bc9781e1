"""The weekly retrain."""

from __future__ import annotations

import dagster as dg

from mos_assets.automation.jobs import retrain

weekly_retrain = dg.ScheduleDefinition(
    name="weekly_retrain",
    job=retrain,
    cron_schedule="0 3 * * 0",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sundays at 03:00 UTC, whether or not anything changed.",
)
