"""A changed byte in any of the three released files is found by whatever reads them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mos_assets.errors import ReleaseError
from mos_assets.predictor import Predictor
from mos_assets.records import OutOfFold, Status, TrainingTable
from mos_assets.release.candidate import candidate_id, judged
from mos_assets.release.loading import read_release
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.promotion import promote
from mos_assets.release.status import released_heads
from mos_assets.reporting.report import GateReport
from mos_assets_tests.conftest import HEAD_ID, Release


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_every_changed_byte_is_found(model_folder: Path, name: str) -> None:
    """A bit of every 41st byte, the last byte gone, one more: by status and by what loads it."""
    files = ReleaseFiles(model_folder, HEAD_ID)
    path = getattr(files, name)
    whole = path.read_bytes()
    for position in range(0, len(whole), 41):
        changed = bytearray(whole)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ReleaseError, match=r"sha256|checksum|not a manifest|describes"):
            read_release(files)
    for changed in (whole[:-1], whole + b" ", whole + b"\n", b""):
        path.write_bytes(changed)
        with pytest.raises(ReleaseError):
            read_release(files)
        assert [head.exit_code for head in released_heads(model_folder)] == [1]
        predictor = Predictor(model_folder)
        assert predictor.manifest is None
        assert str(path) in (predictor.fallback_reason or "")
    path.write_bytes(whole)
    read_release(files)


def test_a_manifest_that_says_the_same_in_other_bytes_is_altered(model_folder: Path) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    content = json.loads(files.manifest.read_bytes())
    files.manifest.write_text(json.dumps(content, indent=4, sort_keys=True) + "\n")
    with pytest.raises(ReleaseError, match="checksum"):
        read_release(files)


def test_a_better_verdict_written_by_hand_is_found(model_folder: Path) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    manifest = Manifest.read(files.manifest)
    gate = manifest.gate.model_copy(update={"beats_shortcuts": True})
    better = manifest.model_copy(update={"status": Status.ACCEPTED, "gate": gate})
    files.manifest.write_text(better.to_json())
    with pytest.raises(ReleaseError, match="checksum"):
        read_release(files)


@pytest.mark.parametrize("beats", [False, None])
def test_no_accepted_head_is_a_shortcut(
    release: Release, tmp_path: Path, beats: bool | None
) -> None:
    gate = release.manifest.gate.model_copy(update={"beats_shortcuts": beats})
    update = {"status": Status.ACCEPTED, "gate": gate}
    ruler = replace(release, manifest=release.manifest.model_copy(update=update))
    with pytest.raises(ReleaseError, match="nothing says that it beats every shortcut"):
        ruler.put(tmp_path)
    assert released_heads(tmp_path) == ()


def test_files_without_a_checksum_are_not_a_release(release: Release, tmp_path: Path) -> None:
    unchecked = release.manifest.model_copy(update={"checksum": None})
    with pytest.raises(ReleaseError, match="checksum"):
        promote(unchecked, release.onnx, release.card, tmp_path, datetime.now(UTC))
    assert released_heads(tmp_path) == ()


def test_pairs_and_families_stand_in_the_manifest_only_where_they_are(
    good: tuple[TrainingTable, OutOfFold, GateReport],
) -> None:
    """The manifest of a head without them says nothing of them; the head's id covers neither."""
    path = Path(__file__).parents[2] / "model" / "konvid_mos_head_v1.json"
    manifest = Manifest.read(path)
    names = {"paired_interval", "correlated"}
    assert names.isdisjoint(json.loads(manifest.to_json()))
    report = good[2]
    assert report.paired_interval is not None
    paired = report.paired_interval.model_copy(update={"half_width": 0.5, "error_sd": 0.2})
    with_both = judged(
        manifest,
        report.verdict,
        report.prediction_interval,
        paired=paired,
        correlated=(("adm2", "vif_scale0"),),
    )
    assert names < set(json.loads(with_both.to_json()))
    assert Manifest.parse(with_both.to_json().encode(), path) == with_both
    assert with_both.paired_interval is not None
    assert with_both.paired_interval.half_width == 0.5
    assert candidate_id(with_both) == candidate_id(manifest)
