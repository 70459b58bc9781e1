"""The asset `shot_metadata`: shots per clip, measured or from external files, which win."""

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements, fingerprints
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.reporting import OWNERS, table_metadata, user_errors
from mos_assets.assets.setbacks import waiting_for
from mos_assets.corpora import ExternalShots, ShotTable, join_shots, load_shot_tables
from mos_assets.features import (
    SHOTS,
    Columns,
    measured_shot_row,
    missing_shot_row,
    normalised_shot_row,
    shot_row,
)
from mos_assets.records import Clip, Measurement, Setback, ShotRow
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, measurement_rows

EXTERNAL = "external-shots"
"""Fingerprint of shot figures that come from a corpus's own files."""


@dg.asset(
    deps=[raw_corpus, clip_measurements],
    group_name="features",
    owners=OWNERS,
    kinds={"duckdb"},
    description=(
        "Shot count, mean shot length and cut density of each clip, with the three normalised "
        "columns of the head. Files in <corpus>/shots/ replace what TransNet V2 found for that "
        "corpus; a new one re-runs this asset and what follows, and decodes nothing. Table "
        "`shot_metadata`."
    ),
)
def shot_metadata(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    rows: list[ShotRow] = []
    strays: dict[str, int] = {}
    rejected: dict[str, int] = {}
    with user_errors():
        for name in settings.corpora:
            clips = corpus_rows.read_clips(database, [name])
            external = load_shot_tables(name, settings.corpus_folder)
            if external is not None:
                match = join_shots(external, name, clips)
                for row in external.rejected:
                    context.log.warning(f"{row.source}, line {row.line}: {row.reason}")
                strays[name] = len(match.unmatched_rows)
                rejected[name] = len(external.rejected)
                rows += _external_rows(clips, external, match.row_of_clip)
            else:
                rows += _measured_rows(settings, database, clips)
        measurement_rows.write_shots(database, settings.corpora, rows)
        table = measurement_rows.shot_table(database, settings.corpora)
    known = table.num_rows - table["shot_count_norm"].null_count
    context.log.info(f"shots known for {known} of {table.num_rows} clips")
    return dg.MaterializeResult(
        tags=asset_tags(settings),
        metadata={
            **table_metadata(table),
            "clips_with_shots": known,
            "external_rows_without_a_clip": dg.MetadataValue.json(strays),
            "external_rows_rejected": dg.MetadataValue.json(rejected),
        },
    )


def _measured_rows(
    settings: Settings, database: Database, clips: tuple[Clip, ...]
) -> list[ShotRow]:
    fingerprint = fingerprints(settings).get(SHOTS)
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
