"""Whether a program that failed met a failure of the machine: out of memory, of descriptors, ...

The machine is asked itself where it can be. Words are a hint only: libav says "Input/output
error" of broken data, "Cannot allocate memory" of a size that no picture has, and of a full
disk it may say nothing at all.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import resource
import signal
import tempfile
from pathlib import Path
from typing import NoReturn

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError, ToolError
from mos_assets.processes.child import CPU_PER_SECOND, CRASHES, LARGEST_FILE_BYTES, Ran

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The disk took no more."""
MACHINE = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOBUFS, errno.EROFS, errno.ESTALE}
    | {errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT, errno.ENOTCONN, errno.EBUSY}
)
"""What no clip's bytes can cause."""
DOUBTFUL = frozenset({errno.EIO, errno.ENOMEM, errno.EACCES, errno.ENOENT, errno.EFBIG})
"""What the machine or the clip's bytes may cause."""
_STOPPED = 255
"""What ffmpeg ends with on INT, TERM and XCPU, without a word."""
_SHELL = 128
"""What a shell adds to the signal by which its program ended."""
_FROM_OUTSIDE = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL})
_HARD_STOPPED = 123
"""The same, after several of them."""
_OTHER_WORDS = {
    "Out of memory": errno.ENOMEM,
    "I/O error": errno.EIO,
    "No file descriptors available": errno.EMFILE,
    "std::bad_alloc": errno.ENOMEM,
}
"""As musl and C++ say it; the rest as this system's library does."""
_WORDS = {os.strerror(code): code for code in FULL | MACHINE | DOUBTFUL} | _OTHER_WORDS
_ENDING = re.compile("|".join(rf"\b{re.escape(words)}\W*$" for words in _WORDS), re.MULTILINE)
_TRIAL_BYTES = 1 << 16


def machine_errno(run: Ran) -> int | None:
    """The first error number of the machine's that a program names, in its code or its words."""
    code = 256 - run.returncode
    if code in FULL | MACHINE | DOUBTFUL:
        return code
    found = _ENDING.search(run.stderr.decode("utf-8", "replace"))
    if found is None:
        return None
    return next(number for words, number in _WORDS.items() if words in found[0])


def raise_for_machine(
    run: Ran, memory_bytes: int | None, seconds: float | None, *, said: str
) -> None:
    """Return where the program's end tells of its input alone.

    `memory_bytes` and `seconds` are the bounds it ran under, `said` is what it complained of.
    Raises MachineError where the machine failed, ToolError where its disk is full, ClipError where
    a bound of ours was met, and DoubtfulClipError where another try has to tell.
    """
    if run.returncode < 0:
        _raise_for_signal(signal.Signals(-run.returncode), memory_bytes)
    if run.returncode - _SHELL in _FROM_OUTSIDE:
        # A shell that had started it says so.
        raise MachineError("ffmpeg was told to end by a signal from outside")
    if run.returncode in (_STOPPED, _HARD_STOPPED) and os.strerror(errno.EPERM) not in said:
        if seconds is not None and (run.cpu_s or 0.0) >= int(seconds * CPU_PER_SECOND):
            raise ClipError(f"it takes more than {seconds * CPU_PER_SECOND:.0f} s of CPU time")
        raise MachineError("ffmpeg was told to end by a signal from outside")
    number = machine_errno(run)
    if number is None:
        return
    words = os.strerror(number)
    if number in FULL:
        raise ToolError(f"There is no room for what ffmpeg writes ({words}): {room_remedy()}")
    if number in MACHINE:
        raise MachineError(f"ffmpeg could not get what it needs of the machine: {words}")
    if number == errno.ENOMEM and memory_bytes is not None:
        require_memory(memory_bytes)
        raise DoubtfulClipError(f"it takes more than {memory_bytes >> 20} MB of memory")
    if number == errno.EFBIG:
        _raise_for_size()
    if run.returncode != 0:
        raise DoubtfulClipError(f"ffmpeg stopped: {words}")


def require_memory(memory_bytes: int) -> None:
    """Raise MachineError where the machine has not as much as a program may take."""
    hardest = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hardest != resource.RLIM_INFINITY and hardest < memory_bytes:
        raise MachineError(
            f"out of memory: this process is limited to {hardest >> 20} MB (ulimit -v)"
        )
    try:
        # Address space that is never touched: what the kernel would grant, at no cost.
        mmap.mmap(-1, memory_bytes).close()
    except (OSError, MemoryError) as error:
        raise MachineError(
            f"out of memory: the machine cannot give {memory_bytes >> 20} MB now"
        ) from error


def require_room(folder: Path) -> None:
    """Write a little and take it away; ToolError where the disk is full, MachineError else."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(_TRIAL_BYTES))
    except OSError as error:
        if error.errno in FULL:
            raise ToolError(
                f"There is no space left in {folder} ({error.strerror}): {room_remedy()}"
            ) from error
        raise MachineError(f"{folder} cannot be written ({error.strerror})") from error


def room_remedy() -> str:
    """What to do where scratch files find no room."""
    return "free some, or set TMPDIR to a folder on another disk, and run again."


def _raise_for_signal(number: signal.Signals, memory_bytes: int | None) -> None:
    if number == signal.SIGXCPU:
        raise ClipError("it takes more CPU time than a clip may")
    if number == signal.SIGXFSZ:
        _raise_for_size()
    if number not in CRASHES:
        why = " (as where memory runs out)" if number == signal.SIGKILL else ""
        raise MachineError(f"ffmpeg was ended by {number.name} from outside{why}")
    if memory_bytes is not None:
        require_memory(memory_bytes)
    raise DoubtfulClipError(f"ffmpeg crashes over it ({number.name})")


def _raise_for_size() -> NoReturn:
    hardest = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    if hardest != resource.RLIM_INFINITY and hardest < LARGEST_FILE_BYTES:
        raise MachineError(f"files are limited to {hardest} bytes here (ulimit -f)")
    raise ClipError(f"what it decodes to takes more than {LARGEST_FILE_BYTES} bytes in one file")
