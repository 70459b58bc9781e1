"""Corpora that train together: each one tested by what the others, and all of them, teach.

Nothing here gates, and nothing is about the head that ships: closed forms are fitted in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.evaluation.resampling import Interval
from mos_assets.evaluation.splits import MOST_CLIPS, split_table
from mos_assets.evaluation.transfer import LEAST_CLIPS, pooled_figures, scored_by_folds
from mos_assets.records import FloatArray, IntArray, Reported, TrainingTable

FoldHead = Callable[[FloatArray, IntArray, Sequence[str]], FloatArray]
"""Raw features [n, F], active slots [n] and corpora [n] → MOS [n]."""


class CrossFigures(Reported):
    """What some corpora teach of one corpus.

    Every clip is scored by closed forms that did not see its content: a known one by those of the
    fold that left its content out, any other by the mean over all folds.
    """

    trained: tuple[str, ...]
    """Corpora that the closed forms were fitted to."""
    tested: str
    clips: int
    """Scored."""
    contents: int
    known_clips: int
    """Clips whose content is among the contents of `trained`: all of them where a corpus is tested
    by itself."""
    plcc: float | None
    """Over all clips as one, means over cuts into folds; the others likewise."""
    plcc_interval: Interval | None
    srocc: float | None
    srocc_interval: Interval | None
    rmse: float | None
    rmse_interval: Interval | None
    bias: float | None
    """Mean of prediction minus rating, in MOS units."""
    bias_interval: Interval | None
    reason: str | None
    """Why there are no figures, or no correlation."""


@dataclass(frozen=True, eq=False)
class TestedCorpus:
    """A corpus as it is tested: groups of its table are contents over all corpora."""

    __test__ = False

    name: str
    table: TrainingTable
    reason: str | None = None
    """Why it has no figures; None where it may have some."""


def cross_figures(
    trained: Sequence[str],
    training: TrainingTable,
    fitted: Sequence[tuple[IntArray, Mapping[int, FoldHead]]],
    tested: TestedCorpus,
) -> CrossFigures:
    """Judge one corpus by the heads of each cut: folds [n] of the rows of `training`, and the head
    that left each fold out.

    Contents of both tables are their groups; raises ValueError where one lies in several folds.
    """
    table = tested.table
    reason = tested.reason or _no_figures(training, table)
    if reason is not None:
        return without_figures(trained, tested, reason)
    # As for any head: an encoder that did not train is of unknown origin.
    slots = np.where(np.isin(table.encoder, training.encoder), table.encoder, 0)
    predicted = []
    for cut, heads in fitted:
        fold_of: dict[str, int] = {}
        for group, fold in zip(training.groups, cut.tolist(), strict=True):
            if fold_of.setdefault(group, fold) != fold:
                raise ValueError(f"content {group!r} lies in more than one fold")
        each = np.array([[head(table.features, slots, table.corpora) for head in heads.values()]])
        may = [frozenset([fold_of[g]] if g in fold_of else heads) for g in table.groups]
        predicted.append(scored_by_folds(each, list(heads), may)[0])
    known = set(training.groups)
    figures = pooled_figures(table, np.array(predicted))
    return CrossFigures(
        trained=tuple(trained),
        tested=tested.name,
        clips=len(table.mos),
        contents=len(set(table.groups)),
        known_clips=sum(group in known for group in table.groups),
        **figures,
        reason="ratings or predictions do not vary" if figures["plcc"] is None else None,
    )


def without_figures(trained: Sequence[str], tested: TestedCorpus, reason: str) -> CrossFigures:
    """An empty cell, and why it is empty."""
    return CrossFigures(
        trained=tuple(trained),
        tested=tested.name,
        clips=0,
        contents=0,
        known_clips=0,
        **pooled_figures(tested.table.take(np.arange(0)), np.empty((1, 0))),
        reason=reason,
    )


def drawn_clips(
    tables: Mapping[str, TrainingTable], most: int = MOST_CLIPS
) -> dict[str, TrainingTable]:
    """The rows of each corpus in the folds, whole contents drawn so that all have `most` at most.

    Small corpora are kept whole, and the large ones share what is left.
    """
    left, drawn = most, {}
    inside = {name: int(np.count_nonzero(one.folds >= 0)) for name, one in tables.items()}
    for at, name in enumerate(sorted(tables, key=lambda name: (inside[name], name))):
        drawn[name] = split_table(tables[name], left // (len(tables) - at))
        left -= len(drawn[name].mos)
    return {name: drawn[name] for name in tables}


def drawn_tested(table: TrainingTable, most: int = MOST_CLIPS) -> TrainingTable:
    """The rows of a corpus that only tests, likewise."""
    return split_table(replace(table, folds=np.zeros(len(table.mos), dtype=np.int64)), most)


def _no_figures(training: TrainingTable, table: TrainingTable) -> str | None:
    if len(table.mos) < LEAST_CLIPS:
        return f"{len(table.mos)} clips could be scored"
    there = np.isfinite(training.features).any(axis=0) & np.isfinite(table.features).any(axis=0)
    return None if there.any() else "they have no feature column in common"
