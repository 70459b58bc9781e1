"""How old a verdict may be before the UI calls it stale."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import timedelta

import dagster as dg


def fresh(
    assets: Sequence[dg.AssetsDefinition], verdicts: Set[dg.AssetKey], days: int
) -> Sequence[dg.AssetsDefinition]:
    """The assets, the verdicts among them with a freshness policy where MOS_FRESHNESS_DAYS, in
    days, is not 0."""
    if not days:
        return assets
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days))

    def dated(spec: dg.AssetSpec) -> dg.AssetSpec:
        return dg.apply_freshness_policy(spec, policy) if spec.key in verdicts else spec

    return dg.map_asset_specs(dated, assets)
