"""The scheduled runs: a retrain every week, whatever happened, and the pruning."""

from __future__ import annotations

import dagster as dg

from mos_assets.assets.naming import Naming
from mos_assets.automation.jobs import CAUSE_TAG
from mos_assets.errors import SettingsError
from mos_assets.settings import Settings

PRUNE_CRON = "0 1 * * 6"
"""Saturdays, a day before the weekly retrain."""


def schedules_for(
    settings: Settings, retrain: dg.UnresolvedAssetJobDefinition, prune: dg.JobDefinition
) -> list[dg.ScheduleDefinition]:
    """The schedules under these settings. Raises SettingsError for a cron that is none."""
    naming, service = Naming(settings.project), settings.service
    weekly_name, prune_name = naming.of("weekly_retrain"), naming.of("weekly_prune")
    status = (
        dg.DefaultScheduleStatus.RUNNING if service.automation else dg.DefaultScheduleStatus.STOPPED
    )
    try:
        weekly = dg.ScheduleDefinition(
            name=weekly_name,
            job=retrain,
            cron_schedule=service.retrain_cron,
            execution_timezone="UTC",
            default_status=status,
            tags={CAUSE_TAG: weekly_name},
            description="Retrain whether or not anything changed; Sundays at 03:00 UTC unless "
            "MOS_RETRAIN_CRON says otherwise.",
        )
    except dg.DagsterInvalidDefinitionError as error:
        of = f" of project {settings.project}" if settings.project else ""
        raise SettingsError(
            f"MOS_RETRAIN_CRON={service.retrain_cron!r}{of}: must be five fields of cron, such as "
            "'0 3 * * 0'."
        ) from error
    weekly_prune = dg.ScheduleDefinition(
        name=prune_name,
        job=prune,
        cron_schedule=PRUNE_CRON,
        execution_timezone="UTC",
        default_status=status,
        tags={CAUSE_TAG: prune_name},
        description="Remove old candidates, reports and runs that nothing refers to any more; "
        "Saturdays at 01:00 UTC.",
    )
    return [weekly, weekly_prune]
