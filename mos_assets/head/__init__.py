"""The head: from rated rows to out-of-fold predictions and one ONNX file.

Training tables come in, trained heads and their honest predictions go out. Which rows exist, how
folds are cut and whether the figures suffice is the business of other layers.
"""

from mos_assets.head.closed_forms import ClosedForms, closed_forms, nested_out_of_fold
from mos_assets.head.experts import in_words
from mos_assets.head.export import (
    PARITY_LIMIT,
    ExportedHead,
    export_onnx,
    onnx_predict,
    parity,
)
from mos_assets.head.inputs import MISSING_VALUE
from mos_assets.head.model import Head
from mos_assets.head.operators import check_operators
from mos_assets.head.recipe import Recipe
from mos_assets.head.training import Predict, TrainingResult, fold_lines, plan_for, train

__all__ = [
    "MISSING_VALUE",
    "PARITY_LIMIT",
    "ClosedForms",
    "ExportedHead",
    "Head",
    "Predict",
    "Recipe",
    "TrainingResult",
    "check_operators",
    "closed_forms",
    "export_onnx",
    "fold_lines",
    "in_words",
    "nested_out_of_fold",
    "onnx_predict",
    "parity",
    "plan_for",
    "train",
]
