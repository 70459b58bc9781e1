"""Reading TOML of strangers within bounds, and saying what is wrong with one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from mos_assets.io.reading import TooLargeError, read_within, require_plain

LARGEST_TOML_BYTES = 64 << 10
LONGEST_TOML_LINE = 4 << 10
"""Characters: the time that a key of many dots takes grows with its square, 36 s at 64 KB."""


def read_bounded_toml(path: Path) -> dict[str, Any]:
    """What stands in it.

    Raises OSError and TooLargeError where it cannot be read, UnicodeDecodeError where it is not
    UTF-8, and any other ValueError where it is no TOML: the text is why.
    """
    require_plain(path)
    text = read_within(path, LARGEST_TOML_BYTES).decode("utf-8-sig")
    if max(map(len, text.split("\n"))) > LONGEST_TOML_LINE:
        raise ValueError(f"a line has more than {LONGEST_TOML_LINE} characters")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def toml_error_in_words(error: OSError | ValueError) -> str:
    """What a message says after the name of a TOML that was not read: why, and what to do."""
    if isinstance(error, TooLargeError):
        return f"{error}. It should be a few lines."
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}. Mend that."
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8. Save it as UTF-8."
    return f"is not TOML: {error}. Correct it."
