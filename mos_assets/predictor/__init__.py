"""What users of a released head import: features in, opinion score out.

>>> from mos_assets import Predictor
>>> predictor = Predictor()
>>> predictor.predict_mos({"adm2": 0.93, ...}, "libx264").mos
"""

from mos_assets.predictor.batch import MosPredictions, OnMissing
from mos_assets.predictor.predictor import MosPrediction, Predictor, Source

__all__ = ["MosPrediction", "MosPredictions", "OnMissing", "Predictor", "Source"]
