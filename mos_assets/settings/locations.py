"""Where a folder lies: a local path, a file:// URL, or for some of them a place of objects.

Settings that name a folder are of the type `Location`, those that may name a bucket of the type
`SharedLocation`. A scheme more is a row more in `_OPENERS` or `REMOTE_SCHEMES`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import AfterValidator

ACCEPTED = "a local path or a file:// URL"
REMOTE_SCHEMES = ("s3", "memory")
"""Of places that hold objects; `objects/backends.py` says what each can do."""
SHARED = "a local path, a file:// URL or s3://bucket/prefix"
_SECRET = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"^(?!\s*file:)(.*://[^?\s]*)[?#].*", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where a store lies."""

    folder: Path
    """On this machine: the store itself, or what this machine works on of one that lies
    elsewhere."""
    url: str = ""
    """Where it lies; empty: in the folder."""

    def __str__(self) -> str:
        return self.url or str(self.folder)


def shown(value: object) -> object:
    """The value as a message may have it: of a URL without what may be a secret."""
    if not isinstance(value, str):
        return value
    return _QUERY.sub(r"\1?…", _SECRET.sub("…@", value))


def remote_url(location: str) -> str:
    """The URL of a place of objects, without a slash at its end; empty where it is a folder.

    Raises ValueError where it names no bucket, or holds more than bucket and prefix: credentials
    come from the environment, never from a URL.
    """
    url = location.strip()
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in REMOTE_SCHEMES:
        return ""
    if "@" in rest.partition("/")[0] or set("?#") & set(rest):
        raise ValueError(
            f"must be {scheme}://bucket/prefix and nothing else; credentials are taken from the "
            "environment (AWS_ACCESS_KEY_ID, AWS_PROFILE) or fsspec's configuration"
        )
    bucket, *folders = rest.rstrip("/").split("/")
    odd = not rest.isprintable() or any(name in ("", ".", "..") for name in folders)
    if odd or not _BUCKET.fullmatch(bucket):
        raise ValueError(f"must be {scheme}://bucket/prefix, of a bucket and folders with a name")
    return f"{scheme}://{'/'.join((bucket, *folders))}"


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
    if url != scheme and scheme in REMOTE_SCHEMES and "://" not in url:
        raise ValueError(f"must be {ACCEPTED}; a bucket is {scheme}://bucket/prefix")
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


def _usable_or_remote(location: str) -> str:
    if remote_url(location):
        return location
    try:
        return _usable(location)
    except ValueError as error:
        raise ValueError(str(error).replace(ACCEPTED, SHARED)) from None


SharedLocation = Annotated[str, AfterValidator(_usable_or_remote)]
"""As Location, or the URL of a place of objects that several machines reach."""
Location = Annotated[str, AfterValidator(_usable)]
"""As it was given: a relative one is of the folder where it is opened."""
OptionalLocation = Annotated[
    str, AfterValidator(lambda location: _usable(location) if location else location)
]
"""As Location, or empty: there is none."""
