"""What the two KonViD corpora have in common."""

from __future__ import annotations

from mos_assets.corpora.request import CorpusRequest
from mos_assets.errors import CorpusError

KONVID_1K, KONVID_150K = "konvid-1k", "konvid-150k"
FAMILY = "konvid"
LICENCE = "research data: no clip, label or feature may be passed on"
PARTS = ("a", "b")
"""Of KonViD-150k; its authors train on a and test on b."""


def require_floor(request: CorpusRequest, rows: int) -> None:
    """Raise CorpusError for label files too short to be those of KonViD-150k."""
    if rows < request.min_rows_150k:
        raise CorpusError(
            f"{request.folder} holds {rows} label rows; {KONVID_150K} has at least "
            f"{request.min_rows_150k}. If this is KonViD-1k, put it into a folder {KONVID_1K} and "
            f"set MOS_CORPUS={KONVID_1K}; if files are missing, fetch them; for a subset, set "
            "MOS_KONVID_150K_FLOOR."
        )
