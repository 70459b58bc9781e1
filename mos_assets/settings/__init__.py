"""Every setting of the platform: its name, default, bounds and meaning, once.

Of a run, of paths and of the service around the runs; `Settings` holds the three.
"""

from mos_assets.settings.choices import (
    Align,
    Executor,
    Loopback,
    Missing,
    ReferencePolicy,
    Sampling,
    Weights,
)
from mos_assets.settings.comparison import Comparison, comparison
from mos_assets.settings.composed import Settings
from mos_assets.settings.locations import local_folder
from mos_assets.settings.paths import PathSettings, networks_location
from mos_assets.settings.run import KONVID_150K_FLOOR, RUN_FOLDS, RUN_SEEDS, RunSettings
from mos_assets.settings.scopes import feature_scope, fold_scope, shaping
from mos_assets.settings.service import ServiceSettings

__all__ = [
    "KONVID_150K_FLOOR",
    "RUN_FOLDS",
    "RUN_SEEDS",
    "Align",
    "Comparison",
    "Executor",
    "Loopback",
    "Missing",
    "PathSettings",
    "ReferencePolicy",
    "RunSettings",
    "Sampling",
    "ServiceSettings",
    "Settings",
    "Weights",
    "comparison",
    "feature_scope",
    "fold_scope",
    "local_folder",
    "networks_location",
    "shaping",
]
