"""A Dagster data platform that turns rated video clips into an honestly gated MOS predictor."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mos_assets.predictor import MosPrediction, MosPredictions, Predictor

__version__ = "0.1.0"

__all__ = ["MosPrediction", "MosPredictions", "Predictor", "__version__"]


def __getattr__(name: str) -> Any:
    """Load the predictor when it is asked for: the program that reads headers never does."""
    if name in ("MosPrediction", "MosPredictions", "Predictor"):
        from mos_assets import predictor

        return getattr(predictor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
