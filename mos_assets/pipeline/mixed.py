"""Several corpora that train: which corpora teach what of which, and what is left out teaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.evaluation import (
    CrossFigures,
    TestedCorpus,
    cross_figures,
    drawn_clips,
    drawn_tested,
    without_figures,
)
from mos_assets.evaluation.text import and_list
from mos_assets.head import closed_forms
from mos_assets.records import TrainingTable
from mos_assets.settings import Align, RunSettings, Weights
from mos_assets.splitting.cuts import further_cuts
from mos_assets.splitting.known_contents import ContentRow, shared_contents

CUTS = 5
"""Of the contents into folds; figures are means over them, since one cut alone leaves much to
chance. Settings are chosen once, which costs more than all of them."""


@dataclass(frozen=True, slots=True)
class MixedTraining:
    """Of one corpus both are empty."""

    matrix: tuple[CrossFigures, ...] = ()
    """Each training corpus alone, then all together; on each training corpus, then on each that
    only tests."""
    left_out: tuple[CrossFigures, ...] = ()
    """Each training corpus by all the others."""


def judge_mixed(
    run: RunSettings,
    table: TrainingTable,
    tested: Sequence[TestedCorpus],
    contents: Sequence[ContentRow],
) -> MixedTraining:
    """Fit closed forms to each training corpus, to all, and to all but each.

    table: rows that train; tested: corpora that only test; contents: what tells the contents of all
    their clips. Contents are cut into folds over corpora, so that none is both seen and scored.
    """
    names = run.corpora
    if len(names) < 2:
        return MixedTraining()
    number = dict(zip((row.clip_id for row in contents), shared_contents(contents), strict=True))
    table = _by_content(table, number)
    own = drawn_clips({name: _of(table, [name]) for name in names})
    trained = [TestedCorpus(name, one) for name, one in own.items()]
    others = [replace(one, table=drawn_tested(_by_content(one.table, number))) for one in tested]
    kept = {clip_id for one in own.values() for clip_id in one.clip_ids}
    table = table.take(np.array([at for at, one in enumerate(table.clip_ids) if one in kept], int))
    matrix = [
        cell
        for some in (*((name,) for name in names), names)
        for cell in _cells(run, some, table, [*trained, *others])
    ]
    found = {(cell.trained, cell.tested): cell for cell in matrix}
    left_out: list[CrossFigures] = []
    for one in trained:
        rest = tuple(name for name in names if name != one.name)
        # Of two corpora the other one alone, which is in the matrix.
        known = found.get((rest, one.name))
        left_out += _cells(run, rest, table, [one]) if known is None else [known]
    return MixedTraining(tuple(matrix), tuple(left_out))


def _cells(
    run: RunSettings, some: tuple[str, ...], table: TrainingTable, tested: Sequence[TestedCorpus]
) -> list[CrossFigures]:
    """What these corpora teach of each of `tested`."""
    training = _of(table, some)
    if not len(training.mos):
        reason = f"no clip of {and_list(some)} trains"
        return [without_figures(some, one, reason) for one in tested]
    cuts = further_cuts(training.groups, run.folds, CUTS)
    cut = [replace(training, folds=folds) for folds in cuts]
    try:
        forms = closed_forms(
            cut[0],
            impute=run.imputes,
            weigh=run.weights is Weights.PRECISION,
            align=run.align is Align.CORPORA,
        )
        fitted = [(one.folds, forms.heads(one)) for one in cut]
    except TrainingError as error:
        return [without_figures(some, one, str(error)) for one in tested]
    return [cross_figures(some, training, fitted, one) for one in tested]


def _of(table: TrainingTable, corpora: Sequence[str]) -> TrainingTable:
    """The rows of these corpora that train."""
    inside = np.isin(np.array(table.corpora, dtype=object), corpora) & (table.folds >= 0)
    return table.take(np.flatnonzero(inside))


def _by_content(table: TrainingTable, number: Mapping[str, int]) -> TrainingTable:
    """The table with contents over all corpora as its groups."""
    return replace(table, groups=tuple(f"{number[clip_id]:09d}" for clip_id in table.clip_ids))
