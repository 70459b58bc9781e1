"""What users of a released head import: features or a clip in, opinion score out.

>>> from mos_assets import Predictor
>>> predictor = Predictor()
>>> predictor.predict_mos({"adm2": 0.93, ...}, "libx264").mos
>>> predictor.predict_clip("clip.mp4").interval
"""

from mos_assets.predictor.batch import MosPredictions, OnMissing
from mos_assets.predictor.predictor import Predictor
from mos_assets.predictor.results import ClipPrediction, MosPrediction, Source

__all__ = [
    "ClipPrediction",
    "MosPrediction",
    "MosPredictions",
    "OnMissing",
    "Predictor",
    "Source",
]
