"""How old a verdict may be before the UI calls it stale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg


def fresh(assets: Sequence[dg.AssetsDefinition], days: int) -> Sequence[dg.AssetsDefinition]:
    """The assets, with a freshness policy where MOS_FRESHNESS_DAYS, in days, is not 0."""
    if not days:
        return assets
    window = timedelta(days=days)
    policy = dg.FreshnessPolicy.time_window(fail_window=window)
    return dg.map_asset_specs(lambda spec: dg.apply_freshness_policy(spec, policy), assets)
