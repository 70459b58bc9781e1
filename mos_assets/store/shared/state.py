"""`store.json`: who has the store, and which copy of the tables is current."""

from __future__ import annotations

from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mos_assets.errors import AbsentError, StoreError
from mos_assets.objects import Location

STATE = "store.json"
VERSION = 1


class TablesCopy(BaseModel):
    """A DuckDB file as an object, named by its bytes and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str
    size: int


class StoreState(BaseModel):
    """What `store.json` says; with each write it has another `nonce`, so another ETag."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    holder: str = ""
    """Who writes to the store; empty where nobody does."""
    host: str = ""
    place: str = ""
    """Of the holder's working folder, an id of its own."""
    ttl_s: float = 0.0
    """The holder has died when the object is older than this."""
    nonce: str = Field(default_factory=lambda: uuid4().hex)
    tables: TablesCopy | None = None

    def changed(self, **values: object) -> StoreState:
        """The same with these values, to be written."""
        return self.model_copy(update={**values, "nonce": uuid4().hex})

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode()


def read_state(location: Location) -> tuple[StoreState, str | None]:
    """The state and its ETag; nobody's, and None, where nothing is there yet.

    Raises StoreError where it is none of this program's, or of a newer version of it.
    """
    try:
        raw, etag = location.read(STATE)
    except AbsentError:
        return StoreState(), None
    where = location.of(STATE)
    try:
        found = StoreState.model_validate_json(raw)
    except ValidationError:
        raise StoreError(
            f"{where} was written by another program or a newer version of mos_assets. Set "
            "MOS_STORE to another place, or install that version."
        ) from None
    if found.version != VERSION:
        raise StoreError(
            f"{where} was written by a newer version of mos_assets. Install that version again."
        )
    return found, etag
