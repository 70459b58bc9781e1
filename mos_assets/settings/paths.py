"""Settings that say where things lie on a machine. A run has them, and its form in the UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mos_assets.settings.locations import Location, local_folder


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
