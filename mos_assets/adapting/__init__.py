"""Adapting a head to some rated clips of one's own: a layer beside it, fitted and judged.

The head stays as it is. Ridge regression of its residuals, Hoerl & Kennard, Technometrics 12, 1970.
"""

from mos_assets.adapting.layer import ADAPTED, Adaptation, Judgement, read_adaptation
from mos_assets.adapting.rows import LEAST_CLIPS, LEAST_CONTENTS, MOST_CLIPS, RatedRows

__all__ = [
    "ADAPTED",
    "LEAST_CLIPS",
    "LEAST_CONTENTS",
    "MOST_CLIPS",
    "Adaptation",
    "Judgement",
    "RatedRows",
    "read_adaptation",
]
"""What fits and judges lies in `fitting` and `judging`, which a predictor need not load."""
