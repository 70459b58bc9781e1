"""The one job: everything, from the corpus to the released head."""

from __future__ import annotations

import dagster as dg

RETRAIN_TAG = {"mos_assets/job": "retrain"}

retrain = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.all(),
    description="Take the corpora as they are now, measure what is new, train, judge, release.",
    tags=RETRAIN_TAG,
)
