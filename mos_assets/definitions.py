"""The front door of the code location: assets, checks, sensors, schedule and resources together.

Nothing heavy is imported here: Dagster loads this module at the start of every run.
"""

from __future__ import annotations

import sys

import dagster as dg

from mos_assets.assets import console
from mos_assets.assets.clip_measurements import clip_measurements, machine_did_not_fail
from mos_assets.assets.clip_scores import clip_scores, clips_in_range, clips_scored, no_drift
from mos_assets.assets.extracted_features import (
    declared_features_hold,
    extracted_features,
    features_complete,
    features_not_constant,
    no_leak,
    one_fingerprint,
    ratings_rise_with_quality,
)
from mos_assets.assets.folds import folds, folds_disjoint, folds_grouped
from mos_assets.assets.gate_report import gate_report_by
from mos_assets.assets.incoming_clips import incoming_clips
from mos_assets.assets.model_card import model_card, release_unaltered
from mos_assets.assets.platform import RESOURCE_KEY, platform_from
from mos_assets.assets.raw_corpus import (
    clips_present,
    clips_unique,
    labels_as_declared,
    labels_in_range,
    raters_agree,
    raw_corpus,
    rows_add_up,
)
from mos_assets.assets.shot_metadata import shot_metadata
from mos_assets.assets.trained_onnx import trained_onnx
from mos_assets.assets.transfer_report import transfer_report
from mos_assets.automation.executors import executor_for
from mos_assets.automation.freshness import fresh
from mos_assets.automation.incoming import incoming_sensor
from mos_assets.automation.jobs import retrain, score_incoming
from mos_assets.automation.maintenance import prune_for
from mos_assets.automation.notifications import notifications_for
from mos_assets.automation.schedules import schedules_for
from mos_assets.automation.sensors import sensors_for
from mos_assets.errors import SettingsError
from mos_assets.evaluation import GATE, Gate
from mos_assets.settings import Settings


def build_defs(settings: Settings | None = None, gate: Gate = GATE) -> dg.Definitions:
    """Definitions with these settings, by default those of the environment.

    gate: heads are judged by it; it may have rows beside those of the table, and none less.
    Raises SettingsError where a setting cannot be used.
    """
    settings = Settings.from_env() if settings is None else settings
    console.install()
    prune = prune_for(settings.paths, settings.service)
    return dg.Definitions(
        assets=[
            raw_corpus,
            clip_measurements,
            shot_metadata,
            extracted_features,
            folds,
            trained_onnx,
            transfer_report,
            *fresh([gate_report_by(gate), model_card], settings.service.freshness_days),
            incoming_clips,
            clip_scores,
        ],
        asset_checks=[
            labels_in_range,
            rows_add_up,
            clips_unique,
            labels_as_declared,
            clips_present,
            raters_agree,
            machine_did_not_fail,
            features_complete,
            features_not_constant,
            no_leak,
            ratings_rise_with_quality,
            declared_features_hold,
            one_fingerprint,
            folds_disjoint,
            folds_grouped,
            release_unaltered,
            clips_in_range,
            clips_scored,
            no_drift,
        ],
        resources={RESOURCE_KEY: platform_from(settings.run, settings.paths)},
        executor=executor_for(settings.service.executor),
        jobs=[retrain, prune, score_incoming],
        schedules=schedules_for(settings.service, retrain, prune),
        sensors=[
            *sensors_for(settings, retrain),
            incoming_sensor(settings, score_incoming),
            *notifications_for(settings.service),
        ],
    )


try:
    defs = build_defs()
except SettingsError as error:
    # The message is all that the reader needs; an import error would bury it in frames.
    sys.exit(f"Error: {error}")
