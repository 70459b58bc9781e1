"""What each built-in feature is, for the card: source and formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.features import BLOCKS, TABLE_ORIGIN

LIBVMAF = "libvmaf, mean over frames"
SALIENCY = "spectral residual saliency, one frame a second"
SHOTS = "TransNet V2 shots"
PROBE = "container header"
NR_PAIRS = "sampled pairs of frames, one pair a second"
NR_PICTURES = "mean over pictures, one a second"
NR_STREAM = "coded stream"

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
    "log10_bits_per_pixel": (PROBE, "log10(coded bits/(width·height·pictures))"),
    "height": (PROBE, "picture lines as shown"),
    "fps": (PROBE, "frames a second, by timestamps where they contradict the header"),
    "nr_mean_si": (NR_PAIRS, "spatial information of ITU-T P.910, mean over time, levels"),
    "nr_max_si": (NR_PAIRS, "spatial information of ITU-T P.910, maximum over time, levels"),
    "nr_mean_ti": (NR_PAIRS, "temporal information of ITU-T P.910, mean over time, levels"),
    "nr_max_ti": (NR_PAIRS, "temporal information of ITU-T P.910, maximum over time, levels"),
    "nr_blur": (NR_PICTURES, "blur of Crété-Roffet et al. 2007, 0 sharp..1"),
    "nr_blockiness": (NR_PICTURES, "differences across against off the 8x8 grid, -1..1"),
    "nr_noise": (NR_PICTURES, "deviation of white noise by Immerkær 1996, levels"),
    "nr_contrast": (NR_PICTURES, "deviation of the grey levels, 0..127.5"),
    "nr_colourfulness": (NR_PICTURES, "Hasler & Süsstrunk 2003, sRGB levels"),
    "nr_entropy": (NR_PICTURES, "Shannon entropy of the grey levels, 0..8 bits"),
    "nr_banding": (NR_PICTURES, "cambi of libvmaf, 0 none..about 24"),
    "nr_log10_bits_per_pixel": (NR_STREAM, "log10(coded bits/(width·height·frames))"),
    "nr_long_side": (PROBE, "longer side of the picture in pixels"),
    "nr_short_side": (PROBE, "shorter side of the picture in pixels"),
    "nr_fps": (NR_STREAM, "frames a second, by timestamps where they contradict the header"),
}
_NR_STATISTICS = {
    "mean": "mean",
    "std": "population deviation",
    "p10": "10th percentile",
    "p90": "90th percentile",
}
for _name in ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"):
    for _short, _long in _NR_STATISTICS.items():
        _NOTES[f"nr_{_short}_{_name}"] = (f"libvmaf, {_long} over frames", _NOTES[_name][1])


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
