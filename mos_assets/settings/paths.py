"""Settings that say where things lie on a machine. A run has them, and its form in the UI."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mos_assets.errors import SettingsError
from mos_assets.io.hashing import hash_text
from mos_assets.settings.environment import variable
from mos_assets.settings.locations import (
    Location,
    OptionalLocation,
    SharedLocation,
    StorePlace,
    local_folder,
    remote_url,
)

_CHECKOUT = Path(__file__).resolve().parents[2]
OWN_MODEL_FOLDER = (
    _CHECKOUT / "model"
    if (_CHECKOUT / "pyproject.toml").is_file()
    else Path(sysconfig.get_path("data"), "share", "mos_assets", "model")
)
"""The heads that came with this package: `model/` of a checkout, or where a wheel puts it."""


NETWORKS = "networks"
"""Folder of networks where none is named."""


class PathSettings(BaseModel):
    """Folders and programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus_root: Annotated[
        SharedLocation,
        Field(
            description="Folder that holds one folder a corpus, or a bucket: s3://bucket/prefix."
        ),
    ] = "corpora"
    store: Annotated[
        SharedLocation,
        Field(
            description="Folder of the DuckDB file, shards, candidates and reports, or a bucket: "
            "s3://bucket/prefix."
        ),
    ] = "store"
    work: Annotated[
        Location,
        Field(
            description="Folder of this machine for what it works on of a store or of corpora in "
            "a bucket; what is in it can be had again."
        ),
    ] = "work"
    model_dir: Annotated[Location, Field(description="Folder of the released heads.")] = "model"
    networks: Annotated[
        Location,
        Field(description="Folder of networks of one's own, <name>/network.toml each."),
    ] = NETWORKS
    ffmpeg: Annotated[
        str, Field(description="An ffmpeg with libvmaf; empty means the bundled build.")
    ] = ""
    incoming: Annotated[
        OptionalLocation,
        Field(description="Folder of clips that are scored as they come; empty: none are."),
    ] = ""
    incoming_references: Annotated[
        OptionalLocation,
        Field(
            description="Folder of the pristine files of MOS_INCOMING's clips, by name; empty: "
            "they have none."
        ),
    ] = ""
    incoming_head: Annotated[
        str,
        Field(
            description="Head in MOS_MODEL_DIR that scores the clips of MOS_INCOMING; empty: the "
            "best there is, as mos predict chooses."
        ),
    ] = ""

    @property
    def corpus_folder(self) -> Path:
        return self.corpus_place.folder

    @property
    def corpus_place(self) -> StorePlace:
        return self._place(self.corpus_root, "corpora")

    @property
    def store_folder(self) -> Path:
        return self.store_place.folder

    @property
    def store_place(self) -> StorePlace:
        return self._place(self.store, "store")

    def _place(self, location: str, kind: str) -> StorePlace:
        """Where it lies; of a URL with the folder in which this machine works on it."""
        url = remote_url(location)
        if not url:
            return StorePlace(local_folder(location))
        name = url.partition("://")[2].replace("/", "-")[-60:]
        return StorePlace(local_folder(self.work) / f"{kind}-{name}-{hash_text(url)[:8]}", url)

    @property
    def model_folder(self) -> Path:
        return local_folder(self.model_dir)

    @property
    def networks_folder(self) -> Path:
        return local_folder(self.networks)

    @property
    def incoming_folder(self) -> Path | None:
        """None where no clips come in."""
        return local_folder(self.incoming) if self.incoming else None

    @property
    def references_folder(self) -> Path | None:
        """None where the clips that come in have no pristine files."""
        return local_folder(self.incoming_references) if self.incoming_references else None

    @property
    def heads_folder(self) -> Path:
        """Where heads are read by whoever only uses them: the model folder where it was set, else
        the package's own, wherever this is called from."""
        return self.model_folder if "model_dir" in self.model_fields_set else OWN_MODEL_FOLDER


def networks_location(environment: Mapping[str, str]) -> Path:
    """The networks' folder for whoever has no settings, as a head that is used from a script.

    Raises SettingsError where the variable names no folder.
    """
    name = variable("networks")
    location = environment.get(name) or NETWORKS
    try:
        return local_folder(location)
    except ValueError as error:
        raise SettingsError(f"{name}={location!r}: {error}.") from error
