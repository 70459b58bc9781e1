"""Votes of single raters → ratings of clips, and what can be wrong with either."""

from mos_assets.ratings.alignment import Alignment, SessionMap, align_sessions, aligned
from mos_assets.ratings.ceiling import (
    BothCeilings,
    both_ceilings,
    interval_of_noise,
    noise_between,
    noise_of_labels,
    noise_of_votes,
)
from mos_assets.ratings.comparison import Comparison, compare
from mos_assets.ratings.estimation import Held, estimate, hold_to_scale
from mos_assets.ratings.pooling import pooled
from mos_assets.ratings.precision import precision_weights
from mos_assets.ratings.suspicious import suspicious_ratings, unexplained_residuals

__all__ = [
    "Alignment",
    "BothCeilings",
    "Comparison",
    "Held",
    "SessionMap",
    "align_sessions",
    "aligned",
    "both_ceilings",
    "compare",
    "estimate",
    "hold_to_scale",
    "interval_of_noise",
    "noise_between",
    "noise_of_labels",
    "noise_of_votes",
    "pooled",
    "precision_weights",
    "suspicious_ratings",
    "unexplained_residuals",
]
