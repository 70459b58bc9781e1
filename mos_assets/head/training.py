"""From a training table to out-of-fold predictions and the shipped head."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.ensemble import Members, train_members
from mos_assets.head.exact import to_grid
from mos_assets.head.network import Head, encoder_slots
from mos_assets.head.recipe import Recipe, plan
from mos_assets.head.standardise import Standardiser, fit
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, OutOfFold, TrainingTable

_PROGRESS_S = 3.0
_MIN_ROWS = 8
_PREDICTION_BITS = 24
_SHIPPED = -1
"""Stands for the fold that the shipped head leaves out: that of the rows that never train."""

Watcher = Callable[[int, int, Callable[[FloatArray], FloatArray]], None]
"""Takes a seed, the fold that its head has not seen, and the head's predict function."""


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The head that ships, and what heads of the same recipe say of rows they never saw."""

    head: Head
    out_of_fold: OutOfFold
    """Rows of fold -1, which no head sees, get the shipped head's prediction for every seed."""


def train(
    table: TrainingTable,
    recipe: Recipe,
    seeds: Sequence[int],
    *,
    progress: Callable[[str], None],
    watch: Watcher | None = None,
) -> TrainingResult:
    """Train every seed on every fold's other rows, and the shipped head on all rows.

    The shipped head uses `seeds[0]`, the same plan and every row whose fold is not -1. The result
    depends on the rows and not on their order: they are sorted by clip_id inside. One thread
    computes, because more would only spin over such small products. `progress` gets a line every
    few seconds at most; `watch` sees each head that leaves a fold out, before it is dropped.
    Raises TrainingError for rows that cannot be trained on.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return _train(table, recipe, seeds, progress, watch)


def _train(
    table: TrainingTable,
    recipe: Recipe,
    seeds: Sequence[int],
    progress: Callable[[str], None],
    watch: Watcher | None,
) -> TrainingResult:
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise TrainingError(f"seeds are {list(seeds)}; name at least one, none negative or twice")
    _check(table)
    order = np.array(sorted(range(len(table.clip_ids)), key=table.clip_ids.__getitem__))
    features, mos, folds = table.features[order], table.mos[order], table.folds[order]
    labelled = int((folds >= 0).sum())
    settled = plan(recipe, labelled)
    predictions = np.full((len(seeds), len(mos)), np.nan)
    report = _Reporter(progress, (len(seeds) * len(np.unique(folds[folds >= 0])) + 1))
    for fold in [*np.unique(folds[folds >= 0]).tolist(), _SHIPPED]:
        seen = (folds >= 0) & (folds != fold)
        _check_rows(mos[seen], fold)
        standardiser = fit(features[seen], settled.softness)
        scores = standardiser.scores(features[seen])
        judged = seeds if fold != _SHIPPED else seeds[:1]
        for index, seed in enumerate(judged):
            groups = [
                train_members(
                    scores,
                    mos[seen],
                    replace(settled, members=count),
                    np.random.default_rng([seed, fold + 1, group]),
                    partial(report.epoch, seed, fold),
                )
                for group, count in enumerate(_shares(settled.members, settled.batch_orders))
            ]
            head = _fold_into_head(table.feature_order, standardiser, groups)
            report.done()
            if watch is not None and fold != _SHIPPED:
                watch(seed, fold, head.predict)
            # For the shipped head these are the rows of fold -1, which no head ever sees.
            unseen = folds == fold
            if unseen.any():
                which = slice(None) if fold == _SHIPPED else index
                predictions[which, order[unseen]] = to_grid(
                    head.predict(features[unseen]), _PREDICTION_BITS
                )
    return TrainingResult(head, OutOfFold(tuple(seeds), predictions))


def _shares(members: int, groups: int) -> list[int]:
    """Members of each group, as even as can be."""
    return [members // groups + (group < members % groups) for group in range(groups)]


def _fold_into_head(
    order: tuple[str, ...], standardiser: Standardiser, groups: Sequence[Members]
) -> Head:
    """Average the members before the sigmoid, which one wider network does exactly."""
    hidden = np.concatenate([group.hidden for group in groups], axis=1)
    paths = np.concatenate([group.paths for group in groups], axis=1)
    outer = np.concatenate([group.outer for group in groups])
    members = paths.shape[1]
    mean_path = np.array([math.fsum(row) / members for row in paths.tolist()])
    return Head(
        feature_order=order,
        standardiser=standardiser,
        hidden_weight=hidden[:-1].astype(np.float32),
        hidden_bias=hidden[-1].astype(np.float32),
        output_weight=(outer[:, None] / members).astype(np.float32),
        linear_weight=mean_path[:-1, None].astype(np.float32),
        encoder_weight=np.full((encoder_slots(), 1), mean_path[-1], dtype=np.float32),
    )


class _Reporter:
    """Says how far training is, not oftener than every few seconds."""

    def __init__(self, progress: Callable[[str], None], heads: int) -> None:
        self._progress = progress
        self._heads = heads
        self._done = 0
        self._last = time.monotonic()

    def epoch(self, seed: int, fold: int) -> None:
        if time.monotonic() - self._last >= _PROGRESS_S:
            self._last = time.monotonic()
            what = "shipped head" if fold == _SHIPPED else f"seed {seed}, fold {fold}"
            self._progress(f"training: {self._done} of {self._heads} heads done, now {what}")

    def done(self) -> None:
        self._done += 1


def _check(table: TrainingTable) -> None:
    """Raise TrainingError naming the first clip and column that cannot be used."""
    rows, columns = np.nonzero(~np.isfinite(table.features))
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


def _check_rows(mos: FloatArray, fold: int) -> None:
    where = "in all folds" if fold == _SHIPPED else f"outside fold {fold}"
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
