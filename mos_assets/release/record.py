"""When a head was released, and which candidate it was: a hidden file beside the release.

The manifest holds no dates, because the same input gives the same bytes. What belongs to this
folder and to this day is kept apart, and is not part of what is shipped.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mos_assets.errors import ReleaseError
from mos_assets.io.reading import read_plain
from mos_assets.release.candidate import candidate_id
from mos_assets.release.manifest import CHECKSUM_KEY, Manifest
from mos_assets.release.naming import ReleaseFiles


class ReleaseRecord(BaseModel):
    """One release in this folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    candidate_id: str
    created_at: datetime
    """When the candidate was trained, the last time that it was."""
    released_at: datetime
    checksum: str = Field(alias=CHECKSUM_KEY)
    """Of the manifest that it is about."""


def read_record(files: ReleaseFiles, manifest: Manifest) -> ReleaseRecord | None:
    """The record of the head in place; None where it is of another head, or where there is none.

    Files that were copied or checked out into the folder have no record, or that of the head
    which stood there before. Raises ReleaseError where there is one that cannot be read.
    """
    try:
        record = ReleaseRecord.model_validate_json(read_plain(files.record))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ReleaseError(
            f"{files.record} cannot be read, so that nobody knows how old the head in place is; "
            "delete it to let any candidate of this rank take its place."
        ) from error
    return record if record.checksum == manifest.checksum else None


def released_candidate(files: ReleaseFiles, manifest: Manifest) -> str:
    """Id of the candidate in place: as recorded, else computed from its manifest.

    The record knows better: a manifest that another version of this package wrote may lack keys
    that today's id covers.
    """
    record = read_record(files, manifest)
    return record.candidate_id if record else candidate_id(manifest)
