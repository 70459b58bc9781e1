"""Every column that this room makes, and the two ways a clip can end: numbers, or a reason.

Names exist here once; the extractors, the blocks and the shards take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MOTION = "motion2"
LIBVMAF_COLUMNS = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", MOTION)
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

SIX_STATISTICS = ("mean", "std", "p10", "p90")
"""Over frames: mean, population standard deviation, 10th and 90th percentile."""
NR_SIX_COLUMNS = tuple(
    f"nr_{statistic}_{name}" for statistic in SIX_STATISTICS for name in LIBVMAF_COLUMNS
)
NR_ACTIVITY_COLUMNS = ("nr_mean_si", "nr_max_si", "nr_mean_ti", "nr_max_ti")
NR_PICTURE_COLUMNS = (
    "nr_blur",
    "nr_blockiness",
    "nr_noise",
    "nr_contrast",
    "nr_colourfulness",
    "nr_entropy",
    "nr_banding",
)
NR_STREAM_COLUMNS = ("nr_log10_bits_per_pixel", "nr_long_side", "nr_short_side", "nr_fps")
NR_MOVING_COLUMNS = frozenset(
    {*(f"nr_{statistic}_{MOTION}" for statistic in SIX_STATISTICS), "nr_mean_ti", "nr_max_ti"}
)
"""Those that compare frames with the ones before."""
NR_COLUMNS = (*NR_SIX_COLUMNS, *NR_ACTIVITY_COLUMNS, *NR_PICTURE_COLUMNS, *NR_STREAM_COLUMNS)
"""The block `nr-v1`; units, ranges and sources are in `features.nr`.

Complete by itself: the means of the six are in it, under names that do not clash with
`canonical-6`, and no name ends in `_mean`, which feature tables read as another column.
"""

ONE_FRAME = "it has one frame, and nothing moves in it"

LIBVMAF, NR, SALIENCY, SHOTS = "libvmaf", "nr", "saliency", "shots"
"""The parts of a measurement."""

FIGURES_OF_PART: Mapping[str, tuple[str, ...]] = {
    LIBVMAF: LIBVMAF_COLUMNS,
    NR: NR_COLUMNS,
    SALIENCY: SALIENCY_COLUMNS,
    SHOTS: SHOT_FIGURES,
}
"""Part name to the figures that it measures."""
COMPARED = frozenset({LIBVMAF, NR})
"""The parts that need the comparison with the reference; measured together they share one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one block for one clip; what is missing is absent, and `reason` says why."""

    figures: Mapping[str, float]
    """Finite numbers by column name."""
    reason: str | None
    """None where every column of the block is there."""
