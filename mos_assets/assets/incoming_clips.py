"""The asset `incoming_clips`: what lies in the folder of clips that are scored as they come."""

import dagster as dg

from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform, lock_timeout
from mos_assets.assets.provenance import package_version
from mos_assets.assets.reporting import table_metadata, user_errors
from mos_assets.assets.templates import asset
from mos_assets.pipeline.incoming import NO_FOLDER, find_incoming
from mos_assets.store.schema import INCOMING_CLIPS


@asset(
    code_version=package_version,
    group=Group.SCORING,
    kinds={"duckdb"},
    description=(
        "The clips that lie in MOS_INCOMING, with their hashes and their references in "
        "MOS_INCOMING_REFERENCES. A clip of unchanged size and time is not opened. Table "
        "`incoming_clips`. Without MOS_INCOMING nothing is read or written."
    ),
)
def incoming_clips(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    with user_errors():
        found = find_incoming(platform.settings.paths, context.log, lock_timeout())
    if found is None:
        return dg.MaterializeResult(metadata={"why": NO_FOLDER})
    return dg.MaterializeResult(
        metadata={
            **table_metadata(INCOMING_CLIPS, found.table),
            "clips_opened": found.opened,
            "clips_being_written": found.changing,
            "clips_with_a_flaw": sum(clip.reason is not None for clip in found.clips),
        }
    )
