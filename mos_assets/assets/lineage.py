"""Column lineage: which columns a column of a table is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from mos_assets.assets.files import clips, feature_tables, label_files, shot_files
from mos_assets.assets.naming import Naming
from mos_assets.features import header_extractors, picture_extractors
from mos_assets.features.extractors.shots import (
    COUNT_NORM,
    CUT_DENSITY,
    FRAMES,
    LENGTH_NORM,
    SHOT_COUNT,
    SHOT_LENGTH_STD,
    SHOT_MEAN_LENGTH,
    SHOTS,
)
from mos_assets.features.notes import TABLE_ORIGIN
from mos_assets.features.shot_rows import MEASURED
from mos_assets.records.corpus_columns import PROBE_FIELDS
from mos_assets.store.schema import CLIP_MEASUREMENTS, EXTRACTED_FEATURES, RAW_CORPUS, SHOT_METADATA

Source = tuple[str, str]
"""Asset and column."""
Sources = Mapping[str, Iterable[Source]]
"""Column → what it is made of."""

_HEADER = ("width", "height", "fps", "frames", "coded_bytes")
"""Of `raw_corpus`, what columns from the container's header may be made of."""
_OF_SHOTS = {
    "shot_count": (SHOT_COUNT,),
    "mean_length_s": (SHOT_MEAN_LENGTH,),
    "length_std_s": (SHOT_LENGTH_STD,),
    COUNT_NORM: (SHOT_COUNT,),
    LENGTH_NORM: (SHOT_MEAN_LENGTH,),
    CUT_DENSITY: (SHOT_COUNT, FRAMES),
}
"""Column of `shot_metadata` → figures of a measurement."""
_OF_LABELS = {
    "clip_id": "clip",
    "clip_name": "clip",
    "part": "part",
    "mos": "mos",
    "mos_std": "std",
    "n_ratings": "n",
    "content_group": "group",
    "reference_path": "reference",
    "session": "session",
    "mos_ci95": "ci95",
}
"""Column of `raw_corpus` → what `corpus.toml` calls the column of a label file."""
_OF_CLIPS = {
    "path": "name",
    "sha256": "bytes",
    "size_bytes": "bytes",
    "mtime_ns": "modification time",
    "content_group": "bytes",
    **{name: "container header" for name, _ in PROBE_FIELDS},
    "reference_path": "name",
    "reference_sha256": "bytes",
}
"""Column of `raw_corpus` → what of a file it is."""
CORPUS_SOURCES: Sources = {
    column: [
        (template.name, of[column])
        for template, of in ((label_files, _OF_LABELS), (clips, _OF_CLIPS))
        if column in of
    ]
    for column in (*_OF_LABELS, *_OF_CLIPS)
}
FOLD_SOURCES: Sources = {
    "clip_id": [(EXTRACTED_FEATURES, "clip_id")],
    "content_group": [(RAW_CORPUS, "content_group")],
    "fold": [
        (RAW_CORPUS, "content_group"),
        (RAW_CORPUS, "sha256"),
        (RAW_CORPUS, "mos"),
        (EXTRACTED_FEATURES, "complete"),
    ],
}


def column_lineage(naming: Naming, sources: Sources) -> dict[str, dg.MetadataValue]:
    """The lineage under the key that the UI knows, in this project."""
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(
            dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(naming.key(asset), name) for asset, name in of]
                    for column, of in sources.items()
                }
            )
        )
    }


def measurement_sources() -> Sources:
    """Every figure is of the clip's bytes."""
    figures = [name for each in picture_extractors().values() for name in each.figure_names]
    return {name: [(RAW_CORPUS, "sha256")] for name in ("content", *figures)}


def shot_sources(sources: Iterable[str]) -> Sources:
    """Of a table whose rows have these sources: measured ones, and files that replace them."""
    given = set(sources)
    found: dict[str, list[Source]] = {"clip_id": [(RAW_CORPUS, "clip_id")]}
    for column, figures in _OF_SHOTS.items():
        found[column] = [(CLIP_MEASUREMENTS, figure) for figure in figures if MEASURED in given]
        if given - {MEASURED}:
            found[column].append((shot_files.name, column))
    return {column: of for column, of in found.items() if of}


def feature_sources(order: Sequence[str], fingerprints: Iterable[str]) -> Sources:
    """Of features in this order, whose rows have these fingerprints.

    A fingerprint is `block=origin` joined by ` + `; what no measured block names is of a table.
    """
    found: dict[str, list[Source]] = {"clip_id": [(RAW_CORPUS, "clip_id")]}
    for fingerprint in sorted(set(fingerprints)):
        parts = (part.partition("=") for part in fingerprint.split(" + "))
        here = [block for block, _, origin in parts if not origin.startswith(TABLE_ORIGIN)]
        known = _measured_here(frozenset(here))
        for name in order:
            of = found.setdefault(name, [])
            of += [
                each for each in known.get(name, [(feature_tables.name, name)]) if each not in of
            ]
    return found


def _measured_here(blocks: frozenset[str]) -> dict[str, list[Source]]:
    """Feature of these blocks → what it is made of."""
    known: dict[str, list[Source]] = {}
    for extractor in picture_extractors().values():
        for name in extractor.column_names if extractor.block in blocks else ():
            if extractor.name == SHOTS:
                known[name] = [(SHOT_METADATA, name)]
            else:
                figures = extractor.figure_names
                chosen = (name,) if name in figures else figures
                known[name] = [(CLIP_MEASUREMENTS, figure) for figure in chosen]
    for header in header_extractors():
        for name in header.column_names if header.block in blocks else ():
            chosen = (name,) if name in _HEADER else _HEADER
            known[name] = [(RAW_CORPUS, each) for each in chosen]
    return known
