"""The jobs: everything from the corpus to the released head, and the pruning of what is old."""

from __future__ import annotations

import dagster as dg

from mos_assets.assets.provenance import PREFIX

RETRAIN = "retrain"
PRUNE = "prune"
CAUSE_TAG = f"{PREFIX}cause"
"""Why a run was started: the sensor, and what it saw."""
STORE_TAG = f"{PREFIX}writes"
"""The jobs below carry it; dagster.yaml lets one run with this tag through at a time. A run of the
asset graph ("Materialize all") has no tags of ours: it waits for the run lock of the store."""

retrain = dg.define_asset_job(
    RETRAIN,
    selection=dg.AssetSelection.all(),
    description=(
        "Take the corpora as they are now, measure what is new, train, judge, release. One at a "
        "time: further launches queue. Launching it by hand after clips were removed confirms the "
        "removal."
    ),
    tags={
        STORE_TAG: "store",
        # Only runs whose process died are tried again (dagster.yaml), and from the start: files
        # may have changed meanwhile, and what was measured is found again.
        "dagster/retry_strategy": "ALL_STEPS",
    },
)
