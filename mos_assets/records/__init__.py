"""The data classes that cross the doors between rooms, and the constants of the domain.

Nothing here computes: rooms build these, hand them over, and never pass dictionaries,
open database handles or file objects instead.
"""

from typing import TYPE_CHECKING, Any

from mos_assets.records.corpus import (
    Clip,
    Corpus,
    Download,
    DownloadState,
    Finding,
    KnownClip,
    Label,
    LabelFile,
    Probe,
    RejectedRow,
    SeenFile,
    Severity,
    Unmatched,
)
from mos_assets.records.domain import (
    ENCODER_INPUT,
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    FEATURES_INPUT,
    MOS_MAX,
    MOS_MIN,
    MOS_OUTPUT,
    SEED,
    FloatArray,
    GateKind,
    IntArray,
    LabelOrigin,
    Status,
)
from mos_assets.records.features import (
    FeatureMatrix,
    FeatureTable,
    JoinedTable,
    Measurement,
    NotedSetback,
    Setback,
    ShotFigures,
    ShotRow,
)
from mos_assets.records.training import (
    FeatureLoss,
    OutOfFold,
    PastPredictions,
    TrainingTable,
)

if TYPE_CHECKING:
    from mos_assets.records.scores import FigureRow, FoldScore, Named, Reported, SeedScore

__all__ = [
    "ENCODER_INPUT",
    "ENCODER_VOCABULARY",
    "ENCODER_VOCABULARY_VERSION",
    "FEATURES_INPUT",
    "MOS_MAX",
    "MOS_MIN",
    "MOS_OUTPUT",
    "SEED",
    "Clip",
    "Corpus",
    "Download",
    "DownloadState",
    "FeatureLoss",
    "FeatureMatrix",
    "FeatureTable",
    "FigureRow",
    "Finding",
    "FloatArray",
    "FoldScore",
    "GateKind",
    "IntArray",
    "JoinedTable",
    "KnownClip",
    "Label",
    "LabelFile",
    "LabelOrigin",
    "Measurement",
    "Named",
    "NotedSetback",
    "OutOfFold",
    "PastPredictions",
    "Probe",
    "RejectedRow",
    "Reported",
    "SeedScore",
    "SeenFile",
    "Setback",
    "Severity",
    "ShotFigures",
    "ShotRow",
    "Status",
    "TrainingTable",
    "Unmatched",
]

_SCORES = ("FigureRow", "FoldScore", "Named", "Reported", "SeedScore")


def __getattr__(name: str) -> Any:
    """Load pydantic, which figures by name need, only for who asks for them."""
    if name in _SCORES:
        from mos_assets.records import scores

        return getattr(scores, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
