"""Measuring clips from a script: `features` under the name by which scripts know it."""

from __future__ import annotations

from mos_assets.features import (
    ClipTask,
    Journal,
    fingerprint,
    load_networks,
    measure_clip,
    measure_clips,
    read_shard,
    recover_journals,
    write_shard,
)
from mos_assets.features.extractors.base import Columns
from mos_assets.features.extractors.container import Container
from mos_assets.records import Probe
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling

__all__ = [
    "ClipTask",
    "Columns",
    "Comparison",
    "Journal",
    "Loopback",
    "ReferencePolicy",
    "Sampling",
    "container_columns",
    "fingerprint",
    "load_networks",
    "measure_clip",
    "measure_clips",
    "read_shard",
    "recover_journals",
    "write_shard",
]


def container_columns(probe: Probe) -> Columns:
    """The columns of `container-v1`, from what the probe found."""
    return Container().read(probe)
