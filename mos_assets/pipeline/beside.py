"""What is known of clips beside their features: container columns, and metrics of others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.corpora import foreign_metrics, table_columns
from mos_assets.evaluation import BesideColumns
from mos_assets.evaluation.container_names import tells_container
from mos_assets.features import CorpusFigures, header_extractors
from mos_assets.records import FloatArray, Probe, TrainingTable
from mos_assets.settings import PathSettings
from mos_assets.store import Database, beside_rows
from mos_assets.store.beside_rows import CONTAINER, METRIC, BesideColumn


def write_beside(
    corpora: Sequence[CorpusFigures],
    inputs: Sequence[str],
    paths: PathSettings,
    database: Database,
) -> None:
    """Keep these columns of every corpus, whether the head uses them or not.

    inputs: columns of the head. Raises CorpusError where `[metrics]` names a column that is not
    there.
    """
    columns: list[BesideColumn] = []
    for corpus in corpora:
        clip_ids = tuple(clip.clip_id for clip in corpus.clips)
        metrics = foreign_metrics(corpus.name, paths.corpus_folder, corpus.tables, inputs)
        columns += [
            BesideColumn(corpus.name, kind, name, clip_ids, values)
            for kind, found in ((CONTAINER, container_columns(corpus)), (METRIC, metrics))
            for name, values in found.items()
        ]
    beside_rows.write_beside(database, columns)


def read_beside(database: Database, table: TrainingTable) -> BesideColumns:
    """What the store knows beside the features of these rows."""
    return BesideColumns(
        beside_rows.read_beside(database, CONTAINER, table.clip_ids),
        beside_rows.read_beside(database, METRIC, table.clip_ids),
    )


def container_columns(corpus: CorpusFigures) -> dict[str, FloatArray]:
    """What containers tell, [clips] by name: of the clips themselves, else of tables."""
    found = table_columns(corpus.tables, tells_container)
    if all(clip.probe is None for clip in corpus.clips):
        return found
    rows = [
        {} if clip.probe is None else _told(clip.probe, clip.size_bytes) for clip in corpus.clips
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        **found,
        **{name: np.array([row.get(name, np.nan) for row in rows]) for name in names},
    }


def _told(probe: Probe, size_bytes: int | None) -> dict[str, float]:
    figures = {
        name: value
        for extractor in header_extractors()
        for name, value in extractor.read(probe).figures.items()
    }
    headers = {
        "bit_rate_kbps": None if probe.bit_rate is None else probe.bit_rate / 1000.0,
        "duration_s": probe.duration_s,
        "frames": probe.frames,
        "file_size_bytes": size_bytes,
    }
    figures |= {name: float(value) for name, value in headers.items() if value is not None}
    return {**figures, "height": float(probe.height), "width": float(probe.width)}
