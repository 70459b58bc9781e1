"""A Dagster data platform that turns rated video clips into an honestly gated MOS predictor."""

from mos_assets.predictor import MosPrediction, Predictor

__version__ = "0.1.0"

__all__ = ["MosPrediction", "Predictor", "__version__"]
