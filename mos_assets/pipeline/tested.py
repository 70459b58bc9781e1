"""Showing the heads of a candidate the corpora that only test, while they are trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mos_assets.head import Head
from mos_assets.records import FloatArray, IntArray, TrainingTable
from mos_assets.settings import RunSettings
from mos_assets.store import Database, transfer_rows
from mos_assets.store.transfer_rows import Shown, TestRows

Predict = Callable[[FloatArray, IntArray], FloatArray]


class Tested:
    """The rows of test corpora, and what each head that leaves a fold out says of them."""

    def __init__(self, rows: Sequence[TestRows], seeds: Sequence[int]) -> None:
        self.rows = tuple(one for one in rows if len(one.table.mos))
        self._seeds = tuple(seeds)
        self._found: dict[tuple[int, int], list[FloatArray]] = {}

    def watch(self, seed: int, fold: int, predict: Predict) -> None:
        """Ask a head that is about to be dropped."""
        self._found[seed, fold] = [
            predict(one.table.features, one.table.encoder) for one in self.rows
        ]

    def shown(self, head: Head) -> tuple[Shown, ...]:
        """What was said, the head that ships asked last."""
        folds = tuple(sorted({fold for _, fold in self._found}))
        return tuple(
            Shown(
                one.corpus,
                one.table.clip_ids,
                self._seeds,
                folds,
                np.array([[self._found[seed, fold][at] for fold in folds] for seed in self._seeds]),
                head.predict(one.table.features, one.table.encoder),
            )
            for at, one in enumerate(self.rows)
        )


def shown_rows(run: RunSettings, database: Database, table: TrainingTable) -> tuple[TestRows, ...]:
    """The rows of MOS_TEST_CORPUS as heads trained on this table take them."""
    return tuple(
        transfer_rows.read_test_rows(database, corpus, table.encoder_vocab, gaps=run.imputes)
        for corpus in run.test_corpora
    )
