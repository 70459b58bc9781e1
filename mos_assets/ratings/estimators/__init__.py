"""The estimators, a file each, and the registry that everything else goes through."""

from __future__ import annotations

from mos_assets.ratings.estimators.base import Fit, RatingEstimator
from mos_assets.ratings.estimators.bt500 import Bt500
from mos_assets.ratings.estimators.mean import Mean
from mos_assets.ratings.estimators.p913 import P913
from mos_assets.records import Estimator

__all__ = ["ESTIMATORS", "Fit", "RatingEstimator"]

ESTIMATORS: dict[Estimator, RatingEstimator] = {
    estimator.name: estimator for estimator in (Mean(), P913(), Bt500())
}
"""Every estimator by its name in corpus.toml."""

if set(ESTIMATORS) != set(Estimator):
    raise TypeError("every name of an estimator has one, and no estimator lacks its name")
