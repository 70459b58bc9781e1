"""Columns of feature tables that a head does not train on and is compared with all the same: what
containers tell, and metrics of others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from mos_assets.corpora.corpus_toml import read_toml
from mos_assets.corpora.layouts import layout_of
from mos_assets.corpora.request import CORPUS_TOML, FEATURES_FOLDER, corpus_folder
from mos_assets.errors import CorpusError
from mos_assets.records import FloatArray, JoinedTable

KNOWN_METRICS = frozenset(
    (
        *("vmaf", "vmaf_neg", "psnr", "psnr_y", "psnr_hvs", "wpsnr", "ssim", "ssim_y", "ms_ssim"),
        *("msssim", "fsim", "gmsd", "ciede2000", "cambi", "lpips", "dists", "niqe", "brisque"),
        *("piqe", "musiq", "dover", "dover_mobile", "fast_vqa", "fastvqa", "q_align", "md_vqa"),
    )
)
"""Names of columns that are metrics of others without `[metrics]` saying so, in lower case."""
_SHOWN = 12


def table_columns(
    tables: Sequence[JoinedTable], chosen: Callable[[str], bool]
) -> dict[str, FloatArray]:
    """Columns [clips] whose names are chosen, by the name that they have there.

    Where two tables carry a column, that of the first one is taken.
    """
    found: dict[str, FloatArray] = {}
    for table in tables:
        for at, column in enumerate(table.columns):
            if column not in found and chosen(column):
                found[column] = table.values[:, at]
    return found


def foreign_metrics(
    name: str, root: Path, tables: Sequence[JoinedTable], inputs: Collection[str]
) -> dict[str, FloatArray]:
    """Metrics of others [clips] by name: those of `[metrics]`, and columns of `KNOWN_METRICS` that
    are no input of the head.

    inputs: names of the head's columns. Raises CorpusError where `[metrics]` names a column that
    no table of the corpus has.
    """
    path = corpus_folder(name, root) / CORPUS_TOML
    told = layout_of(name).self_described and path.is_file()
    declared: Mapping[str, str] = read_toml(path.parent).metrics if told else {}
    places = {
        f"{table.name}.{column}": (column, table.values[:, at])
        for table in tables
        for at, column in enumerate(table.columns)
    }
    found: dict[str, FloatArray] = {}
    for metric, place in declared.items():
        if place not in places:
            there = ", ".join(sorted(places)[:_SHOWN])
            raise CorpusError(
                f"{path}: metrics.{metric}: {place!r} is no <table>.<column> of numbers in "
                f"{FEATURES_FOLDER}/ (there: {there or 'none'})."
            )
        found[metric] = places[place][1]
    known = KNOWN_METRICS - {column.casefold() for column in inputs}
    for place, (column, values) in places.items():
        if column.casefold() in known and place not in declared.values():
            found.setdefault(column, values)
    return found
