"""Training tables around generated numbers."""

from __future__ import annotations

import numpy as np

from mos_assets.records import FloatArray, TrainingTable
from mos_assets.splitting.folds import FoldRow, assign_folds

FOLDS = 5


def table_of(
    features: FloatArray, mos: FloatArray, groups: tuple[str, ...] | None = None
) -> TrainingTable:
    """Features [n, F] and ratings [n] in five folds that share no group; default: a group a row."""
    rows = len(mos)
    clips = tuple(f"made/{row:06d}" for row in range(rows))
    named = groups or clips
    split = assign_folds(
        [FoldRow(*row, None) for row in zip(clips, named, mos.tolist(), strict=True)], FOLDS, {}
    )
    unknown = np.full(rows, np.nan)
    return TrainingTable(
        clip_ids=clips,
        feature_order=tuple(f"feature{index}" for index in range(features.shape[1])),
        features=features,
        mos=mos,
        folds=np.array([row.fold for row in split.folds]),
        groups=named,
        mos_std=unknown,
        n_ratings=unknown,
        height=unknown,
        codec=(None,) * rows,
        part=(None,) * rows,
    )
