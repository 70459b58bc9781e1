"""Permutation importance on clips that the head has not seen (Breiman 2001).

A feature is worth the PLCC that is lost when its values are dealt anew among the clips of a
fold. Features that say nearly the same stand in for each other, so each is dealt alone and once
more together with its correlated features: those that rank the clips nearly alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import model_validator

from mos_assets.correlation import spearman_matrix
from mos_assets.evaluation.metrics import finite_or_none, mean, plcc, rounded
from mos_assets.records import SEED, FeatureLoss, FloatArray, IntArray, Reported, TrainingTable

_CORRELATED = 0.8
"""Rank correlation from which two features count as correlated."""
_BUDGET = 60_000
"""Rows that all heads together may have to predict for it."""
_LEAST_ROWS, _MOST_ROWS = 60, 2_000
_MOST_SHUFFLES = 2

Predict = Callable[[FloatArray, IntArray, Sequence[str]], FloatArray]
"""Raw features [n, F], active encoder slots [n] and corpus of each row → MOS [n]."""


class FeatureImportance(Reported):
    """How much PLCC drops when one feature is shuffled among unseen clips."""

    feature: str
    plcc_drop: float | None
    """Mean over folds and heads; None where a correlation does not exist."""
    low: float | None
    """The fold that loses least."""
    high: float | None
    """The fold that loses most."""
    correlated: tuple[str, ...]
    """Other features that rank the clips nearly alike."""
    plcc_drop_with_correlated: float | None
    """PLCC lost when all of these are shuffled together with it; None without any."""

    @model_validator(mode="before")
    @classmethod
    def _of_report_1(cls, data: Any) -> Any:
        """Reports of schema 1 call correlated features kin."""
        if not isinstance(data, Mapping) or "kin" not in data:
            return data
        before = {"kin": "correlated", "plcc_drop_with_kin": "plcc_drop_with_correlated"}
        return {before.get(name, name): value for name, value in data.items()}

    @property
    def alone_misleads(self) -> bool:
        """Whether it costs more alone than with its correlated features.

        Dealt alone, a near-copy contradicts the others: what is lost is then what clips that cannot
        exist do to the head, not what the feature tells it.
        """
        return (
            self.plcc_drop is not None
            and self.plcc_drop_with_correlated is not None
            and self.plcc_drop > self.plcc_drop_with_correlated
        )

    @property
    def worth(self) -> float | None:
        """The loss that ranks it: alone, or with its correlated features where that is less."""
        return self.plcc_drop_with_correlated if self.alone_misleads else self.plcc_drop


@dataclass
class Shuffles:
    """Watches heads being trained and notes what each feature is worth to them.

    Give `watch` to training; read `losses` afterwards. The cost is bounded: with many features
    only some heads, and some clips of each fold, are looked at.
    """

    table: TrainingTable
    n_seeds: int
    _losses: list[FeatureLoss] = field(default_factory=list)
    _seeds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        table = self.table
        self._order = np.array(
            sorted(range(len(table.clip_ids)), key=table.clip_ids.__getitem__), dtype=np.int64
        )
        self._correlated = correlated_features(table)
        families = {tuple(sorted((i, *rest))) for i, rest in enumerate(self._correlated) if rest}
        self._parts = [(i,) for i in range(len(table.feature_order))] + sorted(families)
        folds = np.unique(table.folds[table.folds >= 0])
        per_row = max(1, len(folds) * len(self._parts))
        self._rows = int(np.clip(_BUDGET // per_row, _LEAST_ROWS, _MOST_ROWS))
        largest = max((int(np.sum(table.folds == f)) for f in folds), default=1)
        cost = per_row * min(self._rows, largest)
        self._heads = int(np.clip(_BUDGET // cost, 1, self.n_seeds))
        self._times = int(np.clip(_BUDGET // (cost * self._heads), 1, _MOST_SHUFFLES))

    @property
    def losses(self) -> tuple[FeatureLoss, ...]:
        """One of each fold and feature, and of each fold and family of features."""
        return tuple(self._losses)

    def watch(self, seed: int, fold: int, predict: Predict) -> None:
        """Look at the head of this seed that has not seen this fold."""
        if seed not in self._seeds:
            self._seeds.append(seed)
        if self._seeds.index(seed) >= self._heads:
            return
        rows = self._order[self.table.folds[self._order] == fold]
        rng = np.random.default_rng([SEED, seed, fold])
        if len(rows) > self._rows:
            rows = np.sort(rng.choice(rows, self._rows, replace=False))
        features, mos = self.table.features[rows], self.table.mos[rows]
        slots, all_corpora = self.table.encoder[rows], self.table.corpora
        corpora = [all_corpora[row] for row in rows]
        whole = plcc(predict(features, slots, corpora), mos)
        for part in self._parts:
            each = []
            for _ in range(self._times):
                dealt = features.copy()
                columns = list(part)
                dealt[:, columns] = features[rng.permutation(len(rows))][:, columns]
                each.append(whole - plcc(predict(dealt, slots, corpora), mos))
            self._losses.append(
                FeatureLoss(
                    seed=seed,
                    fold=fold,
                    features=tuple(self.table.feature_order[i] for i in part),
                    plcc_lost=finite_or_none(float(np.mean(each))),
                )
            )


def correlated_features(table: TrainingTable) -> tuple[tuple[int, ...], ...]:
    """For each feature the others of its family: all pairs correlate by rank from `_CORRELATED` on.

    Rows outside the folds take no part, and a gap counts as the median. A constant column has no
    correlated features.
    """
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    n = len(table.feature_order)
    values = table.features[table.folds >= 0]
    present = np.where(np.isnan(values).all(axis=0), 0.0, values)
    filled = np.where(np.isnan(present), np.nanmedian(present, axis=0), present)
    found = spearman_matrix(filled)
    varies = np.flatnonzero(np.isfinite(np.diagonal(found)))
    family = {i: (i,) for i in range(n)}
    if len(varies) >= 2:
        # Six places, so that families do not depend on the processor's last bit.
        alike = np.round(np.abs(found[np.ix_(varies, varies)]), 6)
        distance = np.clip(1.0 - alike, 0.0, 1.0)
        np.fill_diagonal(distance, 0.0)
        tree = hierarchy.linkage(squareform(distance, checks=False), method="complete")
        label = hierarchy.fcluster(tree, t=1.0 - _CORRELATED + 1e-9, criterion="distance")
        for at, i in enumerate(varies.tolist()):
            family[i] = tuple(varies[label == label[at]].tolist())
    return tuple(tuple(j for j in family[i] if j != i) for i in range(n))


def importance(
    losses: tuple[FeatureLoss, ...], feature_order: tuple[str, ...]
) -> tuple[FeatureImportance, ...]:
    """Means over folds and heads, the feature of the most worth first; empty without losses."""
    if not losses:
        return ()
    found = []
    for name in feature_order:
        alone = [loss for loss in losses if loss.features == (name,)]
        family = [loss for loss in losses if name in loss.features and len(loss.features) > 1]
        folds = [
            _mean([loss for loss in alone if loss.fold == fold])
            for fold in sorted({loss.fold for loss in alone})
        ]
        finite = [drop for drop in folds if drop is not None]
        complete = bool(finite) and len(finite) == len(folds)
        alike = family[0].features if family else ()
        found.append(
            FeatureImportance(
                feature=name,
                plcc_drop=_mean(alone),
                low=min(finite) if complete else None,
                high=max(finite) if complete else None,
                correlated=tuple(other for other in alike if other != name),
                plcc_drop_with_correlated=_mean(family),
            )
        )
    return tuple(sorted(found, key=lambda r: (r.worth is None, -(r.worth or 0.0), r.feature)))


def families(rows: tuple[FeatureImportance, ...]) -> tuple[tuple[str, ...], ...]:
    """Features that rank the clips nearly alike, each family once, in order of name."""
    found = {tuple(sorted((row.feature, *row.correlated))) for row in rows if row.correlated}
    return tuple(sorted(found))


def _mean(losses: list[FeatureLoss]) -> float | None:
    return rounded(mean([loss.plcc_lost for loss in losses]))
