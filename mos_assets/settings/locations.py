"""Where a folder lies: a local path, or a file:// URL.

Settings that name a folder are of the type `Location`. A scheme more is a row more in `_OPENERS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import AfterValidator

ACCEPTED = "a local path or a file:// URL"


def local_folder(location: str) -> Path:
    """The folder of this location, absolute.

    What stands before the first slash and ends with a colon is a scheme or a host, such as `s3:`,
    `simplecache::s3:` and `me@host:`; one letter and a colon are a folder. `./s3:/x` is a local
    path. Raises ValueError saying what is accepted.
    """
    if not location.strip() or "\0" in location:
        raise ValueError(f"must be {ACCEPTED}")
    url = location.strip()
    scheme = url.partition(":")[0].lower()
    if url != scheme and scheme in _OPENERS:
        return _OPENERS[scheme](url)
    head = url.partition("/")[0]
    if len(head) > 2 and head.endswith(":"):
        raise ValueError(f"must be {ACCEPTED}; {head.removesuffix(':')!r} is neither")
    return Path(location).absolute()


def _of_file_url(url: str) -> Path:
    """RFC 8089: percent-encoded, absolute, of this machine."""
    rest = url.partition(":")[2]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path if host.lower() in ("", "localhost") else ""
    path = os.fsdecode(unquote_to_bytes(rest.encode("utf-8", "surrogateescape")))
    if not rest.startswith("/") or set("?#") & set(rest) or "\0" in path:
        raise ValueError(
            f"must be {ACCEPTED}; such a URL is file:///folder, with no host, ? or # in it"
        )
    return Path(path).absolute()


_OPENERS: Mapping[str, Callable[[str], Path]] = {"file": _of_file_url}


def _usable(location: str) -> str:
    local_folder(location)
    return location


Location = Annotated[str, AfterValidator(_usable)]
"""As it was given: a relative one is of the folder where it is opened."""
OptionalLocation = Annotated[
    str, AfterValidator(lambda location: _usable(location) if location else location)
]
"""As Location, or empty: there is none."""
