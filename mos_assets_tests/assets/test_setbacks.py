"""What the machine failed at is shown, counted, bounded, and measured when it is mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.store import setback_rows
from mos_assets.store.setback_rows import MOST_ATTEMPTS
from mos_assets_tests.assets.conftest import Ran, World, make_world, write_labels

COSTLY = "raw_corpus", "clip_measurements"


@pytest.fixture
def failing(filmed: Ran, tmp_path: Path) -> tuple[World, Path]:
    """Three of the clips, and an ffmpeg that is killed over one of them while a file is there."""
    folder = tmp_path / "corpora" / "failing"
    write_labels(folder)
    (folder / "clips").mkdir()
    names = [f"scene{index}_crf18.mp4" for index in range(3)]
    for name in names:
        shutil.copy(filmed.world.folder("filmed") / "clips" / name, folder / "clips")
    broken, program = tmp_path / "broken", tmp_path / "ffmpeg"
    program.write_text(
        f'#!/bin/bash\n[ -e {broken} ] && [[ "$*" == *scene1_crf18* ]] && kill -KILL $$\n'
        f'echo x >> {tmp_path}/starts\nexec {find_ffmpeg().path} "$@"\n'
    )
    program.chmod(0o755)
    broken.touch()
    return make_world(tmp_path, "failing", features="saliency", ffmpeg=str(program)), broken


def run(world: World) -> tuple[dict[str, dg.MetadataValue], dg.AssetCheckEvaluation]:
    result = world.run(*COSTLY)
    assert result.success
    (event,) = (
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("clip_measurements")
    )
    checks = {each.check_name: each for each in result.get_asset_check_evaluations()}
    return dict(event.materialization.metadata), checks["machine_did_not_fail"]


def test_a_setback_is_counted_given_up_and_tried_again(
    failing: tuple[World, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, broken = failing
    for attempt in range(1, MOST_ATTEMPTS + 1):
        metadata, check = run(world)
        (noted,) = setback_rows.read_setbacks(world.database)
        assert (noted.clip_id, noted.attempts) == ("failing/scene1_crf18", attempt)
        assert "SIGKILL" in noted.setback.reason
        assert noted.given_up == (attempt == MOST_ATTEMPTS)
        assert not check.passed
        assert check.severity is dg.AssetCheckSeverity.WARN
        reasons = world.database.fetch("SELECT reason FROM clip_measurements")["reason"].to_pylist()
        assert reasons == [None, None], "no reason of the machine's is kept as the clip's"
    assert metadata["measurements_given_up_for_now"].value == 1
    assert "mos retry" in (check.description or "")
    broken.unlink()
    metadata, _ = run(world)
    assert metadata["clips_measured_in_this_run"].value == 0, "it is given up until somebody asks"
    monkeypatch.setenv("MOS_STORE", world.settings.paths.store)
    shown = CliRunner().invoke(main, ["retry", "--dry-run"])
    assert "failing/scene1_crf18\tsaliency\t3\tffmpeg was ended by SIGKILL" in shown.output
    assert "are tried again: 1" in CliRunner().invoke(main, ["retry"]).output
    metadata, check = run(world)
    assert metadata["clips_measured_in_this_run"].value == 1
    assert check.passed
    assert setback_rows.read_setbacks(world.database) == ()


def test_features_say_that_the_machine_failed(failing: tuple[World, Path]) -> None:
    world, broken = failing
    world.run(*COSTLY, "shot_metadata", "extracted_features")
    rows = world.database.fetch("SELECT clip_id, reason FROM extracted_features").to_pylist()
    reason = next(row["reason"] for row in rows if row["clip_id"] == "failing/scene1_crf18")
    assert reason.startswith("not measured yet: the machine failed, not the clip")
    broken.unlink()
    assert world.run(*COSTLY).success
    assert setback_rows.read_setbacks(world.database) == ()


def test_a_full_run_asks_ffmpeg_before_it_touches_a_clip(tmp_path: Path, filmed: Ran) -> None:
    old = tmp_path / "ffmpeg"
    old.write_text('#!/bin/sh\n[ "$2" = -version ] && echo "ffmpeg version 5.1.9" || exit 1\n')
    old.chmod(0o755)
    world = filmed.world.using(ffmpeg=str(old), store=str(tmp_path / "store"))
    result = world.run("raw_corpus")
    assert not result.success
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    told = str(failed.step_failure_data.error) + str(failed.step_failure_data.user_failure_data)
    for words in ("5.1.9", "Needed: the libvmaf filter", "loopback decoders", "MOS_FFMPEG"):
        assert words in told
    assert not world.database.exists
