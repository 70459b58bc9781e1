"""Tables of how ratings came about, a part of `schema`."""

from __future__ import annotations

import pyarrow as pa

from mos_assets.store.column_types import FLAG, REAL, TEXT, WHOLE

RATING_SESSIONS = "rating_sessions"
RATERS = "raters"
RATING_ESTIMATORS = "rating_estimators"
SUSPICIOUS_RATINGS = "suspicious_ratings"

RATING_SCHEMAS: dict[str, pa.Schema] = {
    RATING_SESSIONS: pa.schema(
        [
            ("corpus", TEXT),
            ("session", TEXT),
            ("clips", WHOLE),
            ("raters", WHOLE),
            ("votes", WHOLE),
            ("map_slope", REAL),
            ("map_offset", REAL),
            ("aligned", TEXT),
            ("common", WHOLE),
            ("rmse_before", REAL),
            ("rmse_after", REAL),
            ("apart", TEXT),
            ("estimator", TEXT),
            ("way", TEXT),
            ("ceiling", REAL),
        ]
    ),
    RATERS: pa.schema(
        [
            ("corpus", TEXT),
            ("session", TEXT),
            ("rater", TEXT),
            ("n", WHOLE),
            ("bias", REAL),
            ("inconsistency", REAL),
            ("agreement", REAL),
            ("rejected", FLAG),
            ("against", FLAG),
        ]
    ),
    RATING_ESTIMATORS: pa.schema(
        [
            ("corpus", TEXT),
            ("estimator", TEXT),
            ("largest_move", REAL),
            ("interval_ratio", REAL),
            ("rejected", pa.list_(TEXT)),
            ("against", pa.list_(TEXT)),
        ]
    ),
    SUSPICIOUS_RATINGS: pa.schema(
        [
            ("corpus", TEXT),
            ("clip", TEXT),
            ("kind", TEXT),
            ("what", TEXT),
            ("figure", REAL),
            ("candidate_id", TEXT),
        ]
    ),
}
