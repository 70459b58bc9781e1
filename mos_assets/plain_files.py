"""Opening files that may be no files: a pipe in place of one must not hold a run up for ever."""

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


def read_plain(path: Path) -> bytes:
    """The bytes of a regular file. Raises NotAFileError at once where it is none, and OSError."""
    with _opened(path, os.O_RDONLY, "rb") as file:
        content: bytes = file.read()
        return content


def open_lock(path: Path) -> IO[bytes]:
    """A regular file to be locked, made where it is missing; its bytes are anybody's.

    Raises NotAFileError at once where something else has the name, and OSError.
    """
    return _opened(path, os.O_RDWR | os.O_CREAT, "r+b")


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


def _opened(path: Path, flags: int, mode: str) -> IO[bytes]:
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
