"""Out-of-fold predictions to figures, intervals and the verdict. No page is written here.

The door of the room: everything that the layers above use is named here.
"""

from mos_assets.evaluation.aligned import aligned_figures
from mos_assets.evaluation.comparison import Comparison, compare, not_compared
from mos_assets.evaluation.criteria import GATE, Criterion, Gate, MeanOverSeeds
from mos_assets.evaluation.gate import judge
from mos_assets.evaluation.importance import Shuffles
from mos_assets.evaluation.leaks import LEAK_CORRELATION, leaking_features
from mos_assets.evaluation.metrics import PLCC, RMSE, Metric, plcc, rmse, srocc

__all__ = [
    "GATE",
    "LEAK_CORRELATION",
    "PLCC",
    "RMSE",
    "Comparison",
    "Criterion",
    "Gate",
    "MeanOverSeeds",
    "Metric",
    "Shuffles",
    "aligned_figures",
    "compare",
    "judge",
    "leaking_features",
    "not_compared",
    "plcc",
    "rmse",
    "srocc",
]
