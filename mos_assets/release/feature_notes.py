"""What each built-in feature is, for the card: source and formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.extraction import BLOCKS, TABLE_ORIGIN

LIBVMAF = "libvmaf, mean over frames"
SALIENCY = "spectral residual saliency, one frame a second"
SHOTS = "TransNet V2 shots"
PROBE = "container header"

_NOTES = {
    "adm2": (LIBVMAF, "detail loss measure (Li et al. 2011)"),
    "vif_scale0": (LIBVMAF, "visual information fidelity at full resolution"),
    "vif_scale1": (LIBVMAF, "visual information fidelity at 1/2 resolution"),
    "vif_scale2": (LIBVMAF, "visual information fidelity at 1/4 resolution"),
    "vif_scale3": (LIBVMAF, "visual information fidelity at 1/8 resolution"),
    "motion2": (LIBVMAF, "luma difference of neighbouring frames, the smaller of both sides"),
    "saliency_mean": (SALIENCY, "mean of the map, 0..1"),
    "saliency_var": (SALIENCY, "population variance of the map"),
    "shot_count_norm": (SHOTS, "log10(1 + shots)/3"),
    "shot_mean_len_norm": (SHOTS, "mean shot length in s / 30"),
    "shot_cut_density": (SHOTS, "(shots - 1)/frames"),
    "log10_bits_per_pixel": (PROBE, "log10(bit rate/(width·height·fps))"),
    "height": (PROBE, "picture lines"),
    "fps": (PROBE, "frames a second"),
}


@dataclass(frozen=True, slots=True)
class FeatureNote:
    """One input of the head in words."""

    name: str
    source: str
    formula: str


def feature_notes(order: Sequence[str], fingerprint: str) -> tuple[FeatureNote, ...]:
    """What is known of each feature, in the order of the head's input.

    fingerprint: `block=origin` joined by ` + `; a block whose origin is a table was not measured
    here, and columns that no block names are as their owner defines them.
    """
    tables = {}
    for part in fingerprint.split(" + "):
        block, _, origin = part.partition("=")
        if origin.startswith(TABLE_ORIGIN) and block in BLOCKS:
            tables.update(dict.fromkeys(BLOCKS[block].columns, origin))
    notes = []
    for name in order:
        source, formula = _NOTES.get(name, ("external table", "as its owner defines it"))
        if name in tables:
            source = f"external table {tables[name].removeprefix(TABLE_ORIGIN)}"
        notes.append(FeatureNote(name, source, formula))
    return tuple(notes)
