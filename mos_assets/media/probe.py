"""Probing a file: what its header and packets say.

Headers are read by a child process (`header.py`), which is kept for the next clip and ends
with this process. A clip that crashes it or hangs it cannot be read, and harms nothing else.
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from mos_assets.errors import ClipError, MachineError, ToolError
from mos_assets.io.hashing import hash_file as hash_file  # Scripts know it by this place.
from mos_assets.media.blame import require_memory
from mos_assets.media.header import reading_s
from mos_assets.processes.alive import cpu_seconds
from mos_assets.processes.child import CRASHES, ResourceLimits, limit_resources
from mos_assets.records import Probe

PROBE_VERSION = "4"
"""Raised whenever the same file would give another Probe, or would be refused or not otherwise."""
PROBE_LIMIT_S = 60.0
"""Seconds, beyond those that reading the file takes, after which it is given up."""
PROBE_MEMORY_BYTES = 3 << 30
"""Address space of the program that reads headers."""
START_LIMIT_S = 120.0
"""Seconds that the program may take to start."""

OWN_SHARE = 0.9
"""Share of that time which the program has to have spent computing for the file to be at fault."""
_END_S = 5.0
"""Seconds in which a program that has closed its output ends."""

_READER = (sys.executable, "-P", "-m", "mos_assets.media.header", f"{PROBE_LIMIT_S + 10}")
"""-P: modules are not looked for in the working folder, which may hold anything."""
_AHEAD = 6
"""Files that a program is asked about at once; their paths, 8 kB at most, fit into a pipe."""
_TRIES = 2
"""A program that was killed for other reasons is started again before a clip is blamed."""


def probe(path: Path, *, limit_s: float = PROBE_LIMIT_S) -> Probe:
    """What a file holds of the stream that a player shows; no more is decoded than that needs.

    Raises ClipError with the reason where there is no usable video stream, or where it claims a
    picture size, shape or rate beyond the bounds. Raises OSError where the file cannot be
    opened, where the machine has no memory for it, and where the program that reads is killed or
    waits too long: the next try may go better. A file that makes it crash or compute too long is
    a ClipError. Raises ToolError where that program does not start.
    """
    (found,) = probe_each([path], limit_s=limit_s)
    if isinstance(found, Probe):
        return found
    raise found


def probe_each(
    paths: Sequence[Path], *, limit_s: float = PROBE_LIMIT_S
) -> Iterator[Probe | ClipError | OSError]:
    """As `probe`, file by file in this order, with its error in the place of what has none.

    The program that reads is asked some files ahead, so that neither side waits for the other
    to wake up; it goes on reading while the caller is busy with an answer.
    """
    done = tries = 0
    while done < len(paths):
        reader = _readers.take()
        try:
            for found in reader.ask(paths[done:], limit_s):
                done, tries = done + 1, 0
                yield found
            continue
        except _EndedError:
            tries += 1
            if tries < _TRIES:
                continue
            flaw = reader.blame()
        except TimeoutError as error:
            flaw = _unread(f"reading its header took longer than {limit_s:.0f} s")
            if isinstance(error, _BusyError):
                flaw = ClipError(
                    f"reading its header takes more than {limit_s:.0f} s ({error} s of computing)"
                )
        finally:
            # Where an answer is due, it must not meet the next question.
            if done == len(paths):
                _readers.give_back(reader)
            else:
                reader.end()
        done, tries = done + 1, 0
        yield flaw


def probe_version() -> str:
    """What a Probe depends on besides the file: this code, and the library that reads."""
    return f"{PROBE_VERSION}-av{metadata.version('av')}"


def _too_much_memory() -> ClipError | OSError:
    """The clip's fault where the machine has as much as reading a header may take."""
    try:
        require_memory(PROBE_MEMORY_BYTES)
    except MachineError as error:
        return OSError(errno.ENOMEM, str(error))
    return ClipError(
        f"reading its header needs more than the {PROBE_MEMORY_BYTES >> 20} MB that it may take"
    )


def _unread(why: str) -> OSError:
    return OSError(errno.EIO, why)


class _EndedError(Exception):
    """The program that reads headers has ended before it answered."""


class _BusyError(TimeoutError):
    """Time ran out, and the program that reads headers had spent it computing."""


class _Reader:
    """One running program that reads headers."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process = subprocess.Popen(
            _READER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        limit_resources(self._process.pid, ResourceLimits(memory_bytes=PROBE_MEMORY_BYTES))
        self._said = b""
        self._selector = selectors.DefaultSelector()
        if self._process.stdout is not None:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)
        if not self._line(START_LIMIT_S):
            self.end()
            raise ToolError(
                f"The program that reads headers does not start; `{' '.join(_READER)}` says why."
            )

    def ask(self, paths: Sequence[Path], limit_s: float) -> Iterator[Probe | ClipError | OSError]:
        """Its answers in this order. Raises _EndedError, or TimeoutError for the next of them."""
        asked = 0
        used = cpu_seconds(self._process.pid)
        for done, path in enumerate(paths):
            if asked - done <= _AHEAD // 2:
                self._write(paths[asked : done + _AHEAD])
                asked = min(len(paths), done + _AHEAD)
            line = self._line(limit_s + reading_s(path))
            now = cpu_seconds(self._process.pid)
            if line is None:
                computing = 0.0 if now is None or used is None else now - used
                if computing >= OWN_SHARE * limit_s:
                    raise _BusyError(f"{computing:.0f}")
                raise TimeoutError
            used = now
            if not line:
                raise _EndedError
            answer: dict[str, Any] = json.loads(line)
            if "probe" in answer:
                yield Probe(*answer["probe"])
            elif "memory" in answer:
                yield _too_much_memory()
            elif "errno" in answer:
                yield OSError(answer["errno"], answer["strerror"], str(path))
            else:
                yield ClipError(answer["reason"])

    def blame(self) -> ClipError | OSError:
        """Why it ended, twice over one file: a crash is the file's doing, a kill is not."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_END_S)
            if code < 0 and signal.Signals(-code) in CRASHES:
                return ClipError(f"reading its header crashes ({signal.Signals(-code).name})")
        return _unread("reading its header ended the program that reads it")

    def _write(self, paths: Sequence[Path]) -> None:
        stdin = self._process.stdin
        if stdin is None:
            raise ValueError("the input is a pipe")
        try:
            for path in paths:
                stdin.write(os.fsencode(path.absolute()).hex().encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise _EndedError from None

    def end(self) -> None:
        """Kill it; an answer it had begun is lost."""
        self._process.kill()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout):
            # A question may still lie in the buffer; there is nobody left to read it.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    @property
    def alive(self) -> bool:
        """Whether it still runs and belongs to this process, not to one that forked it."""
        return self.owner == os.getpid() and self._process.poll() is None

    def _line(self, limit_s: float) -> bytes | None:
        """The next line of its output; empty where it has ended, None where time ran out."""
        stdout = self._process.stdout
        if stdout is None:
            raise ValueError("the output is a pipe")
        end = time.monotonic() + limit_s
        while b"\n" not in self._said:
            left = end - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                return None
            block = os.read(stdout.fileno(), 1 << 16)
            if not block:
                return b""
            self._said += block
        line, _, self._said = self._said.partition(b"\n")
        return line


class _Readers:
    """Readers that wait for work: no more than threads that ever asked at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Reader] = []

    def take(self) -> _Reader:
        """An idle reader, else a new one."""
        with self._lock:
            while self._idle:
                reader = self._idle.pop()
                if reader.alive:
                    return reader
        return _Reader()

    def give_back(self, reader: _Reader) -> None:
        """Keep a reader for the next clip."""
        with self._lock:
            self._idle.append(reader)

    def end(self) -> None:
        """End those that this process started."""
        with self._lock:
            for reader in self._idle:
                if reader.alive:
                    reader.end()
            self._idle.clear()


def end_readers() -> None:
    """End the programs that wait for the next header; `probe` starts them again."""
    _readers.end()


_readers = _Readers()
atexit.register(end_readers)
