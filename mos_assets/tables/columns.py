"""Headers, and the names under which strangers keep what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import CorpusError
from mos_assets.tables.limits import shown

CLIP_ALIASES = ("file_name", "video_name", "filename", "name", "flickr_id", "id")
"""Of KonViD's label files, in priority order."""
URL_ALIASES = ("url", "download_url", "flickr_url", "video_url")
TABLE_CLIP_ALIASES = ("clip_name", "clip_id", *CLIP_ALIASES)
"""Of external feature and shot tables."""
MOS_ALIASES = ("MOS", "mos")
MOS_SCORE_FILE_ALIASES = ("mos", "video_score", "MOS")
STD_ALIASES = ("SD", "sd", "mos_std", "mos_std_dev", "SD_MOS")
COUNT_ALIASES = ("n", "ratings", "num_ratings", "n_ratings")
VOTE_ALIASES = ("vote", "rating", "score", "video_score", "mos")


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of one table, and how names find their columns in it."""

    names: tuple[str, ...]

    def find(self, aliases: Sequence[str]) -> tuple[int, ...]:
        """Columns that an alias names, in alias order; exact spelling before another case."""
        found: list[int] = []
        for alias in aliases:
            exact = [i for i, name in enumerate(self.names) if name == alias]
            other = [i for i, name in enumerate(self.names) if name.casefold() == alias.casefold()]
            found += exact + other
        return tuple(dict.fromkeys(found))

    def require(self, aliases: Sequence[str], what: str, file: Path) -> tuple[int, ...]:
        """As `find`. Raises CorpusError naming the file, its header and what is accepted."""
        found = self.find(aliases)
        if not found:
            raise CorpusError(
                f"{file} has no column for the {what}. Its header is: "
                f"{shown(', '.join(self.names))}. "
                f"Accepted (in any case): {', '.join(dict.fromkeys(a.lower() for a in aliases))}."
            )
        return found
