"""What DuckDB's errors mean to whoever has to mend them: one message with the remedy each."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb

from mos_assets.errors import StoreError
from mos_assets.io.reading import DENIED, MACHINE_FAILED

WHERE_IT_IS_KEPT = (
    "a backup has folds and verdicts; without one a new file is made, and measured clips are read "
    "from the shards beside it."
)
_DAMAGE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
)
"""What is raised on bytes that cannot be; never on a statement that is wrong."""


def is_held(error: duckdb.Error) -> bool:
    """Whether another process has the file open, or another part of this one by itself."""
    if isinstance(error, duckdb.ResourceInUseException):
        return True
    return isinstance(error, duckdb.IOException) and "set lock" in str(error)


def explained(error: duckdb.Error, path: Path, *, opening: bool = False) -> StoreError | None:
    """What the error means; None where it is no fault of the file: a defect of this package."""
    said = str(error)
    first = said.strip().partition("\n")[0]
    if os.strerror(errno.ENOSPC) in said:
        return StoreError(
            f"{path} cannot be written, since its disk is full. Make room and run again; "
            "measured clips are kept in shards beside it."
        )
    failed = next((code for code in MACHINE_FAILED if os.strerror(code) in said), None)
    if failed is not None:
        return unreachable(path, os.strerror(failed))
    if isinstance(error, duckdb.OutOfMemoryException):
        return StoreError(f"{path}: there is not enough memory ({first}). Free some and run again.")
    if any(os.strerror(code) in said for code in DENIED) or "read-only mode" in said:
        return unwritable(path)
    if "newer version of DuckDB" in said or "version number" in said:
        return StoreError(
            f"{path} was written by another version of DuckDB than {duckdb.__version__}, which is "
            f"installed here ({first}). Install the DuckDB that wrote it, or a newer one."
        )
    # A checksum of DuckDB's that does not hold comes without a class of its own.
    if opening or isinstance(error, _DAMAGE) or type(error) is duckdb.Error:
        return StoreError(
            f"{path} is damaged or no DuckDB file ({first}). Restore it, or move it away: "
            f"{WHERE_IT_IS_KEPT}"
        )
    return None


def unreachable(path: Path, why: str) -> StoreError:
    """The machine did not hand the file out."""
    return StoreError(
        f"This machine could not open or read {path} ({why}); that says nothing against the file. "
        "`mos doctor` looks at the machine; run again when it is mended."
    )


def unwritable(path: Path) -> StoreError:
    """The file, or its folder, may only be read."""
    return StoreError(
        f"{path} cannot be written: it or its folder is read-only for this user. Make both "
        "writable, or set MOS_STORE to another folder."
    )
