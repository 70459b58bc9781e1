"""The DuckDB instance that a process keeps, and the file that it holds open only while it is used.

To start an instance costs 20 ms of CPU, to attach a file to one that is there 2. So one instance
stays, with nothing attached: other processes can open the file. It is of one file, since where
DuckDB puts what does not fit into memory belongs to an instance, and should lie beside the file.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mos_assets.processes.memory import give_back

_ALIAS = "store"
_SPILL = ".tmp"
"""Behind the name of a file: the folder for what does not fit into memory, as DuckDB calls it."""
_LOCK = threading.Lock()


@dataclass(slots=True)
class _Instance:
    """One instance of DuckDB in memory; `users` of it have its file attached."""

    connection: duckdb.DuckDBPyConnection
    users: int = 0
    sound: bool = True


_INSTANCES: dict[Path, _Instance] = {}
"""By the file that they are for; of those without a user there is one at most."""


@contextmanager
def attached(
    path: Path, *, read_only: bool, require: Callable[[], None]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to the file, which other threads of this process may share.

    require: looks at the file before it is attached, and never while it is: the kernel drops all
    locks of a process on a file as soon as one of its threads closes it, and another process could
    write beside this one.

    Closed afterwards: what was not committed is dropped, and the file is whole without its log once
    its last user is gone. Raises duckdb.Error where the file cannot be opened, such as an
    IOException where another process has it.
    """
    # DuckDB would take two names of one file for two, and write both.
    file = Path(os.path.realpath(path))
    with _LOCK:
        instance = _INSTANCES.get(file) or _started(file)
        if not instance.users:
            require()
            _attach(instance, file, path, read_only)
        connection = instance.connection.cursor()
        instance.users += 1
    try:
        connection.execute(f"USE {_ALIAS}")
        yield connection
    except BaseException:
        # An error may have made the whole instance unfit; a new one costs little.
        instance.sound = False
        raise
    finally:
        connection.close()
        with _LOCK:
            instance.users -= 1
            if not instance.users:
                _detach(instance, file)


def _started(file: Path) -> _Instance:
    for other in [other for other, instance in _INSTANCES.items() if not instance.users]:
        _INSTANCES.pop(other).connection.close()
    spill = f"{file}{_SPILL}"
    _INSTANCES[file] = _Instance(duckdb.connect(config={"temp_directory": spill}))
    return _INSTANCES[file]


def close_idle() -> None:
    """Give back what DuckDB keeps for the next query, 100 MB after one over 150,000 rows. For who
    is about to work for long, or in memory, on what it has read."""
    with _LOCK:
        for file in [file for file, instance in _INSTANCES.items() if not instance.users]:
            _INSTANCES.pop(file).connection.close()
    give_back()


def _attach(instance: _Instance, file: Path, path: Path, read_only: bool) -> None:
    told = str(path).replace("'", "''")
    try:
        instance.connection.execute(
            f"ATTACH '{told}' AS {_ALIAS}" + (" (READ_ONLY)" if read_only else "")
        )
    except duckdb.Error:
        _drop(file)
        raise


def _detach(instance: _Instance, file: Path) -> None:
    if instance.sound:
        # Where the log cannot be written into the file, on a full disk say, it stays beside it with
        # all that was committed, as after a kill, and the next one to open the file reads it.
        with suppress(duckdb.Error):
            instance.connection.execute(f"DETACH {_ALIAS}")
            return
    _drop(file)


def _drop(file: Path) -> None:
    _INSTANCES.pop(file).connection.close()


def _forget() -> None:
    """In a forked child: the threads of these instances are not here, and what it wrote is lost."""
    global _LOCK
    _LOCK = threading.Lock()
    _LEFT.extend(_INSTANCES.values())
    _INSTANCES.clear()


def _end() -> None:
    """What is kept to the end of a process that has loaded torch, DuckDB calls leaked, in 40 lines
    behind the verdict."""
    _INSTANCES.clear()


atexit.register(_end)
_LEFT: list[_Instance] = []
"""Of the parent of a fork; to close them would wait for threads that are not here."""
os.register_at_fork(after_in_child=_forget)
