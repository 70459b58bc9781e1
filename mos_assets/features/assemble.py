"""Putting the chosen feature blocks together: one row a clip, from measurements or from tables.

Within one corpus a block has one source, so that its rows stay comparable: where the corpus
has clips the block is measured, where it has none a table with the block's column names
supplies it; a declared table (`declared.py`) also where most clips are not here. A figure that
cannot be had stays missing, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mos_assets.errors import FeatureError
from mos_assets.features.blocks import BLOCKS, expand_columns
from mos_assets.features.declared import (
    clips_for_proof,
    compares,
    declared_extractor,
    prove,
    supplied_by_declared,
)
from mos_assets.features.extractors.base import (
    Columns,
    FeatureExtractor,
    HeaderExtractor,
    PictureExtractor,
    picture_extractors,
)
from mos_assets.features.extractors.shots import SHOTS
from mos_assets.features.notes import TABLE_ORIGIN
from mos_assets.features.task import content_key
from mos_assets.media.probe import probe_version
from mos_assets.records import (
    Clip,
    Declaration,
    DeclaredFeatures,
    FeatureMatrix,
    FloatArray,
    JoinedTable,
    Measurement,
    Setback,
)
from mos_assets.settings import ReferencePolicy

NO_CLIP = "there is no clip for this label"


@dataclass(frozen=True, slots=True)
class ShotFeatures:
    """The shot columns of one clip and where they come from."""

    columns: Columns
    fingerprint: str


@dataclass(frozen=True, eq=False)
class CorpusFigures:
    """All that is known of the clips of one corpus."""

    name: str
    clips: tuple[Clip, ...]
    measured: Mapping[tuple[str, str], Measurement | Setback]
    """(content, part) → measurement under the current settings."""
    part_fingerprints: Mapping[str, str]
    """Part → fingerprint under the current settings."""
    policy: ReferencePolicy
    shots: Mapping[str, ShotFeatures]
    """clip_id → shot columns; measured or external."""
    tables: tuple[JoinedTable, ...]
    refuted: frozenset[str] = frozenset()
    """Tables whose figures are not what they are declared to be."""


@dataclass(frozen=True, eq=False)
class _Figures:
    """The figures of one block for every clip of one corpus."""

    values: FloatArray
    fingerprint: str
    reasons: tuple[str | None, ...]


def assemble(corpora: Sequence[CorpusFigures], blocks: Sequence[str]) -> FeatureMatrix:
    """The feature matrix of these corpora: blocks in the given order, rows by clip_id.

    Raises FeatureError where a block is neither built in nor a table of the corpus, or where
    two blocks have a column of the same name.
    """
    orders = {corpus.name: _columns(corpus, blocks) for corpus in corpora}
    order = next(iter(orders.values()), ())
    for name, other in orders.items():
        if other != order:
            odd = sorted(set(other) ^ set(order)) or ["the order of columns"]
            raise FeatureError(
                f"The tables of corpus {name} have other columns than those of {corpora[0].name} "
                f"({odd[0]}); give every corpus the same columns."
            )
    rows: list[tuple[str, str, FloatArray, str, str | None]] = []
    for corpus in corpora:
        parts = [_block(corpus, block) for block in blocks]
        values = np.hstack([part.values for part in parts])
        fingerprint = " + ".join(
            f"{block}={part.fingerprint}" for block, part in zip(blocks, parts, strict=True)
        )
        for index, clip in enumerate(corpus.clips):
            why = next((part.reasons[index] for part in parts if part.reasons[index]), None)
            rows.append((clip.clip_id, corpus.name, values[index], fingerprint, why))
    rows.sort(key=lambda row: row[0])
    return FeatureMatrix(
        clip_ids=tuple(row[0] for row in rows),
        corpora=tuple(row[1] for row in rows),
        feature_order=order,
        values=np.array([row[2] for row in rows]).reshape(len(rows), len(order)),
        fingerprints=tuple(row[3] for row in rows),
        reasons=tuple(row[4] for row in rows),
    )


def proofs(corpus: CorpusFigures) -> tuple[DeclaredFeatures, ...]:
    """Every declared table of a corpus held against what was measured in its clips.

    Raises CorpusError for a declaration that cannot be right.
    """
    return tuple(
        prove(corpus.name, table, table.declaration, _own_figures(corpus, table, table.declaration))
        for table in corpus.tables
        if table.declaration is not None
    )


def supplying(corpus: CorpusFigures, blocks: Sequence[str]) -> frozenset[str]:
    """Names of the tables that these blocks come from. Raises FeatureError as `assemble`."""
    found = [_table_of(corpus, name) for name in blocks]
    return frozenset(table.name for table in found if table is not None)


def _own_figures(
    corpus: CorpusFigures, table: JoinedTable, declaration: Declaration
) -> FloatArray | str:
    """What was measured of what is declared, in the clips that prove it; in words why it says
    nothing."""
    extractor = declared_extractor(declaration)
    if not any(clip.path is not None for clip in corpus.clips):
        return "no clip of this corpus is here"
    if compares(extractor) and declaration.reference != corpus.policy:
        return (
            f"this run compares clips under {corpus.policy} and the table under "
            f"{declaration.reference}"
        )
    picture = isinstance(extractor, PictureExtractor) and extractor.name != SHOTS
    if picture and extractor.name not in corpus.part_fingerprints:
        return f"the chosen features need nothing of {extractor.name}"
    # These and no others, whatever the store holds besides: a manifest tells what came of it.
    proving = {clip.clip_id for clip in clips_for_proof(corpus.clips, table)}
    left_out = [clip.clip_id not in proving for clip in corpus.clips]
    values = _measured(corpus, extractor).values
    values[left_out] = math.nan
    return values


def _columns(corpus: CorpusFigures, blocks: Sequence[str]) -> tuple[str, ...]:
    return expand_columns(blocks, {table.name: table.columns for table in corpus.tables})


def _block(corpus: CorpusFigures, name: str) -> _Figures:
    block, table = BLOCKS.get(name), _table_of(corpus, name)
    if table is not None:
        return _from_table(corpus, table, table.columns if block is None else block.column_names)
    assert block is not None  # noqa: S101 - what is no block is a table
    return _measured(corpus, block)


def _table_of(corpus: CorpusFigures, name: str) -> JoinedTable | None:
    """The table that a block comes from; None where it is measured."""
    block = BLOCKS.get(name)
    if block is None:
        return next(table for table in corpus.tables if table.name == name)
    here = any(clip.path is not None for clip in corpus.clips)
    declared = supplied_by_declared(corpus.clips, corpus.tables, block)
    if _has_external_shots(corpus, block) or (here and not declared):
        return None
    holders = [
        table
        for table in corpus.tables
        if set(block.column_names) <= set(table.columns)
        and (not here or (table.declaration and table.declaration.extractor == block.name))
    ]
    if len(holders) > 1:
        raise FeatureError(
            f"Tables {', '.join(table.name for table in holders)} of corpus {corpus.name} all have "
            f"the columns of {name}; keep one."
        )
    if not holders:
        raise FeatureError(
            f"Corpus {corpus.name} has no clips, and no table in its features/ folder has the "
            f"columns of {name} ({', '.join(block.column_names)}). Add the clips or such a table, "
            "or choose other blocks with MOS_FEATURES."
        )
    return holders[0]


def _has_external_shots(corpus: CorpusFigures, block: FeatureExtractor) -> bool:
    return block.name == SHOTS and any(s.columns.reason is None for s in corpus.shots.values())


def _from_table(corpus: CorpusFigures, table: JoinedTable, columns: Sequence[str]) -> _Figures:
    values = table.values[:, [table.columns.index(name) for name in columns]]
    reasons: list[str | None] = []
    for row in values:
        holes = [name for name, value in zip(columns, row, strict=True) if not math.isfinite(value)]
        if not holes:
            reasons.append(None)
        elif len(holes) == len(columns):
            reasons.append(f"table {table.name} has no row for it")
        else:
            reasons.append(f"table {table.name} has no finite {holes[0]} for it")
    origin = f"{TABLE_ORIGIN}{table.name}"
    if table.declaration is not None and table.name not in corpus.refuted:
        origin += f" (declared: {table.declaration.words})"
    return _Figures(values, origin, tuple(reasons))


def _measured(corpus: CorpusFigures, block: FeatureExtractor) -> _Figures:
    find: Callable[[Clip], Columns]
    if isinstance(block, HeaderExtractor):
        fingerprint, find = f"probe-{probe_version()}", partial(_header, block)
    elif block.name == SHOTS:
        prints = sorted({shot.fingerprint for shot in corpus.shots.values()})
        fingerprint, find = "/".join(prints), partial(_shots, corpus)
    else:
        fingerprint = corpus.part_fingerprints[block.name]
        find = partial(_measurement, corpus, block.name)
    values = np.full((len(corpus.clips), len(block.column_names)), np.nan)
    reasons: list[str | None] = []
    for index, clip in enumerate(corpus.clips):
        found = find(clip)
        values[index] = [found.figures.get(name, math.nan) for name in block.column_names]
        reasons.append(found.reason)
    return _Figures(values, fingerprint, tuple(reasons))


def _header(extractor: HeaderExtractor, clip: Clip) -> Columns:
    return Columns({}, NO_CLIP) if clip.probe is None else extractor.read(clip.probe)


def _shots(corpus: CorpusFigures, clip: Clip) -> Columns:
    shots = corpus.shots.get(clip.clip_id)
    return Columns({}, "it has no shot metadata yet") if shots is None else shots.columns


def _measurement(corpus: CorpusFigures, part: str, clip: Clip) -> Columns:
    if clip.sha256 is None:
        return Columns({}, NO_CLIP)
    content = content_key(part, corpus.policy, clip.sha256, clip.reference_sha256)
    found = corpus.measured.get((content, part))
    if found is None:
        return Columns({}, f"its {part} is not measured yet; materialize clip_measurements")
    return picture_extractors()[part].columns_of(found.figures, found.reason)
