"""What it is worth that corpora were mapped onto one scale, within each of them and over all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.metrics import plcc, rmse, rounded
from mos_assets.records import AlignedFigures, FloatArray, TrainingTable


def aligned_figures(
    table: TrainingTable, aligned: FloatArray, without: FloatArray, corpora: Sequence[str]
) -> tuple[AlignedFigures, ...]:
    """Figures over all clips in the folds, then of each of `corpora`.

    aligned, without: [n] out-of-fold predictions of one seed, each on the scale of its clip's
    corpus, with corpora mapped in training and with their ratings as they are.
    """
    inside = table.folds >= 0
    names = np.array(table.corpora)
    masks = [(None, inside), *((name, inside & (names == name)) for name in corpora)]
    return tuple(
        AlignedFigures(
            corpus=name,
            clips=int(np.count_nonzero(rows)),
            plcc=rounded(plcc(aligned[rows], table.mos[rows])),
            rmse=rounded(rmse(aligned[rows], table.mos[rows])),
            plcc_without=rounded(plcc(without[rows], table.mos[rows])),
            rmse_without=rounded(rmse(without[rows], table.mos[rows])),
        )
        for name, rows in masks
    )
