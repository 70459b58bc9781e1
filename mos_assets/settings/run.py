"""Settings of one run: what it trains on, how, and how much of the machine it takes.

Thresholds of the gate are not settings: no configuration can lower them.
"""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from mos_assets.settings.choices import (
    Align,
    Loopback,
    Missing,
    ReferencePolicy,
    Sampling,
    Weights,
)
from mos_assets.settings.comparison import Comparison, comparison

KONVID_150K_FLOOR = 5_000
"""Fewer label rows than this are hardly KonViD-150k."""
RUN_FOLDS = 5
"""Folds of a full verdict; any other number can only be Proposed."""
RUN_SEEDS = 5
"""Seeds of a full verdict; fewer can only be Proposed."""
MOST_CORPORA = 100
"""What a sensor remembers of each has to fit into its cursor."""


def _default_workers() -> int:
    return len(os.sched_getaffinity(0))


class RunSettings(BaseModel):
    """What a run has, and its form in the UI, with PathSettings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Annotated[
        str,
        Field(description="Corpora to train on, comma-separated: demo, synthetic, konvid-1k, …"),
    ] = "demo"
    test_corpus: Annotated[
        str,
        Field(
            description="Corpora to judge the head on, comma-separated, that never train; empty: "
            "none."
        ),
    ] = ""
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
    fetch_mb: Annotated[
        int,
        Field(
            ge=1,
            le=100_000_000,
            description="Megabytes of clips from a bucket that a process that measures holds on "
            "its disk at once.",
        ),
    ] = 20_000
    features: Annotated[
        str,
        Field(
            description="Feature blocks joined with '+': konvid-v1, the name of another "
            "built-in block (docs/features.md), or that of a table in <corpus>/features/."
        ),
    ] = "konvid-v1"
    missing: Annotated[
        Missing,
        Field(
            description="What to do with a clip that lacks a feature: exclude it from training, or "
            "impute the median inside the head, which then also sees that it was missing."
        ),
    ] = Missing.EXCLUDE
    align: Annotated[
        Align,
        Field(
            description="Whether an offset and a slope bring the ratings of each corpus onto the "
            "scale of the one with most rows (corpora), or corpora train as they are (none)."
        ),
    ] = Align.NONE
    weights: Annotated[
        Weights,
        Field(
            description="Whether rows count the same in training (equal), or by the precision of "
            "their rating where deviation and number of votes are known (precision)."
        ),
    ] = Weights.EQUAL
    reference: Annotated[
        ReferencePolicy,
        Field(
            description="What libvmaf compares a clip with: loopback (its own transcode), "
            "source (the pristine file its label names) or self."
        ),
    ] = ReferencePolicy.LOOPBACK
    loopback: Annotated[
        Loopback,
        Field(
            description="The transcode of loopback: 2 codes the pictures that are compared, each "
            "by itself; 1 codes all of the clip, as heads of before measured it."
        ),
    ] = Loopback.TWO
    sampling: Annotated[
        Sampling,
        Field(
            description="Which pairs of pictures libvmaf compares: every one, or sparse (adm and "
            "vif some of them, motion all); auto is sparse under loopback and every else."
        ),
    ] = Sampling.AUTO
    seeds: Annotated[
        int, Field(ge=1, le=50, description="Seeds; fewer than 5 can only be Proposed.")
    ] = RUN_SEEDS
    folds: Annotated[
        int, Field(ge=1, le=50, description="Folds; any other number than 5 can only be Proposed.")
    ] = RUN_FOLDS
    epochs: Annotated[
        int, Field(ge=0, le=10_000, description="Training epochs; 0 leaves it to the recipe.")
    ] = 0
    retrain: Annotated[
        bool,
        Field(
            description="Train and judge anew even where nothing changed since a candidate was, to "
            "see that the same comes of it."
        ),
    ] = False
    workers: Annotated[
        int, Field(ge=1, le=1024, description="Clips measured in parallel in one process.")
    ] = Field(default_factory=_default_workers)
    cluster: Annotated[
        str,
        Field(
            description="Dask cluster whose workers measure clips: tcp://host:8786 of its "
            "scheduler, or local:N for N processes on this machine; empty: this process does."
        ),
    ] = ""

    @field_validator("corpus")
    @classmethod
    def _some_corpus(cls, value: str) -> str:
        if not value.replace(",", " ").strip():
            raise ValueError("must name at least one corpus")
        return value

    @field_validator("corpus", "test_corpus")
    @classmethod
    def _plain_corpus_names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
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

    @field_validator("cluster")
    @classmethod
    def _an_address(cls, value: str) -> str:
        value = value.strip()
        kind, _, rest = value.partition(":")
        workers = kind == "local" and rest.isascii() and rest.isdigit() and 1 <= int(rest) <= 1024
        address = re.fullmatch(r"(?:tcp|tls)://[^\s/@?#]+:(\d{1,5})/?", value)
        if not value or workers or (address and 1 <= int(address[1]) <= 65_535):
            return value.rstrip("/")
        raise ValueError("must be tcp://host:8786, tls://host:8786, or local:N with N of 1 to 1024")

    @field_validator("test_corpus")
    @classmethod
    def _never_trains(cls, value: str, info: ValidationInfo) -> str:
        training = str(info.data.get("corpus", "")).split(",")
        tested = value.split(",")
        both = [name for name in tested if name and name in training]
        if both:
            raise ValueError(
                f"{both[0]!r} is in MOS_CORPUS too, and no corpus both trains and only tests; take "
                "it out of one of the two"
            )
        if len(tested) + len(training) > MOST_CORPORA:
            raise ValueError(f"with MOS_CORPUS at most {MOST_CORPORA} corpora are taken")
        return value

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora that train, sorted."""
        return tuple(sorted(self.corpus.split(",")))

    @property
    def test_corpora(self) -> tuple[str, ...]:
        """Names of the corpora that only test, sorted."""
        return tuple(sorted(name for name in self.test_corpus.split(",") if name))

    @property
    def all_corpora(self) -> tuple[str, ...]:
        """Both: what is read, measured and assembled, sorted."""
        return tuple(sorted((*self.corpora, *self.test_corpora)))

    @property
    def comparison(self) -> Comparison:
        """How clips are compared in this run."""
        return comparison(self.reference, self.sampling, self.loopback)

    @property
    def imputes(self) -> bool:
        """Whether clips with missing features train."""
        return self.missing is Missing.IMPUTE

    @property
    def is_full_size(self) -> bool:
        """Whether the verdict can be Accepted: enough seeds, and the right number of folds."""
        return self.folds == RUN_FOLDS and self.seeds >= RUN_SEEDS
