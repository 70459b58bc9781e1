"""The jobs: everything from the corpus to the released head, and the pruning of what is old."""

from __future__ import annotations

import dagster as dg

from mos_assets.assets.naming import PREFIX, Group, Naming

RETRAIN = "retrain"
PRUNE = "prune"
SCORE_INCOMING = "score_incoming"
COMPARE = "compare_features"
ALL_ASSETS_JOB = "__ASSET_JOB"
"""What Dagster calls a run that was started from the asset graph."""
CAUSE_TAG = f"{PREFIX}cause"
"""Why a run was started: the sensor, and what it saw."""
STORE_TAG = f"{PREFIX}writes"
"""What writes to the store for as long as it runs carries it; dagster.yaml lets one run with this
tag through at a time, and one that scores beside it. A run of the asset graph ("Materialize all")
gets it in the queue (`queue.py`)."""

JOBS = (RETRAIN, PRUNE, SCORE_INCOMING, COMPARE)


def retrain_for(naming: Naming) -> dg.UnresolvedAssetJobDefinition:
    """The job from the corpus to the released head."""
    return dg.define_asset_job(
        naming.of(RETRAIN),
        selection=_groups(naming, *(group for group in Group if group is not Group.SCORING)),
        description=(
            "Take the corpora as they are now, measure what is new, train, judge, release. One at "
            "a time: further launches queue. Launching it by hand after clips were removed "
            "confirms the removal."
        ),
        tags={
            STORE_TAG: "store",
            # Only runs whose process died are tried again (dagster.yaml), and from the start: files
            # may have changed meanwhile, and what was measured is found again.
            "dagster/retry_strategy": "ALL_STEPS",
        },
    )


def score_incoming_for(naming: Naming) -> dg.UnresolvedAssetJobDefinition:
    """The job that scores clips as they come."""
    return dg.define_asset_job(
        naming.of(SCORE_INCOMING),
        selection=_groups(naming, Group.SCORING),
        description=(
            "Score the clips in MOS_INCOMING that have no score by the released head yet. Works "
            "beside a retrain."
        ),
        tags={STORE_TAG: "scores", "dagster/retry_strategy": "ALL_STEPS"},
    )


def _groups(naming: Naming, *groups: Group) -> dg.AssetSelection:
    return dg.AssetSelection.groups(*map(naming.of, groups))
