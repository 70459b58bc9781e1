"""Label files and clips → corpus rows; external tables by clip name.

The door of the room. `watching` and `downloads`, which ask what lies on the disk, go further in.
"""

from mos_assets.corpora.beside import foreign_metrics, table_columns
from mos_assets.corpora.declared import declarations
from mos_assets.corpora.direction import measured_direction
from mos_assets.corpora.features import (
    join_table,
    label_columns,
    label_names,
    load_feature_tables,
    table_files,
    table_names,
)
from mos_assets.corpora.inspection import (
    Inspection,
    TableFacts,
    by_kind,
    inspect_corpus,
    name_notes,
)
from mos_assets.corpora.labels import printable
from mos_assets.corpora.layouts import (
    has_manifest,
    head_family,
    head_name,
    is_test_part,
    is_whole,
    manifest_places,
)
from mos_assets.corpora.load import load_corpus
from mos_assets.corpora.names import stem
from mos_assets.corpora.request import (
    CORPUS_TOML,
    UNUSABLE_CLIP,
    CorpusRequest,
    ExternalShots,
    ShotTable,
    WatchedFiles,
)
from mos_assets.corpora.shots import has_external_shots, join_shots, load_shot_tables
from mos_assets.corpora.voting.page import votes_of_folder, votes_page

__all__ = [
    "CORPUS_TOML",
    "UNUSABLE_CLIP",
    "CorpusRequest",
    "ExternalShots",
    "Inspection",
    "ShotTable",
    "TableFacts",
    "WatchedFiles",
    "by_kind",
    "declarations",
    "foreign_metrics",
    "has_external_shots",
    "has_manifest",
    "head_family",
    "head_name",
    "inspect_corpus",
    "is_test_part",
    "is_whole",
    "join_shots",
    "join_table",
    "label_columns",
    "label_names",
    "load_corpus",
    "load_feature_tables",
    "load_shot_tables",
    "manifest_places",
    "measured_direction",
    "name_notes",
    "printable",
    "stem",
    "table_columns",
    "table_files",
    "table_names",
    "votes_of_folder",
    "votes_page",
]
