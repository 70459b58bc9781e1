"""Every setting of the platform: its name, default, bounds and meaning, once.

The environment variable of a field is `MOS_` and the field's name in capitals. Thresholds
of the gate are not settings: no configuration can lower them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mos_assets.errors import SettingsError
from mos_assets.io.hashing import hash_bytes

PREFIX = "MOS_"
KONVID_150K = "konvid-150k"
KONVID_CORPORA = frozenset({"konvid-1k", KONVID_150K, "synthetic"})
"""Corpora whose heads share the id `konvid_mos_head_v1`."""
KONVID_150K_FLOOR = 5_000
"""Fewer label rows than this are hardly KonViD-150k."""
RUN_FOLDS = 5
"""Folds of a full verdict; any other number can only be Proposed."""
RUN_SEEDS = 5
"""Seeds of a full verdict; fewer can only be Proposed."""
MOST_CORPORA = 100
"""What a sensor remembers of each has to fit into its cursor."""
SERVICE_SETTINGS = frozenset(
    {
        "automation",
        "executor",
        "tick_s",
        "retrain_cron",
        "removal_share",
        "freshness_days",
        "keep_candidates",
        "keep_runs_days",
    }
)
"""Settings of the service around the runs; a run's own form does not show them."""


def _default_workers() -> int:
    return len(os.sched_getaffinity(0))


class Settings(BaseModel):
    """The settings of one run, checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Annotated[
        str,
        Field(description="Corpora to train on, comma-separated: demo, synthetic, konvid-1k, …"),
    ] = "demo"
    corpus_root: Annotated[str, Field(description="Folder that holds one folder a corpus.")] = (
        "corpora"
    )
    manifest: Annotated[
        str,
        Field(
            description="Manifest of konvid-150k, relative to its folder; empty means "
            "manifest.csv where it is there. One that is named must be there."
        ),
    ] = ""
    konvid_150k_floor: Annotated[
        int,
        Field(ge=1, description="Refuse a konvid-150k of fewer label rows; lower it for subsets."),
    ] = KONVID_150K_FLOOR
    downloads: Annotated[
        int, Field(ge=1, le=32, description="Clips of a manifest downloaded in parallel.")
    ] = 4
    download_rate: Annotated[
        float, Field(gt=0, le=1000, description="Requests a second, over all downloads together.")
    ] = 5.0
    download_mb: Annotated[
        int, Field(ge=1, le=1_000_000, description="A clip of more megabytes is not downloaded.")
    ] = 200
    download_private: Annotated[
        bool,
        Field(description="Download from private and loopback addresses too, such as a mirror."),
    ] = False
    features: Annotated[
        str,
        Field(
            description="Feature blocks joined with '+': konvid-v1, canonical-6, saliency, shots, "
            "container-v1, nr-v1, or the name of a table in <corpus>/features/."
        ),
    ] = "konvid-v1"
    missing: Annotated[
        str,
        Field(
            description="What to do with a clip that lacks a feature: exclude it from training, or "
            "impute the median inside the head, which then also sees that it was missing."
        ),
    ] = "exclude"
    reference: Annotated[
        str,
        Field(
            description="What libvmaf compares a clip with: loopback (its own x264 CRF 35 "
            "transcode), source (the pristine file its label names) or self."
        ),
    ] = "loopback"
    store: Annotated[
        str, Field(description="Folder of the DuckDB file, shards, candidates and reports.")
    ] = "store"
    model_dir: Annotated[str, Field(description="Folder of the released heads.")] = "model"
    seeds: Annotated[
        int, Field(ge=1, le=50, description="Seeds; fewer than 5 can only be Proposed.")
    ] = RUN_SEEDS
    folds: Annotated[
        int, Field(ge=1, le=50, description="Folds; any other number than 5 can only be Proposed.")
    ] = RUN_FOLDS
    epochs: Annotated[
        int, Field(ge=0, le=10_000, description="Training epochs; 0 leaves it to the recipe.")
    ] = 0
    workers: Annotated[
        int, Field(ge=1, le=1024, description="Clips measured in parallel in one process.")
    ] = Field(default_factory=_default_workers)
    ffmpeg: Annotated[
        str, Field(description="An ffmpeg with libvmaf; empty means the bundled build.")
    ] = ""
    executor: Annotated[
        str,
        Field(
            description="Where steps run: in_process, multiprocess or dask; read when Dagster "
            "loads the code."
        ),
    ] = "in_process"

    automation: Annotated[
        bool, Field(description="Sensors and schedules are on from the start; the UI can differ.")
    ] = True
    tick_s: Annotated[
        int, Field(ge=1, le=86_400, description="Seconds between two looks of a sensor.")
    ] = 60
    retrain_cron: Annotated[
        str, Field(description="When the scheduled retrain starts, as cron says it, in UTC.")
    ] = "0 3 * * 0"
    removal_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Where more than this share of a corpus's clips or labels is gone, a "
            "sensor asks before it retrains; 1 never asks.",
        ),
    ] = 0.1
    freshness_days: Annotated[
        int,
        Field(
            ge=0,
            le=3650,
            description="The UI marks a verdict and a card older than this as stale; 0: never.",
        ),
    ] = 8
    keep_candidates: Annotated[
        int,
        Field(
            ge=1,
            description="Candidates of each head that pruning keeps with report and predictions, "
            "the newest ones; released and accepted ones stay besides.",
        ),
    ] = 50
    keep_runs_days: Annotated[
        int,
        Field(ge=1, description="Dagster's runs older than this are pruned with their logs."),
    ] = 180

    @field_validator("retrain_cron")
    @classmethod
    def _known_cron(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError("must be five fields of cron, such as '0 3 * * 0'")
        return value

    @field_validator("executor")
    @classmethod
    def _known_executor(cls, value: str) -> str:
        if value not in ("in_process", "multiprocess", "dask"):
            raise ValueError("must be in_process, multiprocess or dask")
        return value

    @field_validator("missing")
    @classmethod
    def _known_missing(cls, value: str) -> str:
        if value not in ("exclude", "impute"):
            raise ValueError("must be exclude or impute")
        return value

    @field_validator("reference")
    @classmethod
    def _known_reference(cls, value: str) -> str:
        if value not in ("loopback", "source", "self"):
            raise ValueError("must be loopback, source or self")
        return value

    @field_validator("corpus")
    @classmethod
    def _plain_corpus_names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names:
            raise ValueError("must name at least one corpus")
        if len(set(names)) != len(names):
            raise ValueError("names a corpus twice")
        if len(names) > MOST_CORPORA:
            raise ValueError(f"names {len(names)} corpora, and at most {MOST_CORPORA} are taken")
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
                raise ValueError(
                    f"{name!r} is not a corpus name (letters a-z, digits, '.', '_' and '-' only, "
                    "a letter or digit first, at most 100)"
                )
            if name == "konvid":
                raise ValueError("'konvid' is kept for the head of konvid-1k; rename the corpus")
        return ",".join(sorted(names))

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from MOS_* variables; an empty variable counts as unset.

        Raises SettingsError naming the variable, its value and what is accepted.
        """
        environment = os.environ if environment is None else environment
        known = {PREFIX + name.upper(): name for name in cls.model_fields}
        given = {
            known[key]: value for key, value in environment.items() if key in known and value != ""
        }
        stray = sorted(k for k in environment if k.startswith(PREFIX) and k not in known)
        if stray:
            near = get_close_matches(stray[0], known, 1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise SettingsError(
                f"{stray[0]} is not a setting. {meant}Known: {', '.join(sorted(known))}."
            )
        return cls.checked(given)

    @classmethod
    def checked(cls, given: Mapping[str, object]) -> Self:
        """Settings from these values. Raises SettingsError instead of pydantic's own error."""
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "settings"
            message = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{name}={first['input']!r}: {message}.") from error

    @classmethod
    def run_fields(cls) -> tuple[str, ...]:
        """Names of the settings that a run has, and its form in the UI."""
        return tuple(name for name in cls.model_fields if name not in SERVICE_SETTINGS)

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the configured corpora, sorted."""
        return tuple(sorted(self.corpus.split(",")))

    @property
    def corpus_folder(self) -> Path:
        return Path(self.corpus_root).absolute()

    @property
    def store_folder(self) -> Path:
        return Path(self.store).absolute()

    @property
    def model_folder(self) -> Path:
        return Path(self.model_dir).absolute()

    def shaping(self) -> tuple[str, ...]:
        """`NAME=value` of what shapes a head: the corpora, and settings not at their default."""
        names = (
            *("corpus", "manifest", "konvid_150k_floor", "features", "missing", "reference"),
            *("seeds", "folds", "epochs"),
        )
        fields = type(self).model_fields
        return tuple(
            f"{PREFIX}{name.upper()}={getattr(self, name)}"
            for name in names
            if name == "corpus" or getattr(self, name) != fields[name].default
        )

    @property
    def run_scope(self) -> str:
        """The same for two runs that read the same files and release the same head from them."""
        folders = (self.corpus_folder, self.store_folder, self.model_folder)
        told = [
            *self.shaping(),
            *(self.ffmpeg, str(self.download_mb), str(self.download_private)),
            *(os.path.realpath(folder) for folder in folders),
        ]
        return hash_bytes(os.fsencode("\n".join(told)))[:16]

    @property
    def feature_scope(self) -> str:
        """What the table of features depends on, in words."""
        return (
            f"MOS_CORPUS={self.corpus} MOS_FEATURES={self.features} MOS_REFERENCE={self.reference}"
        )

    @property
    def fold_scope(self) -> str:
        """What the table of folds depends on, in words."""
        return f"{self.feature_scope} MOS_MISSING={self.missing} MOS_FOLDS={self.folds}"

    @property
    def imputes(self) -> bool:
        """Whether clips with missing features train."""
        return self.missing == "impute"

    @property
    def is_full_size(self) -> bool:
        """Whether the run is one whose verdict can be Accepted: enough seeds, the right number of
        folds, and no corpus admitted below its usual size."""
        whole = KONVID_150K not in self.corpora or self.konvid_150k_floor >= KONVID_150K_FLOOR
        return self.folds == RUN_FOLDS and self.seeds >= RUN_SEEDS and whole
