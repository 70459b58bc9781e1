"""One clip in, figures out; every extractor is a file in `extractors/`, all fingerprinted.

The way of a clip: planned (`task`, `fingerprint`, `resource_limits`), decoded once (`command`,
`decode`, `decode_check`; `reference`, `pairing` and `same_content` for a pristine file), read by
its extractors (`read`, `extractors/`), checked by a second try where the first may mislead
(`measure`), and kept (`journal`, `shards`, `merging`). This is the room's door; other rooms import
these names and nothing below it.
"""

from mos_assets.features.assemble import CorpusFigures, ShotFeatures, assemble, proofs, supplying
from mos_assets.features.blocks import (
    BLOCKS,
    expand_columns,
    feature_blocks_id,
    parse_blocks,
    require_blocks,
    require_reference,
    required_parts,
)
from mos_assets.features.declared import (
    clips_for_proof,
    compares,
    declared_columns,
    declared_extractor,
    refuted,
    supplied_by_declared,
)
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    FeatureExtractor,
    HeaderExtractor,
    Output,
    PictureExtractor,
    Tap,
    header_extractors,
    picture_extractors,
)
from mos_assets.features.extractors.shots import SHOTS
from mos_assets.features.fingerprint import DECODE_CHECK_VERSION, SCALING, fingerprint
from mos_assets.features.journal import SHARD_SUFFIX, Journal, measuring, recover_journals
from mos_assets.features.measure import Found, measure_clip, measure_clips
from mos_assets.features.networks import (
    frames_seen,
    load_networks,
    loaded_network,
    networks_folder,
    networks_in,
    part_of_network,
    use_networks_folder,
)
from mos_assets.features.notes import (
    TABLE_ORIGIN,
    column_description,
    column_notes,
    compared_here,
    figure_notes,
)
from mos_assets.features.pieces import (
    Tools,
    alike,
    cut_pieces,
    ended_workers,
    estimated_s,
    measure_piece,
    samples_of,
)
from mos_assets.features.same_content import require_same_content
from mos_assets.features.shards import measurement_table, read_shard, write_shard
from mos_assets.features.shards_in_work import Shard, ShardsInWork
from mos_assets.features.shot_rows import (
    columns_of,
    measured_shot_row,
    missing_shot_row,
    normalised_shot_row,
    shot_row,
)
from mos_assets.features.task import ClipTask, content_key
from mos_assets.features.threads import one_core_each, single_threaded
from mos_assets.features.timeline import by_second, picture_figures
from mos_assets.media.scratch import sweep_scratch

__all__ = [
    "BLOCKS",
    "DECODE_CHECK_VERSION",
    "SCALING",
    "SHARD_SUFFIX",
    "SHOTS",
    "TABLE_ORIGIN",
    "ClipTask",
    "Column",
    "Columns",
    "CorpusFigures",
    "Decoded",
    "FeatureExtractor",
    "Found",
    "HeaderExtractor",
    "Journal",
    "Output",
    "PictureExtractor",
    "Shard",
    "ShardsInWork",
    "ShotFeatures",
    "Tap",
    "Tools",
    "alike",
    "assemble",
    "by_second",
    "clips_for_proof",
    "column_description",
    "column_notes",
    "columns_of",
    "compared_here",
    "compares",
    "content_key",
    "cut_pieces",
    "declared_columns",
    "declared_extractor",
    "ended_workers",
    "estimated_s",
    "expand_columns",
    "feature_blocks_id",
    "figure_notes",
    "fingerprint",
    "frames_seen",
    "header_extractors",
    "load_networks",
    "loaded_network",
    "measure_clip",
    "measure_clips",
    "measure_piece",
    "measured_shot_row",
    "measurement_table",
    "measuring",
    "missing_shot_row",
    "networks_folder",
    "networks_in",
    "normalised_shot_row",
    "one_core_each",
    "parse_blocks",
    "part_of_network",
    "picture_extractors",
    "picture_figures",
    "proofs",
    "read_shard",
    "recover_journals",
    "refuted",
    "require_blocks",
    "require_reference",
    "require_same_content",
    "required_parts",
    "samples_of",
    "shot_row",
    "single_threaded",
    "supplied_by_declared",
    "supplying",
    "sweep_scratch",
    "use_networks_folder",
    "write_shard",
]
