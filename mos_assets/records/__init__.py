"""The data classes that cross the doors between rooms, and the constants of the domain.

Nothing here computes: rooms build these, hand them over, and never pass dictionaries,
open database handles or file objects instead.
"""

from mos_assets.records.corpus import (
    Clip,
    Corpus,
    Download,
    DownloadState,
    KnownClip,
    Label,
    LabelFile,
    Probe,
    RejectedRow,
    SeenFile,
)
from mos_assets.records.domain import (
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    MOS_MAX,
    MOS_MIN,
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
    ShotFigures,
    ShotRow,
)
from mos_assets.records.scores import FigureRow, FoldScore, Named, Reported, SeedScore
from mos_assets.records.training import (
    FeatureLoss,
    OutOfFold,
    PastPredictions,
    TrainingTable,
)

__all__ = [
    "ENCODER_VOCABULARY",
    "ENCODER_VOCABULARY_VERSION",
    "MOS_MAX",
    "MOS_MIN",
    "SEED",
    "Clip",
    "Corpus",
    "Download",
    "DownloadState",
    "FeatureLoss",
    "FeatureMatrix",
    "FeatureTable",
    "FigureRow",
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
    "OutOfFold",
    "PastPredictions",
    "Probe",
    "RejectedRow",
    "Reported",
    "SeedScore",
    "SeenFile",
    "ShotFigures",
    "ShotRow",
    "Status",
    "TrainingTable",
]
