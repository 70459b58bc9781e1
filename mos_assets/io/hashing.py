"""sha256 of bytes and of files, in hexadecimal: the name of everything that is known by content."""

from __future__ import annotations

import hashlib
from pathlib import Path


def hash_bytes(content: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def hash_text(text: str) -> str:
    """Of the text in UTF-8."""
    return hash_bytes(text.encode())


def hash_file(path: Path) -> str:
    """Of the bytes of one file, which is never held in memory. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
