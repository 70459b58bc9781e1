"""Out-of-fold predictions to the metrics of each seed on each fold, and to the means of a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.metrics import Metric, mean
from mos_assets.records import FoldScore, OutOfFold, SeedScore, TrainingTable


def fold_scores(
    table: TrainingTable, oof: OutOfFold, metrics: Sequence[Metric]
) -> tuple[FoldScore, ...]:
    """Metrics of every seed on every fold, ordered by seed as given, then by fold.

    Rows outside the folds (fold -1) take no part. Raises ValueError where table and predictions
    do not fit together.
    """
    n = len(table.clip_ids)
    if oof.predictions.shape != (len(oof.seeds), n):
        raise ValueError(
            f"predictions are [seeds, rows]: expected {(len(oof.seeds), n)}, "
            f"got {oof.predictions.shape}"
        )
    if len(set(oof.seeds)) != len(oof.seeds):
        raise ValueError(f"seeds are distinct, but got {oof.seeds}")
    inside = table.folds >= 0
    scores: list[FoldScore] = []
    for seed, predicted in zip(oof.seeds, oof.predictions, strict=True):
        for fold in np.unique(table.folds[inside]):
            rows = table.folds == fold
            x, y = predicted[rows], table.mos[rows]
            scores.append(
                FoldScore(
                    seed=int(seed),
                    fold=int(fold),
                    n_train=int(np.count_nonzero(inside & ~rows)),
                    n_val=int(np.count_nonzero(rows)),
                    figures={metric.name: metric.compute(x, y) for metric in metrics},
                )
            )
    return tuple(scores)


def seed_scores(folds: Sequence[FoldScore], metrics: Sequence[Metric]) -> tuple[SeedScore, ...]:
    """Means over the folds of each seed, in order of appearance; None where one fold has none."""
    return tuple(
        SeedScore(
            seed=seed,
            figures={
                metric.name: mean([row.of(metric) for row in folds if row.seed == seed])
                for metric in metrics
            },
        )
        for seed in dict.fromkeys(row.seed for row in folds)
    )
