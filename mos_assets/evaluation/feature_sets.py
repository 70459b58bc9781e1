"""What sets of feature blocks reach on the same clips and folds, and what each block adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, combinations

import numpy as np

from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, rounded
from mos_assets.evaluation.resampling import Figures, Interval, Reduction, interval_of, resample
from mos_assets.records import FloatArray, Reported, TrainingTable

EVERY_SET_UP_TO = 4
"""Blocks of which every set is tried, fifteen of them; of more, each alone, all, all but each."""
FIGURES: tuple[Metric, ...] = (PLCC, SROCC, RMSE)

Blocks = tuple[str, ...]


class SetFigures(Reported):
    """One set of blocks: means over folds, by regressors that saw neither clip nor content."""

    blocks: Blocks
    n_columns: int
    plcc: float | None
    srocc: float | None
    rmse: float | None
    """MOS."""
    plcc_interval: Interval | None
    margin: float | None
    """PLCC minus that of the run's own set."""
    margin_interval: Interval | None


class BlockWorth(Reported):
    """What all blocks together lose without this one."""

    block: str
    loss: float | None
    """PLCC; above 0 the block adds something that no other has."""
    loss_interval: Interval | None


class BlockHere(Reported):
    """A block that is compared."""

    name: str
    n_columns: int
    needs: str
    """What one clip costs to have it, in words."""


class FeatureSets(Reported):
    """Sets of blocks on the same clips, the best PLCC first."""

    own: Blocks
    """Of the run; empty where it is not among the sets."""
    n_clips: int
    n_contents: int
    sets: tuple[SetFigures, ...]
    worth: tuple[BlockWorth, ...]
    """Empty where there is one block."""


class FeatureComparison(Reported):
    """What is here, what the sets of it reach, and what is not here."""

    corpora: tuple[str, ...]
    blocks: tuple[BlockHere, ...]
    found: FeatureSets
    left_out: Mapping[str, str]
    """Block → why it is not compared."""
    clips_left_out: int
    """Clips that train and lack a figure of some block, or were thinned out."""


def sets_of(columns: Mapping[str, Sequence[str]], own: Blocks) -> tuple[Blocks, ...]:
    """Which sets are tried of these blocks, by `EVERY_SET_UP_TO` and that of the run; all first.

    columns: of each block. Blocks that hold a column of the same name are never in one set; "all"
    are those of the run, and then whatever goes with them.
    """
    ours = tuple(block for block in columns if block in own)
    every: Blocks = ()
    for block in (*ours, *columns):
        if block not in every and _fits((*every, block), columns):
            every = (*every, block)
    if len(columns) <= EVERY_SET_UP_TO:
        sizes = range(1, len(columns) + 1)
        found = chain.from_iterable(combinations(columns, size) for size in sizes)
    else:
        found = chain(((block,) for block in columns), (_without(every, block) for block in every))
    wanted = [_ordered(every, columns), *found]
    if set(own) <= set(columns):
        wanted.append(ours)
    ordered = (_ordered(each, columns) for each in wanted)
    return tuple(dict.fromkeys(each for each in ordered if each and _fits(each, columns)))


def _fits(blocks: Blocks, columns: Mapping[str, Sequence[str]]) -> bool:
    names = [name.casefold() for block in blocks for name in columns[block]]
    return len(set(names)) == len(names)


def _ordered(blocks: Blocks, columns: Mapping[str, Sequence[str]]) -> Blocks:
    return tuple(block for block in columns if block in blocks)


def feature_sets(
    table: TrainingTable,
    predicted: Mapping[Blocks, FloatArray],
    columns: Mapping[Blocks, int],
    own: Blocks,
) -> FeatureSets:
    """Figures of every set, from its out-of-fold predictions [n], and what each block adds.

    predicted: all blocks first, as `sets_of` has them. columns: how many each set has. Sets are
    paired clip by clip in every replicate. An interval is of one figure: among many sets the best
    was chosen after it was seen, and owes some of its lead to that.
    """
    tried = list(predicted)
    drawn = resample(
        np.vstack([predicted[each] for each in tried]),
        table.mos,
        table.folds,
        table.groups,
        FIGURES,
    )
    at = {frozenset(each): place for place, each in enumerate(tried)}
    ours = at.get(frozenset(own))

    def figure(place: int, metric: Metric) -> float | None:
        return rounded(float(drawn.whole[metric.name][0, place]))

    def margin(one: int, other: int | None) -> tuple[float | None, Interval | None]:
        if other is None or one == other:
            return None, None
        over = _over(one, other)
        return rounded(float(over(drawn.whole)[0])), interval_of(drawn, over)

    def set_figures(place: int) -> SetFigures:
        lead, lead_interval = margin(place, ours)
        return SetFigures(
            blocks=tried[place],
            n_columns=columns[tried[place]],
            plcc=figure(place, PLCC),
            srocc=figure(place, SROCC),
            rmse=figure(place, RMSE),
            plcc_interval=interval_of(drawn, _of(place), scale=PLCC.scale),
            margin=lead,
            margin_interval=lead_interval,
        )

    every = tried[0]

    def worth_of(block: str) -> BlockWorth:
        loss, interval = margin(at[frozenset(every)], at.get(frozenset(_without(every, block))))
        return BlockWorth(block=block, loss=loss, loss_interval=interval)

    found = [set_figures(place) for place in range(len(tried))]
    inside = [group for group, fold in zip(table.groups, table.folds, strict=True) if fold >= 0]
    return FeatureSets(
        own=tried[ours] if ours is not None else (),
        n_clips=len(inside),
        n_contents=len(set(inside)),
        sets=tuple(sorted(found, key=_best_first)),
        worth=tuple(worth_of(block) for block in every) if len(every) > 1 else (),
    )


def _best_first(found: SetFigures) -> tuple[float, int]:
    """By PLCC, those without one last; of two that are alike the one of fewer blocks first."""
    return 2.0 if found.plcc is None else -found.plcc, len(found.blocks)


def _of(place: int) -> Reduction:
    def figure(figures: Figures) -> FloatArray:
        found: FloatArray = figures[PLCC.name][:, place]
        return found

    return figure


def _over(one: int, other: int) -> Reduction:
    def margin(figures: Figures) -> FloatArray:
        found: FloatArray = figures[PLCC.name][:, one] - figures[PLCC.name][:, other]
        return found

    return margin


def _without(blocks: Blocks, block: str) -> Blocks:
    return tuple(each for each in blocks if each != block)
