"""Tables and columns of the store, in one place."""

from __future__ import annotations

import pyarrow as pa

from mos_assets.records.corpus_columns import CONTENT_FIELDS, PROBE_FIELDS
from mos_assets.store.column_types import FLAG as _FLAG
from mos_assets.store.column_types import REAL as _REAL
from mos_assets.store.column_types import TEXT as _TEXT
from mos_assets.store.column_types import TIME as _TIME
from mos_assets.store.column_types import WHOLE as _WHOLE
from mos_assets.store.rating_schema import RATERS as RATERS
from mos_assets.store.rating_schema import RATING_ESTIMATORS as RATING_ESTIMATORS
from mos_assets.store.rating_schema import RATING_SCHEMAS
from mos_assets.store.rating_schema import RATING_SESSIONS as RATING_SESSIONS
from mos_assets.store.rating_schema import SUSPICIOUS_RATINGS as SUSPICIOUS_RATINGS

SCHEMA_VERSION = 6
"""Raised, with a step in `migrations`, for what is more than an added table or column."""

RAW_CORPUS = "raw_corpus"
REJECTED_ROWS = "rejected_rows"
CORPORA = "corpora"
ENCODERS = "encoders"
ENCODER_SLOTS = "encoder_slots"
LABEL_FILES = "label_files"
LABEL_FINDINGS = "label_findings"
SEEN_FILES = "seen_files"
DOWNLOADS = "downloads"
CLIP_MEASUREMENTS = "clip_measurements"
MERGED_SHARDS = "merged_shards"
SETBACKS = "setbacks"
SHOT_METADATA = "shot_metadata"
EXTRACTED_FEATURES = "extracted_features"
FEATURE_COVERAGE = "feature_coverage"
DECLARED_FEATURES = "declared_features"
FOLDS = "folds"
FOLD_GROUPS = "fold_groups"
PROVENANCE = "stamps"
CANDIDATES = "candidates"
PREDICTIONS = "predictions"
GATE_REPORTS = "gate_reports"
GATE_FIGURES = "gate_figures"
FEATURE_LOSSES = "feature_losses"
TEST_FEATURES = "test_features"
BESIDE_COLUMNS = "beside_columns"
TRANSFER_PREDICTIONS = "transfer_predictions"
RESULTS = "results"
RELEASES = "releases"
INCOMING_CLIPS = "incoming_clips"
CLIP_SCORES = "clip_scores"
FEATURE_COMPARISONS = "feature_comparisons"
STEPS = "steps"


_INCOMING_FIELDS = [
    ("clip", _TEXT),
    *CONTENT_FIELDS,
    ("reference", _TEXT),
    ("reference_sha256", _TEXT),
]

WRITTEN = "written"
_WRITTEN = (WRITTEN, _WHOLE)
"""Place in the order in which the rows of a history were written: no clock says which is last."""

MEASUREMENT_KEY = [("content", _TEXT), ("part", _TEXT), ("fingerprint", _TEXT), ("reason", _TEXT)]
FEATURE_KEY = [
    ("clip_id", _TEXT),
    ("corpus", _TEXT),
    ("fingerprint", _TEXT),
    ("complete", _FLAG),
    ("reason", _TEXT),
]

SCHEMAS: dict[str, pa.Schema] = {
    RAW_CORPUS: pa.schema(
        [
            ("clip_id", _TEXT),
            ("corpus", _TEXT),
            ("corpus_version", _TEXT),
            ("part", _TEXT),
            ("clip_name", _TEXT),
            ("path", _TEXT),
            *CONTENT_FIELDS,
            *PROBE_FIELDS,
            ("mos", _REAL),
            ("mos_std", _REAL),
            ("n_ratings", _WHOLE),
            ("label_origin", _TEXT),
            ("content_group", _TEXT),
            ("reference_path", _TEXT),
            ("reference_sha256", _TEXT),
            ("session", _TEXT),
            ("mos_ci95", _REAL),
            ("ingested_at", _TIME),
        ]
    ),
    CORPORA: pa.schema(
        [
            ("corpus", _TEXT),
            ("version", _TEXT),
            ("licence", _TEXT),
            ("label_origin", _TEXT),
            ("namespace", _TEXT),
            ("estimator", _TEXT),
            ("scale_worst", _REAL),
            ("scale_best", _REAL),
            ("differences", _FLAG),
            ("held", _WHOLE),
            ("session_noise", _REAL),
            ("repeats", _WHOLE),
            ("repeat_correlation", _REAL),
        ]
    ),
    **RATING_SCHEMAS,
    ENCODERS: pa.schema([("corpus", _TEXT), ("encoder", _TEXT)]),
    ENCODER_SLOTS: pa.schema([("position", _WHOLE), ("encoder", _TEXT)]),
    LABEL_FILES: pa.schema(
        [("corpus", _TEXT), ("source", _TEXT), ("rows", _WHOLE), ("used", _WHOLE)]
    ),
    LABEL_FINDINGS: pa.schema(
        [
            ("corpus", _TEXT),
            ("severity", _TEXT),
            ("what", _TEXT),
            ("place", _TEXT),
            ("remedy", _TEXT),
            ("examples", _TEXT),
        ]
    ),
    REJECTED_ROWS: pa.schema(
        [
            ("corpus", _TEXT),
            ("source", _TEXT),
            ("line", _WHOLE),
            ("clip_name", _TEXT),
            ("reason", _TEXT),
        ]
    ),
    SEEN_FILES: pa.schema(
        [("corpus", _TEXT), ("path", _TEXT), *CONTENT_FIELDS, *PROBE_FIELDS, ("reason", _TEXT)]
    ),
    DOWNLOADS: pa.schema(
        [
            ("corpus", _TEXT),
            ("clip_name", _TEXT),
            ("url", _TEXT),
            ("state", _TEXT),
            ("permanent", _FLAG),
            ("reason", _TEXT),
            ("attempts", _WHOLE),
            ("size_bytes", _WHOLE),
            ("updated_at", _TIME),
        ]
    ),
    FEATURE_COMPARISONS: pa.schema(
        [
            ("corpora", _TEXT),
            ("made_of", _TEXT),
            ("comparison", _TEXT),
            ("compared_at", _TIME),
        ]
    ),
    MERGED_SHARDS: pa.schema([("name", _TEXT), ("sha256", _TEXT)]),
    SETBACKS: pa.schema(
        [("clip_id", _TEXT), *MEASUREMENT_KEY, ("attempts", _WHOLE), ("updated_at", _TIME)]
    ),
    SHOT_METADATA: pa.schema(
        [
            ("clip_id", _TEXT),
            ("corpus", _TEXT),
            ("shot_count", _WHOLE),
            ("mean_length_s", _REAL),
            ("length_std_s", _REAL),
            ("shot_count_norm", _REAL),
            ("shot_mean_len_norm", _REAL),
            ("shot_cut_density", _REAL),
            ("source", _TEXT),
            ("fingerprint", _TEXT),
            ("reason", _TEXT),
        ]
    ),
    FEATURE_COVERAGE: pa.schema(
        [
            ("feature", _TEXT),
            ("present", _WHOLE),
            ("missing", _WHOLE),
            ("mean", _REAL),
            ("std", _REAL),
        ]
    ),
    DECLARED_FEATURES: pa.schema(
        [
            ("corpus", _TEXT),
            ("table_name", _TEXT),
            ("used", _FLAG),
            ("extractor", _TEXT),
            ("reference", _TEXT),
            ("scaling", _TEXT),
            ("version", _TEXT),
            ("status", _TEXT),
            ("reason", _TEXT),
            ("feature", _TEXT),
            ("clips", _WHOLE),
            ("r", _REAL),
            ("mean_difference", _REAL),
            ("least_r", _REAL),
            ("most_difference", _REAL),
        ]
    ),
    FOLDS: pa.schema(
        [("clip_id", _TEXT), ("corpus", _TEXT), ("content_group", _TEXT), ("fold", _WHOLE)]
    ),
    FOLD_GROUPS: pa.schema(
        [("scope", _TEXT), ("n_folds", _WHOLE), ("content_group", _TEXT), ("fold", _WHOLE)]
    ),
    PROVENANCE: pa.schema([("made", _TEXT), ("under", _TEXT), ("sha256", _TEXT)]),
    CANDIDATES: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("head_id", _TEXT),
            ("created_at", _TIME),
            ("folder", _TEXT),
            ("sha256", _TEXT),
            _WRITTEN,
        ]
    ),
    PREDICTIONS: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("clip_id", _TEXT),
            ("seed", _WHOLE),
            ("fold", _WHOLE),
            ("mos", _REAL),
            ("predicted", _REAL),
        ]
    ),
    FEATURE_LOSSES: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("seed", _WHOLE),
            ("fold", _WHOLE),
            ("features", pa.list_(_TEXT)),
            ("plcc_lost", _REAL),
        ]
    ),
    BESIDE_COLUMNS: pa.schema(
        [("clip_id", _TEXT), ("corpus", _TEXT), ("kind", _TEXT), ("name", _TEXT), ("value", _REAL)]
    ),
    TRANSFER_PREDICTIONS: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("corpus", _TEXT),
            ("clip_id", _TEXT),
            ("seed", _WHOLE),
            ("fold", _WHOLE),
            ("predicted", _REAL),
        ]
    ),
    RESULTS: pa.schema(
        [("candidate_id", _TEXT), ("made", _TEXT), ("inputs", _TEXT), ("outcome", _TEXT)]
    ),
    STEPS: pa.schema([("made", _TEXT), ("inputs", _TEXT), ("outcome", _TEXT), ("told", _TEXT)]),
    RELEASES: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("head_id", _TEXT),
            ("decided_at", _TIME),
            ("status", _TEXT),
            ("label_origin", _TEXT),
            ("released", _FLAG),
            ("reason", _TEXT),
            ("head_in_place", _TEXT),
            ("comparison", _TEXT),
            _WRITTEN,
        ]
    ),
    GATE_FIGURES: pa.schema([("candidate_id", _TEXT), ("name", _TEXT), ("value", _REAL)]),
    GATE_REPORTS: pa.schema(
        [
            ("candidate_id", _TEXT),
            ("head_id", _TEXT),
            ("judged_at", _TIME),
            ("corpora", _TEXT),
            ("label_origin", _TEXT),
            ("n_clips", _WHOLE),
            ("status", _TEXT),
            ("folder", _TEXT),
            _WRITTEN,
        ]
    ),
    INCOMING_CLIPS: pa.schema(
        [
            *_INCOMING_FIELDS,
            ("reference_stamp", _TEXT),
            ("reason", _TEXT),
            ("arrived_at", _TIME),
        ]
    ),
    CLIP_SCORES: pa.schema(
        [
            *_INCOMING_FIELDS,
            ("head_id", _TEXT),
            ("candidate_id", _TEXT),
            ("status", _TEXT),
            ("mos", _REAL),
            ("low", _REAL),
            ("high", _REAL),
            ("level", _REAL),
            ("comparable", _FLAG),
            ("applicability", _TEXT),
            ("reason", _TEXT),
            ("again", _FLAG),
            ("arrived_at", _TIME),
            ("scored_at", _TIME),
        ]
    ),
}
"""Tables whose columns are these and no others."""

OPEN_TABLES = {
    CLIP_MEASUREMENTS: MEASUREMENT_KEY,
    EXTRACTED_FEATURES: FEATURE_KEY,
    TEST_FEATURES: FEATURE_KEY,
}
"""Tables that have one column a feature behind these."""
FIXED_COLUMNS: dict[str, pa.Schema] = {
    **SCHEMAS,
    **{name: pa.schema(key) for name, key in OPEN_TABLES.items()},
}
"""Every table, with the columns that it has whatever the features are."""

DUCKDB_TYPES = {
    _TEXT: "VARCHAR",
    _REAL: "DOUBLE",
    _WHOLE: "BIGINT",
    _FLAG: "BOOLEAN",
    _TIME: "TIMESTAMPTZ",
    pa.list_(_TEXT): "VARCHAR[]",
}


def duckdb_columns(schema: pa.Schema) -> str:
    """The column list of a CREATE TABLE for this schema."""
    return ", ".join(f"{quote(field.name)} {DUCKDB_TYPES[field.type]}" for field in schema)


def told_columns(history: str) -> pa.Schema:
    """The columns of a history that its rows say; their order is the store's to know."""
    schema = SCHEMAS[history]
    return schema.remove(schema.get_field_index(WRITTEN))


def with_figures(key: list[tuple[str, pa.DataType]], figures: list[str]) -> pa.Schema:
    """A schema of key columns followed by one nullable number a figure."""
    return pa.schema([*key, *((name, _REAL) for name in figures)])


def quote(identifier: str) -> str:
    """An SQL identifier: feature names come from strangers' tables and may hold anything."""
    return '"' + identifier.replace('"', '""') + '"'
