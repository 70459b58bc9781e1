"""Bounds of what is read of files that strangers write, each once.

They lie far above what published data sets have. What is beyond ends in one message, before
memory is spent on it.
"""

from __future__ import annotations

LARGEST_TEXT_BYTES = 128 << 20
"""Of a file of text. KonViD-150k's 769,200 votes have 27 MB."""
LARGEST_CELLS = 1 << 23
"""Cells of a table of text, which cost some 60 bytes each; 153,841 clips with 39 features have 6
million. Larger tables of features are better kept as Parquet."""
MOST_ROWS = 1 << 20
"""Rows of a table of text, which take some ten seconds; KonViD-150k has 769,200 votes."""
LONGEST_LINE = 1 << 20
"""Bytes of one line of text; 848 features have 20,000."""
MOST_COLUMNS = 1 << 14
"""Columns of any table; the widest sets of features have some thousands."""
LARGEST_PARQUET_CELLS = 1 << 28
"""Cells of a Parquet table, 8 bytes each; 153,841 clips with 848 features have 130 million."""
LARGEST_PARQUET_TEXT = 256 << 20
"""Bytes of one column of text in a Parquet file, uncompressed."""
MOST_WILD_PARTS = 4
"""Parts of a path pattern that hold a wildcard: each may multiply what has to be looked at."""
SHOWN = 200
"""Characters of a header or cell that a message shows."""


def shown(text: str) -> str:
    """A text that a stranger wrote, short enough for a message."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
