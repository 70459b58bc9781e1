"""The data classes that cross the doors between rooms, and the constants of the domain.

Nothing here computes: rooms build these, hand them over, and never pass dictionaries,
open database handles or file objects instead.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from mos_assets.records.alignment import AlignedFigures, CorpusAlignment, CorpusMap
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
    from mos_assets.records.declared import (
        ColumnAgreement,
        Declaration,
        DeclaredFeatures,
        ProofStatus,
    )
    from mos_assets.records.envelope import Envelope, EnvelopeColumn
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
    from mos_assets.records.incoming import INSIDE, OUTSIDE, ClipScore, IncomingClip
    from mos_assets.records.ratings import (
        UNREPEATED,
        Disagreement,
        EstimatorFacts,
        RatedCorpus,
        RaterFacts,
        RatingsSummary,
        SessionFacts,
        SessionNoise,
        SuspicionKind,
        SuspiciousRating,
        VotesFacts,
    )
    from mos_assets.records.scores import FigureRow, FoldScore, Named, Reported, SeedScore
    from mos_assets.records.training import (
        FeatureLoss,
        FoldLines,
        OutOfFold,
        PastPredictions,
        TrainingTable,
    )
    from mos_assets.records.votes import (
        BoolArray,
        ClipRatings,
        Estimate,
        Estimator,
        RaterFigures,
        Votes,
    )


__all__ = [
    "ENCODER_INPUT",
    "ENCODER_VOCABULARY",
    "ENCODER_VOCABULARY_VERSION",
    "FEATURES_INPUT",
    "INSIDE",
    "MOS_MAX",
    "MOS_MIN",
    "MOS_OUTPUT",
    "OUTSIDE",
    "SEED",
    "UNREPEATED",
    "AlignedFigures",
    "BoolArray",
    "Clip",
    "ClipRatings",
    "ClipScore",
    "ColumnAgreement",
    "Corpus",
    "CorpusAlignment",
    "CorpusMap",
    "Declaration",
    "DeclaredFeatures",
    "Disagreement",
    "Download",
    "DownloadState",
    "Envelope",
    "EnvelopeColumn",
    "Estimate",
    "Estimator",
    "EstimatorFacts",
    "FeatureLoss",
    "FeatureMatrix",
    "FeatureTable",
    "FigureRow",
    "Finding",
    "FloatArray",
    "FoldLines",
    "FoldScore",
    "GateKind",
    "IncomingClip",
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
    "ProofStatus",
    "RatedCorpus",
    "RaterFacts",
    "RaterFigures",
    "RatingsSummary",
    "RejectedRow",
    "Reported",
    "SeedScore",
    "SeenFile",
    "SessionFacts",
    "SessionNoise",
    "Setback",
    "Severity",
    "ShotFigures",
    "ShotRow",
    "Status",
    "SuspicionKind",
    "SuspiciousRating",
    "TrainingTable",
    "Unmatched",
    "Votes",
    "VotesFacts",
]

_LATE = (
    "corpus",
    "features",
    "training",
    "votes",
    "alignment",
    "ratings",
    "scores",
    "envelope",
    "incoming",
    "declared",
)


def __getattr__(name: str) -> Any:
    """Load what is asked for: whoever imports a predictor needs the constants alone, and the
    figures by name need pydantic."""
    if name in __all__:
        for module in _LATE:
            found = getattr(import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
