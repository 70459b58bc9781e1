"""The asset `shot_metadata`: shots per clip, measured or from external files, which win."""

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements
from mos_assets.assets.files import shot_files
from mos_assets.assets.lineage import column_lineage, shot_sources
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.reporting import PREVIEW_ROWS, table_metadata, user_errors
from mos_assets.assets.templates import asset
from mos_assets.pipeline.shots import find_shots
from mos_assets.store import measurement_rows
from mos_assets.store.schema import SHOT_METADATA


@asset(
    deps=[raw_corpus, clip_measurements, shot_files],
    code_version=graph_code,
    group=Group.FEATURES,
    kinds={"duckdb"},
    description=(
        "Shot count, mean shot length and cut density of each clip, with the three normalised "
        "columns of the head. Files in `<corpus>/shots/` replace what TransNet V2 found for that "
        "corpus; a new one re-runs this asset and what follows, and decodes nothing. Table "
        "`shot_metadata`."
    ),
)
def shot_metadata(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        shots = find_shots(settings.run, settings.paths, database, context.log)
        table = measurement_rows.shot_table(database, settings.run.all_corpora, PREVIEW_ROWS)
    context.log.info(f"shots known for {shots.known} of {shots.rows} clips")
    return dg.MaterializeResult(
        tags=asset_tags(settings.run),
        metadata={
            **table_metadata(SHOT_METADATA, table, rows=shots.rows),
            **column_lineage(platform.naming, shot_sources(shots.sources)),
            "clips_with_shots": shots.known,
            "external_rows_without_a_clip": dg.MetadataValue.json(dict(shots.strays)),
            "external_rows_rejected": dg.MetadataValue.json(dict(shots.rejected)),
        },
    )
