"""What it is worth that corpora are mapped onto one scale before they train together.

    python bench/alignment.py --root FOLDER \\
        --corpus konvid-1k:videval --lines "0,1 1.2,.6 -.9,1.2"

Two fifths of a corpus's contents are given ratings of another scale, own = offset + slope * MOS,
and train with the others as a corpus of their own. Figures are out of fold, pooled, one seed, each
clip against its own rating: of heads trained on the ratings as they are, and of heads that align.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from quality import from_disk

from mos_assets.evaluation import aligned_figures
from mos_assets.head import Recipe, train
from mos_assets.records import MOS_MAX, MOS_MIN, SEED, TrainingTable

PART = "other"
SHARE = 0.4


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--corpus", action="append", required=True, metavar="NAME:FEATURES")
    parser.add_argument("--lines", default="0,1 1.2,.6", help="offset,slope of the part, several")
    options = parser.parse_args()
    print("| corpus | made | found | clips of | PLCC, without | RMSE, without |")
    print("|---|---|---|---|---|---|")
    for corpus in options.corpus:
        name, _, features = corpus.partition(":")
        table = from_disk(name, features.split("+"), options.root)
        for line in options.lines.split():
            offset, slope = (float(number) for number in line.split(","))
            report(name, parted(table, offset, slope), line)


def parted(table: TrainingTable, offset: float, slope: float) -> TrainingTable:
    """Some contents as a corpus of their own, rated on another scale."""
    contents = sorted(set(table.groups))
    rng = np.random.default_rng(SEED)
    chosen = set(rng.choice(contents, round(SHARE * len(contents)), replace=False).tolist())
    own = np.array([group in chosen for group in table.groups])
    mos = np.where(own, np.clip(offset + slope * table.mos, MOS_MIN, MOS_MAX), table.mos)
    clips = [
        f"{PART}/{clip.partition('/')[2]}" if other else clip
        for clip, other in zip(table.clip_ids, own, strict=True)
    ]
    return replace(table, clip_ids=tuple(clips), mos=mos)


def report(name: str, table: TrainingTable, made: str) -> None:
    """A line over all, and one for each part."""
    with_maps, without = (
        train(table, Recipe(align=align), [SEED], progress=lambda _: None)
        for align in (True, False)
    )
    if with_maps.alignment is None:
        raise SystemExit(f"{name}: one corpus")
    corpora = [one.corpus for one in with_maps.alignment.maps]
    predicted = (found.out_of_fold.predictions[0] for found in (with_maps, without))
    line = next(one for one in with_maps.alignment.maps if one.corpus == PART)
    told = line.reason or f"{line.offset:.2f}, {line.slope:.2f}"
    for row in aligned_figures(table, *predicted, corpora):
        print(
            f"| {name} | {made} | {told} | {row.corpus or 'all'} | {row.plcc:.4f}, "
            f"{row.plcc_without:.4f} | {row.rmse:.4f}, {row.rmse_without:.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
