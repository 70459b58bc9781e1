"""The check of declared tables in a run: a warning that says what was not checked."""

import dagster as dg

from mos_assets.release.manifest import Manifest
from mos_assets.store import verdict_rows
from mos_assets_tests.assets.conftest import World

HEAD = "tabled_mos_head_v1_own"


def test_a_table_without_clips_is_used_and_warned_of(tabled: World) -> None:
    features = tabled.folder("tabled") / "features"
    own = (features / "own.csv").read_text()
    (features / "own.csv").write_text(own.replace("sharpness", "adm2").replace("noise", "vif"))
    (features / "own.toml").write_text(
        'extractor = "libvmaf"\nreference = "source"\nversion = "2"\n'
        '[columns]\nvif_scale0 = "vif"\n'
    )
    result = tabled.run_until("trained_onnx")
    assert result.success
    (check,) = (
        found
        for found in result.get_asset_check_evaluations()
        if found.check_name == "declared_features_hold"
    )
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.description == (
        "table tabled/own, declared as libvmaf under source: not checked: no clip of this corpus "
        "is here"
    )
    candidate = verdict_rows.latest_candidate(tabled.database, HEAD)
    manifest = Manifest.read(candidate.folder / f"{HEAD}.json")
    assert manifest.feature_order == ("adm2", "vif_scale0")
    assert manifest.extractor_fingerprint == ("own=table:own (declared: libvmaf under source, 2)")
    assert manifest.declared is not None
    assert [each.status for each in manifest.declared] == ["unproved"]
