"""Reading files of strangers: one may be a pipe, larger than anything needed, or still growing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""What a file or folder says that this user may only read."""
MACHINE_FAILED = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EAGAIN}
    | {errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENOBUFS}
)
"""What the machine says that could not give a file just now; the file itself may be whole."""


class NotAFileError(OSError):
    """What has the name is a pipe, a folder, a device, a socket or a loop of links."""


class TooLargeError(ValueError):
    """The file has more bytes than were allowed; the text says how many, as the end of a clause."""


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file. Raises NotAFileError at once where it is none, and OSError."""
    with open_plain(path, os.O_RDONLY, "rb") as file:
        content: bytes = file.read()
        return content


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


def require_plain(path: Path) -> None:
    """Raise NotAFileError where something is there that is no regular file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_file(path, "a loop of links") from None
        raise
    _require_regular(path, mode)


def open_plain(path: Path, flags: int, mode: str) -> IO[bytes]:
    """A regular file, opened with these flags of os.open.

    Raises NotAFileError at once where something else has the name, and OSError.
    """
    try:
        # Without O_NONBLOCK a pipe is opened only when somebody holds its other end.
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        kinds = {errno.ELOOP: "a loop of links", errno.EISDIR: "a folder", errno.ENXIO: "a socket"}
        if error.errno in kinds:
            raise _not_a_file(path, kinds[error.errno]) from None
        raise
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, mode)


def _require_regular(path: Path, mode: int) -> None:
    kinds = {
        stat.S_IFIFO: "a pipe",
        stat.S_IFDIR: "a folder",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, kinds.get(stat.S_IFMT(mode), "something else"))


def _not_a_file(path: Path, kind: str) -> NotAFileError:
    return NotAFileError(errno.EINVAL, f"is {kind} and no file", str(path))
