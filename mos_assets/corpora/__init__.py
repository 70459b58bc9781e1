"""Label files and clips → corpus rows; external tables by clip name; the demo corpus.

The door of the room: nothing behind it is imported from elsewhere.
"""

from mos_assets.corpora.features import join_table, load_feature_tables, table_names
from mos_assets.corpora.load import load_corpus
from mos_assets.corpora.names import NameMatch, match_names
from mos_assets.corpora.request import (
    BUILT_IN_CORPORA,
    UNUSABLE_CLIP,
    CorpusRequest,
    ExternalShots,
    Known,
    NormalisedShots,
    ShotTable,
    WatchedFiles,
)
from mos_assets.corpora.shots import has_external_shots, load_shot_tables
from mos_assets.corpora.watch import watched_files
from mos_assets.records import KnownClip

__all__ = [
    "BUILT_IN_CORPORA",
    "UNUSABLE_CLIP",
    "CorpusRequest",
    "ExternalShots",
    "Known",
    "KnownClip",
    "NameMatch",
    "NormalisedShots",
    "ShotTable",
    "WatchedFiles",
    "has_external_shots",
    "join_table",
    "load_corpus",
    "load_feature_tables",
    "load_shot_tables",
    "match_names",
    "table_names",
    "watched_files",
]
