"""Names that come from the file system and may be no text."""

from __future__ import annotations


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8, as tables and logs do; `os` gives out others too."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
