"""Every column that this room makes, and the two ways a clip can end: numbers, or a reason.

Names exist here once; the extractors, the blocks and the shards take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LIBVMAF_COLUMNS = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
"""Means over frames of libvmaf's integer features."""
SALIENCY_COLUMNS = ("saliency_mean", "saliency_var")
"""Means over sampled frames of the map's mean and population variance."""
SHOT_COUNT, SHOT_MEAN_LENGTH, SHOT_LENGTH_STD, FRAMES = (
    "shot_count",
    "shot_mean_length_s",
    "shot_length_std_s",
    "frames",
)
SHOT_FIGURES = (SHOT_COUNT, SHOT_MEAN_LENGTH, SHOT_LENGTH_STD, FRAMES)
"""What is measured of shots; the columns below follow from it by formula."""
SHOT_COLUMNS = ("shot_count_norm", "shot_mean_len_norm", "shot_cut_density")
CONTAINER_COLUMNS = ("log10_bits_per_pixel", "height", "fps")

LIBVMAF, SALIENCY, SHOTS = "libvmaf", "saliency", "shots"
"""The parts of a measurement."""

FIGURES_OF_PART: Mapping[str, tuple[str, ...]] = {
    LIBVMAF: LIBVMAF_COLUMNS,
    SALIENCY: SALIENCY_COLUMNS,
    SHOTS: SHOT_FIGURES,
}
"""Part name to the figures that it measures."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one block for one clip; what is missing is absent, and `reason` says why."""

    figures: Mapping[str, float]
    """Finite numbers by column name."""
    reason: str | None
    """None where every column of the block is there."""
