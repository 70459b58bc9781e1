"""One clip in, figures out: libvmaf, no-reference, saliency, shots, container; all fingerprinted.

This is the room's door; other rooms import these names and nothing below it.
"""

from mos_assets.extraction.assemble import TABLE_ORIGIN, CorpusFigures, ShotFeatures, assemble
from mos_assets.extraction.attempt import ClipTask
from mos_assets.extraction.blocks import (
    BLOCKS,
    KONVID_V1,
    PARTS,
    Block,
    expand_columns,
    feature_blocks_id,
    parse_blocks,
    require_blocks,
    required_parts,
)
from mos_assets.extraction.columns import (
    FRAMES,
    SHOT_COUNT,
    SHOT_LENGTH_STD,
    SHOT_MEAN_LENGTH,
    SHOTS,
    Columns,
)
from mos_assets.extraction.container import container_columns
from mos_assets.extraction.fingerprint import ReferencePolicy, fingerprint
from mos_assets.extraction.journal import SHARD_SUFFIX, Journal, measuring, recover_journals
from mos_assets.extraction.measure import (
    Found,
    content_key,
    measure_clip,
    measure_clips,
)
from mos_assets.extraction.shards import measurement_table, read_shard, write_shard
from mos_assets.extraction.shot_rows import (
    columns_of,
    measured_shot_row,
    missing_shot_row,
    normalised_shot_row,
    shot_row,
)
from mos_assets.extraction.shots import shot_columns, shot_figures

__all__ = [
    "BLOCKS",
    "FRAMES",
    "KONVID_V1",
    "PARTS",
    "SHARD_SUFFIX",
    "SHOTS",
    "SHOT_COUNT",
    "SHOT_LENGTH_STD",
    "SHOT_MEAN_LENGTH",
    "TABLE_ORIGIN",
    "Block",
    "ClipTask",
    "Columns",
    "CorpusFigures",
    "Found",
    "Journal",
    "ReferencePolicy",
    "ShotFeatures",
    "assemble",
    "columns_of",
    "container_columns",
    "content_key",
    "expand_columns",
    "feature_blocks_id",
    "fingerprint",
    "measure_clip",
    "measure_clips",
    "measured_shot_row",
    "measurement_table",
    "measuring",
    "missing_shot_row",
    "normalised_shot_row",
    "parse_blocks",
    "read_shard",
    "recover_journals",
    "require_blocks",
    "required_parts",
    "shot_columns",
    "shot_figures",
    "shot_row",
    "write_shard",
]
