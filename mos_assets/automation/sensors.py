"""The two sensors of a project. They scan, ask `decide`, and return; nothing is decided here."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

import dagster as dg

from mos_assets.assets.naming import Naming
from mos_assets.automation.decisions import Action, Rules, decide, wants_every_file
from mos_assets.automation.facts import SensorState, Snapshot
from mos_assets.automation.jobs import CAUSE_TAG, RETRAIN
from mos_assets.automation.retrains import retrains_of
from mos_assets.automation.scans import scan_corpora, scan_tables
from mos_assets.errors import MosAssetsError
from mos_assets.settings import Settings

QUIET_SHARE = 1.5
"""Of the seconds between two scans: two quiet ticks that come closer together do not count."""

Scan = Callable[..., Snapshot]


def sensors_for(
    settings: Settings, retrain: dg.UnresolvedAssetJobDefinition
) -> list[dg.SensorDefinition]:
    """The sensors under these settings, those of its project."""
    return [
        _sensor(
            settings,
            retrain,
            "corpus_sensor",
            scan_corpora,
            "Label files or clips were added, changed, replaced or removed: retrain, once they "
            "have been quiet for two looks.",
        ),
        _sensor(
            settings,
            retrain,
            "shot_metadata_sensor",
            scan_tables,
            "External shot files (`<corpus>/shots/`) or feature tables (`<corpus>/features/`) "
            "changed: retrain, once they have been quiet for two looks. No clip is decoded again.",
        ),
    ]


def _sensor(
    settings: Settings,
    retrain: dg.UnresolvedAssetJobDefinition,
    plain_name: str,
    scan: Scan,
    description: str,
) -> dg.SensorDefinition:
    naming = Naming(settings.project)
    name = naming.of(plain_name)

    @dg.sensor(
        name=name,
        job=retrain,
        minimum_interval_seconds=settings.service.tick_s,
        default_status=dg.DefaultSensorStatus.RUNNING
        if settings.service.automation
        else dg.DefaultSensorStatus.STOPPED,
        description=description,
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        state = SensorState.from_cursor(context.cursor)
        try:
            snapshot = scan(
                settings.run,
                settings.paths,
                every_file=wants_every_file(state, time.time()),
                turn=0 if state is None else state.turn,
            )
        except (MosAssetsError, OSError, sqlite3.Error) as error:
            return dg.SkipReason(f"could not look: {error}")
        # What was seen was there at the latest now: a run that starts from here on reads it.
        now = time.time()
        decision = decide(
            state,
            snapshot,
            retrains_of(context.instance, settings.run_scope, now, name, naming),
            now,
            Rules(
                settings.service.removal_share,
                QUIET_SHARE * settings.service.tick_s,
                naming.of(RETRAIN),
            ),
        )
        cursor = decision.state.to_cursor()
        seen = _observations(snapshot, naming) if _is_news(state, decision.state) else []
        if decision.action is Action.WAIT:
            return dg.SensorResult(skip_reason=decision.reason, cursor=cursor, asset_events=seen)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=decision.key(name), tags={CAUSE_TAG: f"{name}: {decision.reason}"}
                )
            ],
            cursor=cursor,
            asset_events=seen,
        )

    return tick


def _is_news(before: SensorState | None, after: SensorState) -> bool:
    """Whether the catalogue has to hear of this look: of one that finds something else than the
    last, and of one a night, so that it says when it was last so."""
    return before is None or (before.seen, before.night) != (after.seen, after.night)


def _observations(snapshot: Snapshot, naming: Naming) -> list[dg.AssetObservation]:
    """What lies there, in the external assets of this project."""
    return [
        dg.AssetObservation(naming.key(name), metadata={**of, "total": sum(of.values())})
        for name, of in snapshot.files.items()
    ]
