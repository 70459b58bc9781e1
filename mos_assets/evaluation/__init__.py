"""Out-of-fold predictions to figures, intervals and the verdict. No page is written here.

The door of the room: everything that the layers above use is named here.
"""

from mos_assets.evaluation.aligned import aligned_figures
from mos_assets.evaluation.applicability import Standing, distance, outside
from mos_assets.evaluation.beats import ShortcutVerdict, beats_shortcuts
from mos_assets.evaluation.comparison import Comparison, compare, not_compared
from mos_assets.evaluation.criteria import GATE, Criterion, Gate, MeanOverSeeds
from mos_assets.evaluation.envelope import fit_envelope
from mos_assets.evaluation.feature_sets import (
    BlockHere,
    FeatureComparison,
    FeatureSets,
    feature_sets,
    sets_of,
)
from mos_assets.evaluation.gate import judge
from mos_assets.evaluation.importance import Shuffles
from mos_assets.evaluation.leaks import LEAK_CORRELATION, leaking_features
from mos_assets.evaluation.metrics import PLCC, RMSE, Metric, plcc, rmse, srocc
from mos_assets.evaluation.mixed import (
    CrossFigures,
    TestedCorpus,
    cross_figures,
    drawn_clips,
    drawn_tested,
    without_figures,
)
from mos_assets.evaluation.shortcuts import BesideColumns
from mos_assets.evaluation.splits import SplitRanges, split_ranges, split_table
from mos_assets.evaluation.transfer import (
    ScoredCorpus,
    TransferFigures,
    scored_by_folds,
    transfer_figures,
)

__all__ = [
    "GATE",
    "LEAK_CORRELATION",
    "PLCC",
    "RMSE",
    "BesideColumns",
    "BlockHere",
    "Comparison",
    "Criterion",
    "CrossFigures",
    "FeatureComparison",
    "FeatureSets",
    "Gate",
    "MeanOverSeeds",
    "Metric",
    "ScoredCorpus",
    "ShortcutVerdict",
    "Shuffles",
    "SplitRanges",
    "Standing",
    "TestedCorpus",
    "TransferFigures",
    "aligned_figures",
    "beats_shortcuts",
    "compare",
    "cross_figures",
    "distance",
    "drawn_clips",
    "drawn_tested",
    "feature_sets",
    "fit_envelope",
    "judge",
    "leaking_features",
    "not_compared",
    "outside",
    "plcc",
    "rmse",
    "scored_by_folds",
    "sets_of",
    "split_ranges",
    "split_table",
    "srocc",
    "transfer_figures",
    "without_figures",
]
