"""Every setting of the platform: its name, default, bounds and meaning, once."""

from mos_assets.settings.run import (
    KONVID_150K,
    KONVID_150K_FLOOR,
    KONVID_CORPORA,
    RUN_FOLDS,
    RUN_SEEDS,
    Settings,
)

__all__ = [
    "KONVID_150K",
    "KONVID_150K_FLOOR",
    "KONVID_CORPORA",
    "RUN_FOLDS",
    "RUN_SEEDS",
    "Settings",
]
