"""How good the head is beside classical regressors on the same features and the same folds.

Generated tables of many shapes, from two columns to 900, straight and bent, with heavy tails,
constant columns, few contents; and any corpus on disk. Ridge and a support vector machine with a
Gaussian kernel are tuned inside each training fold with groups held apart, as the head is. Figures
are means over five folds; the head's of its first seed, or over several with `--seeds`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from generated.tables import FOLDS, table_of

from mos_assets.corpora import CorpusRequest, join_table, load_corpus, load_feature_tables
from mos_assets.evaluation import plcc, rmse, srocc
from mos_assets.features import BLOCKS
from mos_assets.head import Recipe, train
from mos_assets.records import SEED, FloatArray, TrainingTable

SVR_ROWS = 3_000
"""Rows that the support vector machine is tuned with, at most; its cost is that of their square."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help="generated tables, by name; default all")
    parser.add_argument("--root", type=Path, help="folder of corpora")
    parser.add_argument(
        "--corpus",
        action="append",
        default=[],
        metavar="NAME:FEATURES",
        help="a corpus in --root and feature blocks, such as konvid-1k:videval",
    )
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    print(
        "| table | rows x columns | head PLCC / SROCC / RMSE | ridge | SVR | head - better | "
        "spread | CPU s |"
    )
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for name, table in chosen(options.tables, options.corpus, options.root):
        print(line(name, table, options.seeds), flush=True)


def chosen(
    names: list[str], corpora: list[str], root: Path | None
) -> Iterator[tuple[str, TrainingTable]]:
    """The tables that were asked for."""
    for corpus in corpora:
        name, _, features = corpus.partition(":")
        if root is None:
            raise SystemExit("--corpus needs --root")
        yield corpus, from_disk(name, features.split("+"), root)
    for name in names or ([] if corpora else list(GENERATED)):
        yield name, GENERATED[name](np.random.default_rng([SEED, *name.encode()]))


def line(name: str, table: TrainingTable, seeds: int) -> str:
    """One row of the printed table."""
    began = time.process_time()
    found = train(table, Recipe(), [SEED + s for s in range(seeds)], progress=lambda _: None)
    cost = time.process_time() - began
    each = [figures(table, row) for row in found.out_of_fold.predictions]
    mean = np.mean(each, axis=0)
    others = [figures(table, predicted(table))[0] for predicted in (ridge, svr)]
    spread = np.ptp([row[0] for row in each])
    shape = "{:,} x {}".format(*table.features.shape)
    return (
        f"| {name} | {shape} | {mean[0]:.4f} / {mean[1]:.4f} / {mean[2]:.4f} | {others[0]:.4f} | "
        f"{others[1]:.4f} | {mean[0] - max(others):+.4f} | {spread:.4f} | {cost:.0f} |"
    )


def figures(table: TrainingTable, predicted: FloatArray) -> tuple[float, float, float]:
    """PLCC, SROCC and RMSE, means over folds."""
    folds = [table.folds == fold for fold in range(FOLDS)]
    found = [
        [figure(predicted[fold], table.mos[fold]) for fold in folds]
        for figure in (plcc, srocc, rmse)
    ]
    return tuple(float(np.mean(row)) for row in found)  # type: ignore[return-value]


def ridge(table: TrainingTable) -> FloatArray:
    """Out-of-fold predictions of ridge."""
    from sklearn.linear_model import Ridge

    return tuned(
        table, Ridge(solver="cholesky"), {"alpha": 10.0 ** np.arange(-2, 6)}, len(table.mos)
    )


def svr(table: TrainingTable) -> FloatArray:
    """Out-of-fold predictions of a support vector machine."""
    from sklearn.svm import SVR

    rates = np.array([0.1, 0.3, 1.0]) / table.features.shape[1]
    grid = {"C": [0.3, 1.0, 4.0, 16.0], "gamma": rates, "epsilon": [0.1]}
    return tuned(table, SVR(cache_size=500), grid, SVR_ROWS)


def tuned(
    table: TrainingTable, regressor: object, grid: dict[str, object], most: int
) -> FloatArray:
    """Out-of-fold predictions of a regressor whose settings are chosen inside."""
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.full(len(table.mos), np.nan)
    groups = np.unique(table.groups, return_inverse=True)[1]
    step = type(regressor).__name__.lower()
    for fold in range(FOLDS):
        seen = np.flatnonzero(table.folds != fold)
        few = seen[:: -(-len(seen) // most)]
        search = GridSearchCV(
            make_pipeline(StandardScaler(), clone(regressor)),
            {f"{step}__{key}": values for key, values in grid.items()},
            scoring="neg_mean_squared_error",
            cv=GroupKFold(4),
        ).fit(table.features[few], table.mos[few], groups=groups[few])
        best = search.best_estimator_.fit(table.features[seen[:9000]], table.mos[seen[:9000]])
        unseen = table.folds == fold
        predicted[unseen] = np.clip(best.predict(table.features[unseen]), 1, 5)
    return predicted


def from_disk(name: str, blocks: list[str], root: Path) -> TrainingTable:
    """The complete rows of a corpus, from its feature tables."""
    corpus = load_corpus(CorpusRequest(name, root), workers=1, progress=lambda _: None)
    joined = [join_table(corpus.clips, table) for table in load_feature_tables(name, root)]
    columns = []
    for block in blocks:
        wanted = BLOCKS[block].column_names if block in BLOCKS else None
        for table in joined:
            names = wanted or (table.columns if table.name == block else ())
            if names and set(names) <= set(table.columns):
                columns.append(table.values[:, [table.columns.index(n) for n in names]])
                break
    values = np.hstack(columns)
    whole = np.isfinite(values).all(axis=1)
    clips = [clip for clip, ok in zip(corpus.clips, whole, strict=True) if ok]
    mos = np.array([clip.mos for clip in clips])
    table = table_of(values[whole], mos, tuple(clip.content_group for clip in clips))
    figures = [(clip.mos_std, clip.n_ratings) for clip in clips]
    std, n = np.array(figures, dtype=np.float64).reshape(-1, 2).T  # None becomes NaN
    return replace(table, clip_ids=tuple(clip.clip_id for clip in clips), mos_std=std, n_ratings=n)


def rated(signal: FloatArray, noise: float, rng: np.random.Generator) -> FloatArray:
    """Ratings with this share of noise, on 1..5."""
    plain = (signal - signal.mean()) / signal.std()
    mixed = plain * np.sqrt(1 - noise**2) + noise * rng.standard_normal(len(signal))
    return np.clip(3 + 0.75 * mixed, 1, 5)


def straight(rows: int, columns: int, noise: float) -> Callable[..., TrainingTable]:
    """A weighted sum of normal columns."""

    def make(rng: np.random.Generator) -> TrainingTable:
        x = rng.standard_normal((rows, columns))
        return table_of(x, rated(x @ rng.standard_normal(columns), noise, rng))

    return make


def factors(rows: int, columns: int, hidden: int, bend: float) -> Callable[..., TrainingTable]:
    """Many columns that mix a few hidden causes, as feature sets do."""

    def make(rng: np.random.Generator) -> TrainingTable:
        causes = rng.standard_normal((rows, hidden))
        x = causes @ rng.standard_normal((hidden, columns))
        x += 0.7 * rng.standard_normal((rows, columns))
        signal = causes @ (rng.standard_normal(hidden) * np.exp(-np.arange(hidden) / 8))
        return table_of(x, rated(signal + bend * causes[:, 0] * causes[:, 1], 0.5, rng))

    return make


def friedman(rows: int, noise: float) -> Callable[..., TrainingTable]:
    """Friedman's first function (1991) on ten columns from 0 to 100."""

    def make(rng: np.random.Generator) -> TrainingTable:
        x = rng.uniform(0, 1, (rows, 10))
        signal = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        return table_of(100 * x, rated(signal + 10 * x[:, 3] + 5 * x[:, 4], noise, rng))

    return make


def quadratic(rng: np.random.Generator) -> TrainingTable:
    """A full quadratic form of eight columns."""
    x, q = rng.standard_normal((800, 8)), rng.standard_normal((8, 8))
    signal = np.einsum("ni,ij,nj->n", x, q, x) / 3 + x @ rng.standard_normal(8)
    return table_of(x, rated(signal, 0.4, rng))


def waves(rng: np.random.Generator) -> TrainingTable:
    """Smooth, nearly without noise."""
    x = rng.uniform(-1, 1, (1000, 4))
    signal = np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1]) + x[:, 2] * x[:, 3]
    return table_of(x, rated(signal, 0.15, rng))


def steps(rng: np.random.Generator) -> TrainingTable:
    """Jumps."""
    x = rng.standard_normal((900, 3))
    signal = 1.0 * (x[:, 0] > 0) + 0.5 * (x[:, 1] > 0.5) + 0.2 * x[:, 2]
    return table_of(x, rated(signal, 0.3, rng))


def tails(rng: np.random.Generator) -> TrainingTable:
    """Heavy tails and a constant column."""
    plain = rng.standard_normal((1500, 20))
    x = np.sinh(1.5 * plain)
    x[:, 3] = 42.0
    signal = plain @ rng.standard_normal(20) + 0.6 * plain[:, 0] * plain[:, 1]
    return table_of(x, rated(signal, 0.5, rng))


def contents(rng: np.random.Generator) -> TrainingTable:
    """Sixteen contents, each with a level of its own that features half tell."""
    group = rng.integers(0, 16, 700)
    x = rng.standard_normal((16, 6))[group] * 0.8 + rng.standard_normal((700, 6))
    signal = np.tanh(x @ rng.standard_normal(6) / 2) + 0.4 * rng.standard_normal(16)[group]
    return table_of(x, rated(signal, 0.4, rng), tuple(f"made/{g:02d}" for g in group))


def large(rng: np.random.Generator) -> TrainingTable:
    """30,000 rows of eleven columns."""
    x = rng.standard_normal((30_000, 11))
    signal = np.tanh(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + np.sin(x[:, 3])
    x[:, 5] = np.exp(x[:, 5])
    return table_of(x, rated(signal - 0.3 * x[:, 5], 0.4, rng))


GENERATED: dict[str, Callable[[np.random.Generator], TrainingTable]] = {
    "straight, few rows": straight(140, 10, 0.5),
    "straight, two columns": straight(500, 2, 0.5),
    "straight, eleven columns": straight(600, 11, 0.2),
    "straight, noisy": straight(700, 40, 0.85),
    "straight, wide": straight(600, 900, 0.3),
    "factors": factors(500, 60, 12, 0.0),
    "factors, bent": factors(1000, 100, 15, 0.8),
    "factors, wide": factors(500, 900, 30, 0.0),
    "friedman": friedman(600, 0.3),
    "friedman, more rows": friedman(3000, 0.2),
    "quadratic": quadratic,
    "waves": waves,
    "steps": steps,
    "heavy tails": tails,
    "few contents": contents,
    "factors, many rows": factors(10_000, 100, 20, 0.8),
    "large": large,
}


if __name__ == "__main__":
    main()
