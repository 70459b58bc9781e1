"""Files of strangers: no more is read than is allowed, and nothing that is no file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mos_assets.io.hashing import hash_bytes, hash_file, hash_text
from mos_assets.io.reading import (
    NotAFileError,
    TooLargeError,
    read_plain,
    read_within,
    require_plain,
)


@pytest.mark.parametrize(("size", "limit"), [(0, 0), (1, 1), (70_000, 70_000), (10, 70_000)])
def test_what_fits_is_read_and_hashed(tmp_path: Path, size: int, limit: int) -> None:
    path, content = tmp_path / "a", os.urandom(size)
    path.write_bytes(content)
    assert read_within(path, limit) == read_plain(path) == content
    assert hash_file(path) == hash_bytes(content)
    require_plain(path)


def test_text_is_hashed_as_utf8() -> None:
    assert hash_text("é") == hash_bytes(b"\xc3\xa9")


@pytest.mark.parametrize("path", [Path("/dev/zero"), None], ids=["endless", "one byte more"])
def test_what_is_larger_is_refused(tmp_path: Path, path: Path | None) -> None:
    if path is None:
        path = tmp_path / "a"
        path.write_bytes(bytes(11))
    with pytest.raises(TooLargeError, match="more than 10"):
        read_within(path, 10)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (os.mkfifo, "a pipe"),
        (os.mkdir, "a folder"),
        (lambda path: path.symlink_to(path), "a loop of links"),
        (lambda path: path.symlink_to("/dev/null"), "a device"),
    ],
    ids=["pipe", "folder", "loop", "device"],
)
def test_what_is_no_file_is_named(tmp_path: Path, make: Callable[[Path], None], named: str) -> None:
    path = tmp_path / "a"
    make(path)
    for read in (read_plain, require_plain):
        with pytest.raises(NotAFileError, match=named):
            read(path)
