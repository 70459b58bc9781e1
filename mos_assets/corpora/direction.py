"""Whether ratings rise where measured quality does: a scale declared upside down inverts a head.

Only measures against a pristine source, and bit rates, are asked: others may fall with quality.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mos_assets.correlation import spearman
from mos_assets.records import Clip, Finding, FloatArray, JoinedTable, Severity

ROWS = 20
"""Clips below which no correlation is evidence."""
AGAINST = -0.5
"""Rank correlation with the rating from which a measure of quality speaks against the scale; on
honest corpora of coded clips it is .6 to .9."""
RATE_AGAINST = -0.4
"""As above, for bit rates, which depend on the content too."""
IN_FAVOUR = 0.2
"""One measure that rises with the rating so much makes the others doubtful."""
_SURE = re.compile(r"vmaf(_neg)?|psnr(_y|_hvs|_hvs_m)?|x?psnr|ws_?psnr|(ms_?|cw_?)?ssim|float_ssim")
_LIKELY = re.compile(r"(integer_)?(adm2?|vif)(_scale_?\d)?|vif_?p|fsim|vsi|gmsd_inverse")
_RATE = re.compile(r"(video_?)?(bit_?rate|kbps|mbps)(_kbps|_mbps|_bps)?|log10_bits_per_pixel|bpp")
_DISTANCES = re.compile(r"lpips|dists|gmsd|mse|mae|rmse_pixels")
_POOLED = re.compile(r"[_ -](mean|avg|average|hmean|harmonic_mean|score|pooled)$")


def direction_findings(
    clips: Sequence[Clip], tables: Sequence[JoinedTable], scale: tuple[float, float]
) -> tuple[Finding, ...]:
    """What feature tables of full-reference measures and bit rates say of the scale's direction.

    Where VMAF, PSNR or SSIM fall clearly as the rating rises, the scale is upside down. Columns
    called adm2 or vif may come from a transcode, which is more like a bad clip than a good one:
    alone they warn, and block where bit rates agree.
    """
    mos = np.array([clip.mos for clip in clips], dtype=float)
    asked = [
        (table.name, name, kind, rho, rows)
        for table in tables
        for name, column in zip(table.columns, table.values.T, strict=True)
        if (kind := _kind(name)) is not None and (told := _rank_correlation(column, mos))
        for rho, rows in [told if kind != "distance" else (-told[0], told[1])]
    ]
    quality = [each for each in asked if each[2] != "rate"]
    against = [each for each in quality if each[3] <= AGAINST]
    # Those that decide are shown first, and of them those that speak loudest.
    against.sort(key=lambda each: (each[2] == "likely", each[3]))
    rates = [each for each in asked if each[2] == "rate" and each[3] <= RATE_AGAINST]
    if not against and not rates:
        return ()
    sure = any(each[2] in ("sure", "distance") for each in against)
    doubted = any(each[3] >= IN_FAVOUR for each in quality)
    blocks = not doubted and bool(against) and (sure or bool(rates))
    shown = ", ".join(
        f"{name} {rho:+.2f} (n = {rows})" for _, name, _, rho, rows in (against + rates)[:4]
    )
    worst, best = scale
    return (
        Finding(
            Severity.BLOCKS if blocks else Severity.WARNS,
            f"the better a clip is measured, the lower it is rated under scale = [{worst:g}, "
            f"{best:g}]: rank correlation of the rating with {shown}",
            "table " + ", ".join(sorted({each[0] for each in against + rates})),
            f"If the ratings run the other way, declare scale = [{best:g}, {worst:g}]; otherwise "
            "the rows of that table are of other clips",
        ),
    )


def rate_findings(clips: Sequence[Clip], scale: tuple[float, float]) -> tuple[Finding, ...]:
    """A warning where, of clips of one content, those of more bits are rated lower.

    It asks the probes of clips that share their content with others, and so no corpus whose clips
    are all of different contents: there bit rates tell of the content.
    """
    of_group: dict[str, list[tuple[float, float]]] = {}
    for clip in clips:
        probe = clip.probe
        if probe is not None and probe.coded_bytes and probe.frames:
            rate = float(np.log(probe.coded_bytes / probe.frames * probe.fps))
            of_group.setdefault(clip.content_group, []).append((rate, clip.mos))
    groups = [np.array(rows) for rows in of_group.values() if len(rows) > 1]
    if sum(map(len, groups)) < ROWS or len(groups) < 2:
        return ()
    within = np.concatenate([rows - rows.mean(axis=0) for rows in groups])
    told = _rank_correlation(within[:, 0], within[:, 1])
    if told is None or told[0] > AGAINST:
        return ()
    worst, best = scale
    return (
        Finding(
            Severity.WARNS,
            f"of clips of one content, those of more bits a second are rated lower under scale = "
            f"[{worst:g}, {best:g}]: rank correlation {told[0]:+.2f} (n = {told[1]})",
            "the clips",
            f"If the ratings run the other way, declare scale = [{best:g}, {worst:g}]",
        ),
    )


def measured_direction(
    names: Sequence[str], values: FloatArray, mos: FloatArray
) -> tuple[str, ...]:
    """What adm2 and vif, measured against pristine files, say of the direction of the ratings.

    values: [n, features]; mos: [n]. A sentence where none of them rises with the rating and at
    least one falls clearly; nothing where there are fewer than ROWS clips.
    """
    asked = [
        (name, *told)
        for name, column in zip(names, values.T, strict=True)
        if _kind(name) == "likely" and (told := _rank_correlation(column, mos)) is not None
    ]
    if not any(rho <= AGAINST for _, rho, _ in asked):
        return ()
    if any(rho >= IN_FAVOUR for _, rho, _ in asked):
        return ()
    shown = ", ".join(f"{name} {rho:+.2f} (n = {rows})" for name, rho, rows in asked)
    return (
        "the nearer clips are to their pristine files, the lower they are rated: rank correlation "
        f"of the rating with {shown}; if lower is better, swap the two ends of scale in "
        "corpus.toml",
    )


def measures_quality(names: Sequence[str]) -> bool:
    """Whether any of these columns would be asked."""
    return any(_kind(name) is not None for name in names)


def _kind(name: str) -> str | None:
    plain = _POOLED.sub("", name.strip().casefold().replace(" ", "_").replace("-", "_"))
    kinds = (("sure", _SURE), ("likely", _LIKELY), ("rate", _RATE), ("distance", _DISTANCES))
    return next((kind for kind, pattern in kinds if pattern.fullmatch(plain)), None)


def _rank_correlation(column: FloatArray, mos: FloatArray) -> tuple[float, int] | None:
    """(Spearman's, rows that have both), or None where it cannot be told."""
    known = np.isfinite(column)
    rows = int(known.sum())
    if rows < ROWS:
        return None
    found = spearman(column[known], mos[known]).r
    return None if found is None else (found, rows)
