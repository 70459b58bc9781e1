"""The feature blocks of a run, with the networks among them read."""

from __future__ import annotations

from mos_assets.features import load_networks, parse_blocks
from mos_assets.settings import PathSettings, RunSettings


def chosen_blocks(run: RunSettings, paths: PathSettings) -> tuple[str, ...]:
    """Block names of MOS_FEATURES, aliases expanded, in column order.

    Raises SettingsError where it cannot be read, and NetworkError where it names a network of
    MOS_NETWORKS that cannot be used.
    """
    blocks = parse_blocks(run.features)
    load_networks(blocks, paths.networks_folder)
    return blocks
