"""What it is worth that rows count by the precision of their rating, on the same folds.

    python bench/weights.py --root FOLDER \\
        --corpus avt-vqdb-uhd-1:canonical-6+container-v1

Generated tables whose ratings have few votes or many, evenly or unevenly, and any corpus on disk
whose deviations and numbers of ratings are known. Each line is one of the head's experts alone, or
all of them: its figures where all rows count the same, and what weights add, with the 95 %
interval over contents, on the same clips. Means over folds, one seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from generated.tables import table_of
from quality import from_disk

from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC
from mos_assets.evaluation.resampling import Figures, interval_of, resample
from mos_assets.head import Recipe, train
from mos_assets.head.experts import EXPERTS
from mos_assets.records import SEED, FloatArray, TrainingTable

METRICS = (PLCC, SROCC, RMSE)
RECIPES = {
    "ridge": Recipe(experts=EXPERTS[:1]),
    "kernel": Recipe(experts=EXPERTS[2:3]),
    "networks": Recipe(experts=EXPERTS[4:5]),
    "head": Recipe(),
}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help="generated tables, by name; default all")
    parser.add_argument("--root", type=Path, help="folder of corpora")
    parser.add_argument("--corpus", action="append", default=[], metavar="NAME:FEATURES")
    parser.add_argument("--recipe", action="append", choices=RECIPES, help="default all")
    options = parser.parse_args()
    print("| table | rows, votes | recipe | PLCC / SROCC / RMSE | + PLCC | + SROCC | + RMSE |")
    print("|---|---|---|---|---|---|---|")
    for name, table in chosen(options.tables, options.corpus, options.root):
        for recipe in options.recipe or RECIPES:
            print(line(name, table, recipe), flush=True)


def chosen(
    names: list[str], corpora: list[str], root: Path | None
) -> Iterator[tuple[str, TrainingTable]]:
    """The tables that were asked for."""
    for corpus in corpora:
        name, _, features = corpus.partition(":")
        if root is None:
            raise SystemExit("--corpus needs --root")
        yield name, from_disk(name, features.split("+"), root)
    for name in names or ([] if corpora else list(GENERATED)):
        yield name, GENERATED[name](np.random.default_rng([SEED, *name.encode()]))


def line(name: str, table: TrainingTable, recipe: str) -> str:
    """One row of the printed table."""
    rows = []
    for weigh in (False, True):
        used = replace(RECIPES[recipe], weigh=weigh)
        found = train(table, used, [SEED], progress=lambda _: None)
        rows.append(found.out_of_fold.predictions[0])
    drawn = resample(np.array(rows), table.mos, table.folds, table.groups, METRICS)
    told = []
    for metric in METRICS:
        equal, more = drawn.whole[metric.name][0]
        interval = interval_of(drawn, partial(_added, metric.name))
        within = f" ({interval.low:+.4f} … {interval.high:+.4f})" if interval else ""
        told.append((f"{equal:.4f}", f"{more - equal:+.4f}{within}"))
    votes = np.nanpercentile(table.n_ratings, [0, 50, 100])
    shape = f"{len(table.mos):,}, {votes[0]:.0f} … {votes[1]:.0f} … {votes[2]:.0f}"
    plain = " / ".join(equal for equal, _ in told)
    return f"| {name} | {shape} | {recipe} | {plain} | {' | '.join(more for _, more in told)} |"


def _added(name: str, figures: Figures) -> FloatArray:
    added: FloatArray = figures[name][:, 1] - figures[name][:, 0]
    return added


def voted(rows: int, least: int, most: int, columns: int = 10) -> Callable[..., TrainingTable]:
    """A bent surface, rated by votes between least and most a clip, log-uniformly."""

    def make(rng: np.random.Generator) -> TrainingTable:
        x = rng.standard_normal((rows, columns))
        signal = x @ rng.standard_normal(columns) + 0.8 * x[:, 0] * x[:, 1]
        truth = np.clip(3 + 0.8 * signal / signal.std() + rng.normal(0, 0.2, rows), 1.2, 4.8)
        n = np.round(np.exp(rng.uniform(np.log(least), np.log(most), rows)))
        votes = [
            np.clip(np.round(rng.normal(mos, 0.8, int(count))), 1, 5)
            for mos, count in zip(truth, n, strict=True)
        ]
        table = table_of(x, np.array([each.mean() for each in votes]))
        std = np.array([each.std(ddof=1) for each in votes])
        return replace(table, mos_std=std, n_ratings=n)

    return make


GENERATED: dict[str, Callable[[np.random.Generator], TrainingTable]] = {
    "5 votes each": voted(600, 5, 5),
    "25 votes each": voted(600, 25, 25),
    "2 to 50 votes": voted(600, 2, 50),
    "2 to 50 votes, few rows": voted(150, 2, 50),
}


if __name__ == "__main__":
    main()
