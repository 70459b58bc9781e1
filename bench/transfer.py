"""What a head that is trained on one corpus is worth on another, whose contents it may know.

Both are read from their label files and feature tables. Clips of contents that train are scored by
the heads of the fold that left them out, all others by the mean over fold heads, so that every
figure is about contents unseen. Prints the table of `transfer_report`, with foreign metrics of the
test corpus in it, what lies outside the training rows, and the CPU seconds of each step.

    python bench/transfer.py --root CORPORA --train avt-vqdb-uhd-1 --test avt-vqdb-uhd-1-nvc
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.corpora import CorpusRequest, join_table, load_corpus, load_feature_tables
from mos_assets.evaluation.applicability import distance, outside
from mos_assets.evaluation.beats import beats_shortcuts
from mos_assets.evaluation.conformal import prediction_interval
from mos_assets.evaluation.envelope import fit_envelope
from mos_assets.evaluation.shortcuts import BesideColumns
from mos_assets.evaluation.splits import split_ranges, split_table
from mos_assets.evaluation.transfer import ScoredCorpus, scored_by_folds, transfer_figures
from mos_assets.features import expand_columns, parse_blocks
from mos_assets.head import Recipe, train
from mos_assets.head.closed_forms import closed_forms
from mos_assets.records import SEED, Clip, FloatArray, TrainingTable
from mos_assets.reporting.transfer_report import transfer_table
from mos_assets.splitting.cuts import further_cuts
from mos_assets.splitting.folds import FoldRow, assign_folds
from mos_assets.splitting.known_contents import ContentRow, known_contents

FOLDS = 5
CONTAINER = ("log10_bits_per_pixel", "height", "width", "fps", "bit_rate_kbps")
METRICS = ("vmaf", "psnr", "ssim", "lpips")


@dataclass(frozen=True)
class Rows:
    """A corpus from its tables."""

    table: TrainingTable
    clips: tuple[Clip, ...]
    beside: BesideColumns


def main() -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--train", default="avt-vqdb-uhd-1")
    parser.add_argument("--test", default="avt-vqdb-uhd-1-nvc")
    parser.add_argument("--features", default="canonical-6+container-v1")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    here = from_disk(options.train, options.features, options.root)
    there = from_disk(options.test, options.features, options.root)
    seeds = [SEED + index for index in range(options.seeds)]
    heads: dict[tuple[int, int], FloatArray] = {}

    def watch(seed: int, fold: int, predict) -> None:  # type: ignore[no-untyped-def]
        heads[seed, fold] = predict(there.table.features, there.table.encoder)

    clock = Clock()
    found = train(here.table, Recipe(), seeds, progress=lambda _: None, watch=watch)
    clock.say("training")
    envelope = fit_envelope(
        here.table.feature_order, here.table.features, here.table.folds, here.table.groups
    )
    assert envelope is not None
    clock.say("envelope")
    verdict = beats_shortcuts(here.table, found.out_of_fold, here.beside)
    clock.say("shortcuts")
    rows = split_table(here.table)
    ranges = split_ranges(
        rows, further_cuts(rows.groups, FOLDS, 10), closed_forms(rows).out_of_fold, "closed forms"
    )
    clock.say("further cuts")
    known = known_contents(content_rows(here), content_rows(there))
    folds = sorted({fold for _, fold in heads})
    tested = ScoredCorpus(
        name=options.test,
        table=there.table,
        predictions=scored_by_folds(
            np.array([[heads[seed, fold] for fold in folds] for seed in seeds]),
            folds,
            [scorer.folds for scorer in known.scorers],
        ),
        known=np.array([scorer.known for scorer in known.scorers]),
        half_width=prediction_interval(here.table, found.out_of_fold).half_width,
        distance=distance(envelope, there.table.features),
        beside=there.beside,
    )
    figures = transfer_figures(tested)
    clock.say("transfer figures")
    print(f"\n{verdict.sentence}")
    if verdict.beyond is not None:
        print(verdict.beyond.sentence)
    for each in ranges.ranges:
        print(f"{each.metric} on 10 further cuts: {each.low} to {each.high}, here {each.here}")
    print(f"\n{figures.known} of {figures.clips} clips show contents that train.\n")
    print(transfer_table([figures]))
    print(figures.shortcuts.sentence)
    far = [s for s in outside(envelope, there.table.features) if not s.inside]
    for standing in sorted(far, key=lambda s: -max([s.joint, *(c.times for c in s.columns)]))[:5]:
        print(f"- {standing.sentence}")


class Clock:
    """CPU seconds of steps."""

    def __init__(self) -> None:
        self._at = time.process_time()

    def say(self, what: str) -> None:
        """Print what the step that ends now has cost."""
        now = time.process_time()
        print(f"{what}: {now - self._at:.1f} CPU s", flush=True)
        self._at = now


def from_disk(name: str, features: str, root: Path) -> Rows:
    """The complete rows of a corpus, from its feature tables."""
    corpus = load_corpus(CorpusRequest(name, root), workers=1, progress=lambda _: None)
    joined = [join_table(corpus.clips, table) for table in load_feature_tables(name, root)]
    columns = {
        column: table.values[:, at] for table in joined for at, column in enumerate(table.columns)
    }
    order = expand_columns(parse_blocks(features), {table.name: table.columns for table in joined})
    values = np.column_stack([columns[column] for column in order])
    whole = np.isfinite(values).all(axis=1)
    clips = tuple(clip for clip, ok in zip(corpus.clips, whole, strict=True) if ok)
    split = assign_folds(
        [FoldRow(c.clip_id, c.content_group, c.mos, c.sha256) for c in clips], FOLDS, {}
    )
    of = {row.clip_id: row for row in split.folds}
    unknown = np.full(len(clips), np.nan)
    table = TrainingTable(
        clip_ids=tuple(clip.clip_id for clip in clips),
        feature_order=order,
        features=values[whole],
        mos=np.array([clip.mos for clip in clips]),
        folds=np.array([of[clip.clip_id].fold for clip in clips]),
        groups=tuple(of[clip.clip_id].group for clip in clips),
        mos_std=np.array([np.nan if c.mos_std is None else c.mos_std for c in clips]),
        n_ratings=np.array([np.nan if c.n_ratings is None else c.n_ratings for c in clips]),
        height=columns["height"][whole] if "height" in columns else unknown,
        codec=(None,) * len(clips),
        part=(None,) * len(clips),
    )
    beside = BesideColumns(
        {column: columns[column][whole] for column in CONTAINER if column in columns},
        {column: columns[column][whole] for column in METRICS if column in columns},
    )
    return Rows(table, clips, beside)


def content_rows(rows: Rows) -> list[ContentRow]:
    """What tells contents, by names that both corpora share."""
    return [
        ContentRow(
            clip.clip_id,
            clip.corpus,
            clip.content_group.removeprefix(f"{clip.corpus}/"),
            "common",
            clip.sha256,
            clip.reference_sha256,
            int(fold),
        )
        for clip, fold in zip(rows.clips, rows.table.folds, strict=True)
    ]


if __name__ == "__main__":
    main()
