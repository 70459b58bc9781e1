"""Further cuts of the same rows into folds, to see how much a verdict hangs on where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.records import SEED, IntArray
from mos_assets.splitting.balance import dealt


def further_cuts(groups: Sequence[str], n_folds: int, count: int, seed: int = SEED) -> IntArray:
    """[count, n] folds of rows with these groups [n]; a group never spans two folds.

    Groups are dealt in an order drawn at random, each to the emptiest fold, so that row counts are
    even and which groups share a fold is chance; mean ratings are left to chance, too. Fewer groups
    than folds give as many folds as groups. Raises ValueError without a fold or a row.
    """
    if n_folds < 1 or not groups:
        raise ValueError(f"{len(groups)} rows cannot be cut into {n_folds} folds")
    names, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rng = np.random.default_rng([seed, n_folds])
    wanted = min(n_folds, len(names))
    cuts = np.empty((count, len(groups)), dtype=np.int64)
    for cut in cuts:
        order = rng.permutation(len(names))
        fold_of = np.empty(len(names), dtype=np.int64)
        fold_of[order] = dealt([(int(sizes[at]), 0.0) for at in order], [(0, 0.0)] * wanted)
        cut[:] = fold_of[of_row]
    return cuts
