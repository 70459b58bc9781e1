"""How often `beats_shortcuts` passes a head that is no better than its shortcut, and one that is.

Generated ratings of clips that share contents. Head and shortcut err by as much, over contents and
over clips; a head that is better errs by 40 % less. Shares of generated corpora whose margin in
PLCC lies above 0 with 95 % confidence: by means over folds, and by all folds as one, which is taken
with fewer than 100 contents.
"""

from __future__ import annotations

import argparse

import numpy as np

from mos_assets.evaluation.metrics import PLCC
from mos_assets.evaluation.resampling import Figures, interval_of, resample
from mos_assets.records import FloatArray

SHAPES = ((5, 40), (6, 40), (10, 40), (16, 40), (40, 15), (120, 5))
"""Contents, and clips of each on average."""
BETTER = 0.4


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=int, default=400, help="generated of each kind")
    options = parser.parse_args()
    print("| contents | no better: folds | as one | better: folds | as one |")
    print("|---:|---:|---:|---:|---:|")
    for contents, clips in SHAPES:
        shares = [
            passed(contents, clips, lead, options.corpora, one)
            for lead in (0.0, BETTER)
            for one in (False, True)
        ]
        print(
            f"| {contents} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |", flush=True
        )


def passed(contents: int, clips: int, lead: float, corpora: int, one: bool) -> float:
    """Share of corpora on which the head passes."""
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(corpora):
        group = np.repeat(np.arange(contents), rng.integers(clips // 2, 2 * clips, contents))
        n, own = len(group), np.exp(rng.normal(0, 0.5, contents))
        true = rng.uniform(1, 5, n)
        mos = true + rng.normal(0, 0.25, contents)[group] + rng.normal(0, 0.25, n)
        errors = [
            0.35 * (own * rng.normal(size=contents))[group] + rng.normal(0, 0.35, n)
            for _ in range(2)
        ]
        predicted = np.array([true + (1.0 - lead) * errors[0], true + errors[1]])
        folds = (rng.permutation(contents) % 5)[group]
        drawn = resample(
            predicted,
            np.clip(mos, 1, 5),
            np.zeros_like(folds) if one else folds,
            [f"g{g:03d}" for g in group],
            [PLCC],
        )
        interval = interval_of(drawn, margin)
        found += interval is not None and interval.low > 0.0
    return found / corpora


def margin(figures: Figures) -> FloatArray:
    """Head minus shortcut."""
    return figures["plcc"][:, 0] - figures["plcc"][:, 1]


if __name__ == "__main__":
    main()
