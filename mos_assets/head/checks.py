"""What a table has to hold, so that every head of a run can be trained on it."""

from __future__ import annotations

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.standardise import Standardiser
from mos_assets.records import MOS_MAX, MOS_MIN, TrainingTable

SHIPPED = -1
"""Stands for the fold that the shipped head leaves out: that of the rows that never train."""
_MIN_ROWS = 8
Mask = np.typing.NDArray[np.bool_]


def check_table(table: TrainingTable, *, impute: bool) -> None:
    """Raise TrainingError naming the first clip and column that cannot be used."""
    unusable = np.isinf(table.features) if impute else ~np.isfinite(table.features)
    rows, columns = np.nonzero(unusable)
    if len(rows):
        raise TrainingError(
            f"{table.clip_ids[rows[0]]}: feature {table.feature_order[columns[0]]} is "
            f"{table.features[rows[0], columns[0]]}; a row without its full feature set "
            "cannot train, leave it out or extract it again"
        )
    bad = np.flatnonzero(~((table.mos >= MOS_MIN) & (table.mos <= MOS_MAX)) & (table.folds >= 0))
    if len(bad):
        raise TrainingError(
            f"{table.clip_ids[bad[0]]}: column mos is {table.mos[bad[0]]}; "
            f"labels must lie in {MOS_MIN}..{MOS_MAX}"
        )
    if len(np.unique(table.folds[table.folds >= 0])) < 2:
        raise TrainingError("fewer than two folds hold rows; nothing could be judged out of fold")
    if len(set(table.clip_ids)) != len(table.clip_ids):
        raise TrainingError("a clip_id occurs twice; every row needs its own")
    if not table.feature_order:
        raise TrainingError("no feature columns; choose at least one feature block")


def check_rows(table: TrainingTable, seen: Mask, fold: int) -> None:
    """Raise TrainingError where the rows [n] that a fold's heads see are too few or all alike."""
    where, mos = _where(fold), table.mos[seen]
    if len(mos) < _MIN_ROWS:
        raise TrainingError(
            f"{len(mos)} complete rows {where} are too few to train on, {_MIN_ROWS} are the least. "
            "Add rated clips (some hundred make a verdict worth reading), or see the checks of "
            "extracted_features for rows that lack a feature."
        )
    if float(mos.max()) == float(mos.min()):
        raise TrainingError(
            f"column mos is {mos[0]} in every row {where}; labels without variance teach nothing"
        )


def check_variance(table: TrainingTable, standardiser: Standardiser, fold: int) -> None:
    """Raise TrainingError where no column varies in the rows that a fold's heads see."""
    if standardiser.varies.any():
        return
    named = ", ".join(table.feature_order[:5])
    raise TrainingError(
        f"no feature varies {_where(fold)} by more than float32 can hold ({named}); features "
        "without variance teach nothing"
    )


def _where(fold: int) -> str:
    return "in all folds" if fold == SHIPPED else f"outside fold {fold}"
