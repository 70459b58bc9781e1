"""Declared feature tables in a run: what is measured for their proof, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mos_assets.corpora import declarations, join_table, load_feature_tables
from mos_assets.features import (
    BLOCKS,
    SHOTS,
    PictureExtractor,
    clips_for_proof,
    compares,
    declared_columns,
    declared_extractor,
    picture_extractors,
    required_parts,
    supplied_by_declared,
)
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.records import Clip, Declaration
from mos_assets.settings import PathSettings, RunSettings

Chosen = Mapping[str, frozenset[str]]
"""Part → ids of the clips that it is measured in."""


def require_declarations(name: str, root: Path) -> None:
    """Raise CorpusError for a declaration of this corpus that cannot be right."""
    declared = declarations(name, root)
    for declaration in declared.values():
        declared_extractor(declaration)
    for table in load_feature_tables(name, root) if declared else ():
        if table.declaration is not None:
            declared_columns(table, table.declaration)


def parts_for_proof(run: RunSettings, paths: PathSettings) -> frozenset[str]:
    """Parts that are measured because chosen feature tables are declared to hold their figures."""
    chosen = set(chosen_blocks(run, paths)) - set(BLOCKS)
    return frozenset(
        declaration.extractor
        for name in run.corpora
        if chosen
        for table, declaration in declarations(name, paths.corpus_folder).items()
        if table in chosen and _measured_for_proof(run, declaration)
    )


def measured_in(run: RunSettings, paths: PathSettings, name: str, clips: Sequence[Clip]) -> Chosen:
    """Which clips of a corpus each of its parts is measured in.

    A part that the features come from, in all of them. A part that a declared table stands for,
    in some: those prove the table.
    """
    everywhere = frozenset(clip.clip_id for clip in clips)
    blocks = chosen_blocks(run, paths)
    wanted = dict.fromkeys(required_parts(blocks), everywhere)
    declared = declarations(name, paths.corpus_folder)
    if not any(clip.path is not None for clip in clips) or not any(
        _measured_for_proof(run, declaration) or declaration.extractor in wanted
        for declaration in declared.values()
    ):
        return wanted
    tables = [join_table(clips, table) for table in load_feature_tables(name, paths.corpus_folder)]
    some: dict[str, set[str]] = {}
    for part in required_parts(blocks):
        if supplied_by_declared(clips, tables, picture_extractors()[part]):
            some[part] = set()
    for table in tables:
        told = table.declaration
        if told is None or (told.extractor in wanted and told.extractor not in some):
            continue
        if (table.name in blocks or told.extractor in some) and _measured_for_proof(run, told):
            proving = some.setdefault(told.extractor, set())
            proving.update(clip.clip_id for clip in clips_for_proof(clips, table))
    return {**wanted, **{part: frozenset(ids) for part, ids in some.items()}}


def _measured_for_proof(run: RunSettings, declaration: Declaration) -> bool:
    """Whether own figures would say anything of it: it has limits, and the policy of the run."""
    extractor = declared_extractor(declaration)
    return (
        isinstance(extractor, PictureExtractor)
        and extractor.name != SHOTS
        and bool(extractor.agreement)
        and (not compares(extractor) or declaration.reference == run.reference)
    )
