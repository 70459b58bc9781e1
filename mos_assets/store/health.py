"""How the store's file stands, looked at without changing it or waiting for anybody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mos_assets.errors import StoreError
from mos_assets.store.database import FILE_NAME, Database
from mos_assets.store.failures import is_held
from mos_assets.store.schema import SCHEMA_VERSION, SETBACKS
from mos_assets.store.setback_rows import MOST_ATTEMPTS


@dataclass(frozen=True, slots=True)
class StoreState:
    """What was found of the file."""

    told: str
    flaw: str = ""
    """Why it cannot be used now; empty where it can."""
    remedy: str = ""
    busy: bool = False
    """It cannot be used since another process has it open."""
    waiting: int = 0
    """Measurements that the machine failed at."""
    given_up: int = 0
    """Of those, the ones that no further run tries."""


def store_state(folder: Path) -> StoreState:
    """The state of the store in this folder; a store that is not there yet is fine."""
    path = folder / FILE_NAME
    database = Database(folder)
    if folder.exists() and not folder.is_dir():
        return StoreState("", f"{folder} is no folder", "move it away, or set MOS_STORE to another")
    if not database.exists:
        return StoreState(f"{path} is not there yet; the first run makes it")
    try:
        database.require_file()
    except StoreError as error:
        flaw, _, remedy = str(error).rstrip(".").partition(". ")
        return StoreState("", flaw, remedy)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        if is_held(error):
            flaw, remedy = f"{path} is open in another process ({error})", "wait until that ends"
            return StoreState("", flaw, remedy, busy=True)
        return _damaged(path, error)
    try:
        rows = connection.execute("SELECT version FROM store_version").fetchall()
        version = str(rows[0][0]) if rows else ""
        told = f"{path}, schema {version or 'unknown'}"
        if version.isdecimal() and int(version) > SCHEMA_VERSION:
            flaw = f"{told}, was written by a newer version of mos_assets than this one"
            return StoreState("", flaw, "install that version, or set MOS_STORE to another folder")
        if version != str(SCHEMA_VERSION):
            return StoreState(f"{told}; the next run brings it to {SCHEMA_VERSION}")
        rows = connection.execute(f"SELECT attempts FROM {SETBACKS}").fetchall()
    except duckdb.Error as error:
        return _damaged(path, error)
    finally:
        connection.close()
    given_up = sum(attempts >= MOST_ATTEMPTS for (attempts,) in rows)
    return StoreState(told, waiting=len(rows), given_up=given_up)


def _damaged(path: Path, error: duckdb.Error) -> StoreState:
    said = str(error).splitlines()[0]
    return StoreState("", f"{path} cannot be read: {said}", "restore it from a backup")
