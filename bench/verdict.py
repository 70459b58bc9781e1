"""Whether the verdict's intervals hold what they say, and what feature importance costs.

First table: corpora are drawn again and again, with contents whose clips share an error, and the
95 % interval of the mean PLCC over five folds is asked whether it holds the true one: as the
report computes it, with contents drawn inside their folds, and with clips drawn one by one.
Second table: training with and without the importance of its features, side by side, in CPU
seconds.
"""

from __future__ import annotations

import argparse
import time
from unittest import mock

import numpy as np
from generated.tables import FOLDS, table_of

from mos_assets.evaluation import PLCC, Shuffles, resampling
from mos_assets.head import Recipe, train
from mos_assets.records import FloatArray

CORPORA = ((16, 47, 0.2), (16, 47, 0.5), (10, 20, 0.3), (40, 15, 0.3), (120, 5, 0.3), (600, 1, 0.3))
"""Contents, clips of each, and the deviation of the error that the clips of a content share."""
TABLES = ((600, 11), (1200, 60))
"""Rows and features, as of `synthetic` and of KonViD-1k with VIDEVAL."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=int, default=200, help="drawn for each row")
    options = parser.parse_args()
    print(
        "| contents | clips each | shared error | holds the truth | contents drawn | clips drawn |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for contents, clips, shared in CORPORA:
        held = " | ".join(f"{x:.0%}" for x in coverage(contents, clips, shared, options.corpora))
        print(f"| {contents} | {clips} | {shared} | {held} |", flush=True)
    print("\n| rows | features | training, CPU s | with importance | more |")
    print("|---:|---:|---:|---:|---:|")
    for rows, features in TABLES:
        bare, watched = importance_cost(rows, features)
        more = watched / bare - 1.0
        print(f"| {rows} | {features} | {bare:.1f} | {watched:.1f} | {more:.1%} |", flush=True)


def coverage(contents: int, clips: int, shared: float, n_corpora: int) -> FloatArray:
    """Share of intervals that hold the true figure, [3]: report, contents drawn, clips drawn."""
    rng = np.random.default_rng(contents)
    truth = float(np.mean([_drawn(rng, contents, clips, shared, True)[1] for _ in range(2000)]))
    held = np.zeros(3)
    for _ in range(n_corpora):
        (predicted, mos, folds, group), _ = _drawn(rng, contents, clips, shared, False)
        names = [str(content) for content in group]
        single = [str(n) for n in range(len(mos))]
        for at, (groups, least) in enumerate(
            ((names, resampling.LEAST_CONTENTS), (names, 0), (single, 0))
        ):
            with mock.patch.object(resampling, "LEAST_CONTENTS", least):
                drawn = resampling.resample(predicted, mos, folds, groups, (PLCC,))
            found = drawn.interval(_mean_plcc, scale="correlation")
            held[at] += found is not None and found[0] <= truth <= found[1]
    return held / n_corpora


def _drawn(
    rng: np.random.Generator, contents: int, clips: int, shared: float, figure: bool
) -> tuple[tuple[FloatArray, FloatArray, np.ndarray, np.ndarray], float]:
    group = np.repeat(np.arange(contents), clips)
    folds = group % FOLDS
    level, error = rng.normal(0, 0.5, contents), rng.normal(0, shared, contents)
    mos = np.clip(3 + level[group] + rng.normal(0, 0.8, len(group)), 1, 5)
    predicted = mos + error[group] + rng.normal(0, 0.3, len(group))
    mean = 0.0
    if figure:
        each = [np.corrcoef(predicted[folds == f], mos[folds == f])[0, 1] for f in range(FOLDS)]
        mean = float(np.mean(each))
    return (predicted[None, :], mos, folds, group), mean


def _mean_plcc(figures: resampling.Figures) -> FloatArray:
    return figures[PLCC.name][:, 0]


def importance_cost(rows: int, features: int) -> tuple[float, float]:
    """CPU seconds of the training, alone and watched; the lesser of two goes each."""
    rng = np.random.default_rng(rows)
    values = rng.normal(size=(rows, features))
    mos = np.clip(3 + values[:, :5].sum(axis=1) / 4 + rng.normal(0, 0.3, rows), 1, 5)
    table = table_of(values, mos)
    seeds = [1, 2, 3, 4, 5]
    spent: dict[bool, list[float]] = {False: [], True: []}
    for watched in (False, True, True, False):
        start = time.process_time()
        shuffles = Shuffles(table, len(seeds)) if watched else None
        watch = shuffles.watch if shuffles else None
        train(table, Recipe(), seeds, progress=lambda _: None, watch=watch)
        spent[watched].append(time.process_time() - start)
    return min(spent[False]), min(spent[True])


if __name__ == "__main__":
    main()
