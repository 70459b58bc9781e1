"""Label files and clips → corpus rows; external tables by clip name.

The door of the room: nothing behind it is imported from elsewhere.
"""

from mos_assets.corpora.direction import measured_direction
from mos_assets.corpora.features import (
    join_table,
    label_columns,
    label_names,
    load_feature_tables,
    table_names,
)
from mos_assets.corpora.inspection import (
    Inspection,
    TableFacts,
    by_kind,
    inspect_corpus,
    name_notes,
)
from mos_assets.corpora.load import load_corpus
from mos_assets.corpora.manifest import has_manifest
from mos_assets.corpora.request import (
    BUILT_IN_CORPORA,
    CORPUS_TOML,
    DEMO,
    UNUSABLE_CLIP,
    CorpusRequest,
    ExternalShots,
    Known,
    NormalisedShots,
    ShotTable,
    WatchedFiles,
)
from mos_assets.corpora.shots import has_external_shots, join_shots, load_shot_tables
from mos_assets.records import KnownClip

__all__ = [
    "BUILT_IN_CORPORA",
    "CORPUS_TOML",
    "DEMO",
    "UNUSABLE_CLIP",
    "CorpusRequest",
    "ExternalShots",
    "Inspection",
    "Known",
    "KnownClip",
    "NormalisedShots",
    "ShotTable",
    "TableFacts",
    "WatchedFiles",
    "by_kind",
    "has_external_shots",
    "has_manifest",
    "inspect_corpus",
    "join_shots",
    "join_table",
    "label_columns",
    "label_names",
    "load_corpus",
    "load_feature_tables",
    "load_shot_tables",
    "measured_direction",
    "name_notes",
    "table_names",
]
