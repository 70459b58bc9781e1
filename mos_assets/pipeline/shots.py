"""Shots of every clip: from a corpus's own files, which win, or as they were measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mos_assets.corpora import (
    ExternalShots,
    ShotTable,
    join_shots,
    load_shot_tables,
    printable,
)
from mos_assets.features import (
    SHOTS,
    Columns,
    measured_shot_row,
    missing_shot_row,
    normalised_shot_row,
    shot_row,
)
from mos_assets.io.log_lines import FewWarnings
from mos_assets.pipeline.measure import fingerprints
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.setbacks import waiting_for
from mos_assets.pipeline.standing import Step, told_by_files
from mos_assets.processes.collector import collector_paused
from mos_assets.records import Clip, Measurement, Setback, ShotRow
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, corpus_rows, measurement_rows
from mos_assets.store.schema import CLIP_MEASUREMENTS, RAW_CORPUS, SETBACKS, SHOT_METADATA

EXTERNAL = "external-shots"
"""Fingerprint of shot figures that come from a corpus's own files."""


@dataclass(frozen=True, slots=True)
class ShotsFound:
    """What the table of shots holds, and what of the corpora's own files was not used."""

    rows: int
    known: int
    """Clips whose shots are known."""
    sources: tuple[str, ...]
    """Where rows come from, each once."""
    strays: Mapping[str, int]
    """Corpus → rows of its shot files that fit no clip."""
    rejected: Mapping[str, int]
    """Corpus → rows of its shot files that cannot be used."""
    warnings: tuple[str, ...]
    """The first of these, with why."""


STEP = Step(
    "shot_metadata",
    ShotsFound,
    reads=(RAW_CORPUS, CLIP_MEASUREMENTS, SETBACKS),
    writes=(SHOT_METADATA,),
)


def find_shots(run: RunSettings, paths: PathSettings, database: Database, log: Log) -> ShotsFound:
    """Write one row a clip; one whose shots are not known says why.

    Rows stand as they are where nothing that they are made of has changed. Raises CorpusError.
    """
    with collector_paused(), database.held():
        found = STEP.unless_it_stands(
            run,
            database,
            lambda: _find_shots(run, paths, database),
            log,
            outside=lambda: told_by_files(run, paths),
        )
    for line in found.warnings:
        log.warning(line)
    return found


def _find_shots(
    run: RunSettings, paths: PathSettings, database: Database
) -> Callable[[], ShotsFound]:
    warnings: list[str] = []
    rows: list[ShotRow] = []
    strays: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for name in run.all_corpora:
        clips = corpus_rows.read_clips(database, [name])
        external = load_shot_tables(name, paths.corpus_folder)
        if external is None:
            measured_as = fingerprints(run, paths).get(SHOTS)
            rows += _measured_rows(measured_as, database, clips)
            continue
        match = join_shots(external, name, clips)
        told = FewWarnings(warnings.append)
        for row in external.rejected:
            told.warning(f"{printable(row.source)}, line {row.line}: {row.reason}")
        told.end("external_rows_rejected in the metadata counts all of them")
        strays[name] = len(match.unmatched_rows)
        rejected[name] = len(external.rejected)
        rows += _external_rows(clips, external, match.row_of_clip)

    def write() -> ShotsFound:
        measurement_rows.write_shots(database, run.all_corpora, rows)
        return ShotsFound(
            rows=len(rows),
            known=sum(row.shot_count_norm is not None for row in rows),
            sources=tuple(sorted({row.source for row in rows})),
            strays=strays,
            rejected=rejected,
            warnings=tuple(warnings),
        )

    return write


def _measured_rows(
    fingerprint: str | None, database: Database, clips: tuple[Clip, ...]
) -> list[ShotRow]:
    prints = [] if fingerprint is None else [fingerprint]
    found: dict[str, Measurement | Setback] = {
        content: setback for (content, _), setback in waiting_for(database, prints).items()
    }
    found |= {
        measurement.content: measurement
        for measurement in measurement_rows.read_measurements(database, prints)
    }
    return [measured_shot_row(clip, found.get(clip.sha256 or ""), fingerprint) for clip in clips]


def _external_rows(
    clips: tuple[Clip, ...], table: ShotTable, row_of_clip: tuple[int | None, ...]
) -> list[ShotRow]:
    return [
        missing_shot_row(clip, EXTERNAL, EXTERNAL, "the external shot files have no row for it")
        if index is None
        else _external_row(clip, table.rows[index])
        for clip, index in zip(clips, row_of_clip, strict=True)
    ]


def _external_row(clip: Clip, row: ExternalShots) -> ShotRow:
    if row.figures is not None:
        return shot_row(clip, row.figures, row.source, EXTERNAL)
    if row.normalised is None:
        return missing_shot_row(clip, row.source, EXTERNAL, "its external row says: unavailable")
    normalised = row.normalised
    columns = Columns(
        {name: getattr(normalised, name) for name in type(normalised).__slots__}, None
    )
    return normalised_shot_row(clip, columns, row.source, EXTERNAL)
