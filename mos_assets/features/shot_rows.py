"""Rows of the shot metadata: from our own measurement, or from figures that somebody else took."""

from __future__ import annotations

from dataclasses import replace

from mos_assets.features.extractors.base import Columns
from mos_assets.features.extractors.shots import Shots, measured_shots, shot_columns
from mos_assets.records import Clip, Measurement, Setback, ShotFigures, ShotRow

_COLUMNS = tuple(column.name for column in Shots.columns)
MEASURED = "measured"
"""Source of a row that the platform measured itself."""


def measured_shot_row(
    clip: Clip, found: Measurement | Setback | None, fingerprint: str | None
) -> ShotRow:
    """The row of a clip whose shots were, or should have been, measured here.

    fingerprint: of the shots part; None where the chosen features need no shots.
    """
    if fingerprint is None:
        return missing_shot_row(clip, MEASURED, "none", "the chosen features need no shots")
    if clip.sha256 is None:
        return missing_shot_row(clip, MEASURED, fingerprint, "there is no clip for this label")
    if found is None:
        return missing_shot_row(
            clip, MEASURED, fingerprint, "not measured yet; materialize clip_measurements"
        )
    if found.reason is not None:
        return missing_shot_row(clip, MEASURED, fingerprint, found.reason)
    figures = measured_shots(found.figures)
    return shot_row(clip, figures, MEASURED, fingerprint)


def shot_row(clip: Clip, figures: ShotFigures, source: str, fingerprint: str) -> ShotRow:
    """The row of a clip from its shot figures; frames unknown there are taken from the probe."""
    if figures.frames is None and clip.probe is not None:
        figures = replace(figures, frames=clip.probe.frames)
    columns = shot_columns(figures)
    row = normalised_shot_row(clip, columns, source, fingerprint)
    return replace(
        row,
        shot_count=figures.shot_count,
        mean_length_s=figures.mean_length_s,
        length_std_s=figures.length_std_s,
    )


def normalised_shot_row(clip: Clip, columns: Columns, source: str, fingerprint: str) -> ShotRow:
    """The row of a clip from columns that are normalised already."""
    count, length, density = (columns.figures.get(name) for name in _COLUMNS)
    return ShotRow(
        clip_id=clip.clip_id,
        corpus=clip.corpus,
        shot_count=None,
        mean_length_s=None,
        length_std_s=None,
        shot_count_norm=count,
        shot_mean_len_norm=length,
        shot_cut_density=density,
        source=source,
        fingerprint=fingerprint,
        reason=columns.reason,
    )


def missing_shot_row(clip: Clip, source: str, fingerprint: str, reason: str) -> ShotRow:
    """The row of a clip whose shots cannot be had."""
    return normalised_shot_row(clip, Columns({}, reason), source, fingerprint)


def columns_of(row: ShotRow) -> Columns:
    """The columns of the `shots` block in a stored row."""
    values = (row.shot_count_norm, row.shot_mean_len_norm, row.shot_cut_density)
    figures = {
        name: value for name, value in zip(_COLUMNS, values, strict=True) if value is not None
    }
    return Columns(figures, row.reason)
