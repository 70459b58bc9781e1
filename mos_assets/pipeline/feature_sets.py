"""Which feature blocks are worth what: every one that is here, alone and together, on the folds of
the run. Nothing is measured for it and nothing trained that is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mos_assets.corpora import load_feature_tables
from mos_assets.corpora.in_bucket import refresh_corpus
from mos_assets.errors import CorpusError, FeatureError, SettingsError
from mos_assets.evaluation import (
    BlockHere,
    FeatureComparison,
    FeatureSets,
    feature_sets,
    leaking_features,
    sets_of,
)
from mos_assets.evaluation.text import and_list, count
from mos_assets.features import (
    BLOCKS,
    TABLE_ORIGIN,
    CorpusFigures,
    HeaderExtractor,
    assemble,
    compares,
)
from mos_assets.head import nested_out_of_fold
from mos_assets.pipeline.assemble import gather
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.progress import Log
from mos_assets.records import FloatArray, IntArray, TrainingTable
from mos_assets.settings import Align, PathSettings, RunSettings, Weights, fold_scope
from mos_assets.store import Database, fold_rows, provenance
from mos_assets.store.opening import refresh

LEAST_SHARE = 0.9
"""Of the clips that train: a block that fewer of them have is not compared."""
LEAST_FOLDS = 3
"""One that judges, and two inside which settings are chosen."""
MOST_CLIPS = 6_000
"""More are thinned out, by whole contents: regressors of a kernel grow with their square."""


@dataclass(frozen=True, eq=False)
class _Block:
    here: BlockHere
    columns: tuple[str, ...]
    values: FloatArray
    """[clips that train, columns], NaN where a clip has no figure."""
    complete: np.typing.NDArray[np.bool_]


def compare_features(
    run: RunSettings, paths: PathSettings, database: Database, log: Log
) -> FeatureComparison:
    """Regressors on sets of blocks, on the same clips and on the folds of the run.

    Blocks are those that were measured under these settings, tables that every corpus has, and
    networks that the run names. Settings and shares of a regressor are chosen inside the training
    folds. Raises FeatureError where folds were made under other settings or are fewer than
    LEAST_FOLDS, or nothing is here.
    """
    refresh(paths.store_place)
    for name in run.corpora:
        refresh_corpus(paths.corpus_place, name, log.info)
    if not database.exists:
        # To open it would make it.
        raise FeatureError(f"{paths.store_place} is not there yet; materialize folds first.")
    own = chosen_blocks(run, paths)
    with database.held():
        provenance.require(database, provenance.SPLIT, fold_scope(run))
        table, _ = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
    names, left_out = _names(run, paths, own)
    # All that is measured is asked for; who asks decides which fingerprints are read.
    wide = run.model_copy(update={"features": "+".join(n for n in names if n in BLOCKS)})
    corpora = [gather(wide, paths, database, name) for name in run.corpora]
    blocks: list[_Block] = []
    for name in names:
        one = _block(name, corpora, table, name in own)
        if isinstance(one, str):
            left_out[name] = one
        else:
            blocks.append(one)
    if not blocks:
        raise FeatureError(
            f"No feature block has figures of {100 * LEAST_SHARE:.0f} % of the clips that train: "
            + "; ".join(f"{name}: {why}" for name, why in left_out.items())
            + ". Materialize clip_measurements, or add a table."
        )
    rows = _rows(table, blocks)
    if (folds := len(np.unique(table.folds[rows]))) < LEAST_FOLDS:
        remedy = (
            f"set MOS_FOLDS to {LEAST_FOLDS} or more and materialize folds again"
            if run.folds < LEAST_FOLDS
            else "rate more clips, or move tables away that few clips are in"
        )
        raise FeatureError(
            f"Clips that have every figure lie in {folds} folds, and settings are chosen inside "
            f"the training folds, so {LEAST_FOLDS} are needed: {remedy}."
        )
    return FeatureComparison(
        corpora=run.corpora,
        blocks=tuple(block.here for block in blocks),
        found=_figures(run, table, blocks, rows, own, log),
        left_out=left_out,
        clips_left_out=int(np.count_nonzero(table.folds >= 0)) - len(rows),
    )


def _names(
    run: RunSettings, paths: PathSettings, own: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Built-in blocks, the run's networks among them, and tables; what some corpus lacks, with
    the reason."""
    tables = {
        corpus: [table.name for table in load_feature_tables(corpus, paths.corpus_folder)]
        for corpus in run.corpora
    }
    every = dict.fromkeys(name for names in tables.values() for name in names)
    lacking = {
        name: [corpus for corpus, names in tables.items() if name not in names] for name in every
    }
    left_out = {
        name: f"a table that {and_list(without)} lacks"
        for name, without in lacking.items()
        if without
    }
    here = (*BLOCKS, *(name for name in every if name not in left_out and name not in BLOCKS))
    return tuple(dict.fromkeys((*own, *here))), left_out


def _block(
    name: str, corpora: Sequence[CorpusFigures], table: TrainingTable, chosen: bool
) -> _Block | str:
    """The block along the clips that train; in words why it cannot be compared."""
    try:
        matrix = assemble(corpora, [name])
    except (FeatureError, CorpusError, SettingsError) as error:
        # All columns that are missing would be pages of a wide block.
        return re.sub(r" \([^)]*\)", "", str(error)).partition(". ")[0]
    at = {clip_id: row for row, clip_id in enumerate(matrix.clip_ids)}
    rows = np.array([at[clip_id] for clip_id in table.clip_ids], dtype=np.int64)
    values, reasons = matrix.values[rows], [matrix.reasons[row] for row in rows]
    complete = np.array([reason is None for reason in reasons], dtype=bool)
    inside = table.folds >= 0
    if (complete & inside).sum() < LEAST_SHARE * inside.sum():
        lacking = next(
            reason for reason, own in zip(reasons, inside, strict=True) if own and reason
        )
        told = f"{count(int((complete & inside).sum()))} of {count(int(inside.sum()))} clips"
        if name in BLOCKS and not chosen:
            lacking = f"add {name} to MOS_FEATURES and run the graph to have it measured"
        return f"{told} have it ({lacking})"
    if len({matrix.fingerprints[row] for row in rows[complete]}) > 1:
        return "the corpora have it from different sources, which are not comparable"
    leaks = leaking_features(matrix.feature_order, values[inside], table.mos[inside])
    certain = [leak.sentence for leak in leaks if leak.is_certain]
    if certain:
        return "; ".join(certain)
    here = BlockHere(
        name=name,
        n_columns=len(matrix.feature_order),
        needs=_needs(name, matrix.fingerprints[rows[0]]),
    )
    return _Block(here, matrix.feature_order, values, complete)


def _needs(name: str, fingerprint: str) -> str:
    extractor = BLOCKS.get(name)
    if extractor is None or f"={TABLE_ORIGIN}" in fingerprint:
        return "a table"
    if isinstance(extractor, HeaderExtractor):
        return "the header alone"
    return "decoding and libvmaf" if compares(extractor) else "decoding"


def _rows(table: TrainingTable, blocks: Sequence[_Block]) -> IntArray:
    """Rows in the folds that have every figure, by whole contents where there are too many."""
    full = (table.folds >= 0) & np.logical_and.reduce([block.complete for block in blocks])
    rows = np.flatnonzero(full)
    if len(rows) <= MOST_CLIPS:
        return rows
    groups = np.array(table.groups, dtype=object)[rows]
    contents = np.unique(groups)
    step = -(-len(rows) // MOST_CLIPS)
    kept: IntArray = rows[np.isin(groups, contents[::step])]
    return kept


def _figures(
    run: RunSettings,
    table: TrainingTable,
    blocks: Sequence[_Block],
    rows: IntArray,
    own: tuple[str, ...],
    log: Log,
) -> FeatureSets:
    of = {block.here.name: block for block in blocks}
    kept = table.take(rows)
    predicted: dict[tuple[str, ...], FloatArray] = {}
    columns: dict[tuple[str, ...], int] = {}
    for names in sets_of({name: block.columns for name, block in of.items()}, own):
        order = tuple(column for name in names for column in of[name].columns)
        features = np.hstack([of[name].values[rows] for name in names])
        log.info(f"{'+'.join(names)}: {count(len(order))} columns, {count(len(rows))} clips")
        predicted[names] = nested_out_of_fold(
            replace(kept, feature_order=order, features=features),
            weigh=run.weights is Weights.PRECISION,
            align=run.align is Align.CORPORA,
        )
        columns[names] = len(order)
    return feature_sets(kept, predicted, columns, own)
