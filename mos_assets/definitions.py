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
from mos_assets.assets.feature_comparison import feature_comparison
from mos_assets.assets.files import FILES
from mos_assets.assets.folds import folds, folds_disjoint, folds_grouped
from mos_assets.assets.gate_report import gate_report, gate_report_by
from mos_assets.assets.incoming_clips import incoming_clips
from mos_assets.assets.model_card import model_card, release_unaltered
from mos_assets.assets.naming import Naming
from mos_assets.assets.platform import platform_from
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
from mos_assets.automation.comparison import compare_for
from mos_assets.automation.executors import executor_for
from mos_assets.automation.freshness import fresh
from mos_assets.automation.incoming import incoming_sensor
from mos_assets.automation.jobs import retrain_for, score_incoming_for
from mos_assets.automation.maintenance import prune_for
from mos_assets.automation.notifications import notifications_for
from mos_assets.automation.schedules import schedules_for
from mos_assets.automation.sensors import sensors_for
from mos_assets.errors import SettingsError
from mos_assets.evaluation import GATE, Gate
from mos_assets.settings import Settings

ASSETS = (
    raw_corpus,
    clip_measurements,
    shot_metadata,
    extracted_features,
    folds,
    trained_onnx,
    transfer_report,
    gate_report,
    model_card,
    incoming_clips,
    clip_scores,
)
CHECKS = (
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
)
VERDICTS = (gate_report, model_card)
"""What grows stale."""


def build_defs(*projects: Settings, gate: Gate = GATE) -> dg.Definitions:
    """Definitions of these projects side by side, by default of those that the environment names.

    gate: heads are judged by it; it may have rows beside those of the table, and none less.
    Raises SettingsError where a setting cannot be used.
    """
    projects = projects or Settings.all_from_env()
    console.install()
    # The executor is one for all projects.
    return dg.Definitions.merge(
        dg.Definitions(executor=executor_for(projects[0].service.executor)),
        *(project_defs(settings, gate) for settings in projects),
    )


def project_defs(settings: Settings, gate: Gate = GATE) -> dg.Definitions:
    """One project: its assets, checks, jobs, sensors and schedules, under its names."""
    naming, owners = Naming(settings.project), settings.service.owner_names
    retrain, score_incoming = retrain_for(naming), score_incoming_for(naming)
    prune = prune_for(settings)
    judged = gate_report_by(gate)
    assets = [judged if template is gate_report else template for template in ASSETS]
    return dg.Definitions(
        assets=[
            *(template.of(naming, owners) for template in (*FILES, feature_comparison)),
            *fresh(
                [template.of(naming, owners) for template in assets],
                {naming.key(template.name) for template in VERDICTS},
                settings.service.freshness_days,
            ),
        ],
        asset_checks=[template.of(naming) for template in CHECKS],
        resources={
            naming.resource_key: platform_from(settings.run, settings.paths, settings.project)
        },
        jobs=[retrain, prune, score_incoming, compare_for(naming)],
        schedules=schedules_for(settings, retrain, prune),
        sensors=[
            *sensors_for(settings, retrain),
            incoming_sensor(settings, score_incoming),
            *notifications_for(settings),
        ],
    )


try:
    defs = build_defs()
except SettingsError as error:
    # The message is all that the reader needs; an import error would bury it in frames.
    sys.exit(f"Error: {error}")
