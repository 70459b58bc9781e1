"""Settings that say where things lie on a machine. A run has them, and its form in the UI."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mos_assets.settings.locations import Location, local_folder

_CHECKOUT = Path(__file__).resolve().parents[2]
OWN_MODEL_FOLDER = (
    _CHECKOUT / "model"
    if (_CHECKOUT / "pyproject.toml").is_file()
    else Path(sysconfig.get_path("data"), "share", "mos_assets", "model")
)
"""The heads that came with this package: `model/` of a checkout, or where a wheel puts it."""


class PathSettings(BaseModel):
    """Folders and programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus_root: Annotated[
        Location, Field(description="Folder that holds one folder a corpus.")
    ] = "corpora"
    store: Annotated[
        Location, Field(description="Folder of the DuckDB file, shards, candidates and reports.")
    ] = "store"
    model_dir: Annotated[Location, Field(description="Folder of the released heads.")] = "model"
    ffmpeg: Annotated[
        str, Field(description="An ffmpeg with libvmaf; empty means the bundled build.")
    ] = ""

    @property
    def corpus_folder(self) -> Path:
        return local_folder(self.corpus_root)

    @property
    def store_folder(self) -> Path:
        return local_folder(self.store)

    @property
    def model_folder(self) -> Path:
        return local_folder(self.model_dir)

    @property
    def heads_folder(self) -> Path:
        """Where heads are read by whoever only uses them: the model folder where it was set, else
        the package's own, wherever this is called from."""
        return self.model_folder if "model_dir" in self.model_fields_set else OWN_MODEL_FOLDER
