"""Reading a file that may be larger than anything this package needs, or grow while it is read."""

from __future__ import annotations

import os
from pathlib import Path


class TooLargeError(ValueError):
    """The file has more bytes than were allowed; the text says how many, as the end of a clause."""


def read_within(path: Path, limit: int) -> bytes:
    """The bytes of a file of at most `limit` bytes.

    Raises TooLargeError, before it is read where it says its size, and OSError as `read_bytes`.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise TooLargeError(f"has {size} bytes, more than {limit}")
        # One byte more than it has: it may be growing, and a device has no size.
        content = file.read(size + 1)
        while len(content) > size:
            if len(content) > limit:
                raise TooLargeError(f"has more than {limit} bytes")
            size = len(content)
            content += file.read(min(limit, size) + 1)
    return content
