"""Clips that come in are scored once, beside whatever else is at work on the store."""

import multiprocessing
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from mos_assets.definitions import build_defs
from mos_assets.features import fingerprint
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.records import ClipScore, LabelOrigin, Status
from mos_assets.settings import Comparison, ReferencePolicy, Settings
from mos_assets.store import Database, score_rows
from mos_assets.store.run_lock import run_lock
from mos_assets_tests.assets.conftest import World
from mos_assets_tests.conftest import Release, backup
from mos_assets_tests.made import Encodes
from mos_assets_tests.settings.making import using

PAIRS = "pairs_mos_head_v1"


@pytest.fixture
def settings(release: Release, ffmpeg: Ffmpeg, encodes: Encodes, tmp_path: Path) -> Settings:
    """A folder with three clips and their references, and an Accepted head that compares."""
    parts = ("libvmaf", "saliency")
    prints = " + ".join(
        fingerprint(part, Comparison(ReferencePolicy.SOURCE), ffmpeg) for part in parts
    )
    human = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    human.called(PAIRS, "MOS_REFERENCE=source", fingerprint=prints).put(tmp_path / "model")
    shutil.copytree(encodes.clips, tmp_path / "incoming")
    shutil.copytree(encodes.references, tmp_path / "references")
    return Settings.of(
        store=str(tmp_path / "store"),
        model_dir=str(tmp_path / "model"),
        incoming=str(tmp_path / "incoming"),
        incoming_references=str(tmp_path / "references"),
        workers=2,
    )


def run(settings: Settings) -> dg.ExecuteInProcessResult:
    job = build_defs(settings).resolve_job_def("score_incoming")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(raise_on_error=False, instance=instance)


def told(result: dg.ExecuteInProcessResult) -> Mapping[str, object]:
    """What the asset says of the run."""
    (event,) = result.asset_materializations_for_node("clip_scores")
    return {name: value.value for name, value in event.metadata.items()}


def counts(settings: Settings) -> tuple[object, ...]:
    """Clips that a run scored, could not score, and had scored before."""
    result = run(settings)
    assert result.success
    facts = told(result)
    return tuple(
        facts[key] for key in ("scored_in_this_run", "without_a_score_in_this_run", "scored_before")
    )


def scores(settings: Settings) -> dict[str, ClipScore]:
    store = settings.paths.store_folder
    rows = score_rows.read_scores(Database(store))
    table = score_rows.score_table(Database(store))
    assert pq.read_table(store / "clip_scores.parquet").to_pylist() == table.to_pylist()
    return {row.clip: row for row in rows}


def test_without_a_folder_nothing_is_read_or_written(settings: Settings) -> None:
    result = run(using(settings, incoming=""))
    assert result.success
    for event in result.get_asset_materialization_events():
        assert "no folder is set" in str(event.materialization.metadata["why"].value)
    assert all(check.passed for check in result.get_asset_check_evaluations())
    assert len(result.get_asset_check_evaluations()) == 3
    assert not settings.paths.store_folder.exists()


def test_a_clip_is_scored_once_and_again_when_it_or_what_it_is_scored_by_changes(
    settings: Settings, encodes: Encodes, release: Release, tmp_path: Path
) -> None:
    incoming, references = tmp_path / "incoming", tmp_path / "references"
    assert counts(settings) == (3, 0, 0)
    first = scores(settings)
    assert set(first) == {"park_low.mp4", "park_high.mkv", "sub/lake.mp4"}
    for row in first.values():
        assert (row.head_id, row.status, row.comparable) == (PAIRS, "Accepted", True)
        assert row.low is not None and row.mos is not None and row.high is not None
        assert 1 <= row.low <= row.mos <= row.high <= 5
        assert row.applicability is None
    os.utime(incoming / "park_low.mp4")
    assert counts(settings) == (0, 0, 3)
    assert scores(settings)["park_low.mp4"].scored_at == first["park_low.mp4"].scored_at
    (incoming / "park_low.mp4").write_bytes((incoming / "park_high.mkv").read_bytes())
    assert counts(settings) == (1, 0, 2)
    assert scores(settings)["park_low.mp4"].mos == first["park_high.mkv"].mos
    shutil.copy(encodes.clips / "sub" / "lake.mp4", references / "lake.mkv")
    assert counts(settings) == (1, 0, 2)
    (incoming / "sub" / "lake.mp4").unlink()
    assert counts(settings) == (0, 0, 2)
    assert "sub/lake.mp4" in scores(settings), "a score outlives its clip"
    human = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    prints = " + ".join(["another extractor"])
    human.called(PAIRS, "MOS_REFERENCE=source", fingerprint=prints).put(
        tmp_path / "model", minute=1
    )
    result = run(settings)
    assert told(result)["scored_in_this_run"] == 2
    assert scores(settings)["park_low.mp4"].comparable is False
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not checks["clips_in_range"].passed
    assert checks["clips_in_range"].metadata["share"].value == 1.0
    assert all(one.severity is dg.AssetCheckSeverity.WARN for one in checks.values())
    assert "are needed" in str(checks["no_drift"].description)


def test_what_has_no_score_says_why_and_is_tried_again_where_that_may_help(
    settings: Settings, encodes: Encodes, tmp_path: Path
) -> None:
    incoming, references = tmp_path / "incoming", tmp_path / "references"
    shutil.rmtree(incoming / "sub")
    (incoming / "park_high.mkv").unlink()
    shutil.copy(encodes.root / "text.mkv", incoming / "park_text.mkv")
    shutil.copy(encodes.clips / "sub" / "lake.mp4", incoming / "pond.mp4")
    result = run(settings)
    assert result.success
    assert told(result)["without_a_score_in_this_run"] == 2
    rows = scores(settings)
    assert not rows["park_text.mkv"].again
    assert rows["pond.mp4"].again
    assert "MOS_INCOMING_REFERENCES" not in rows["pond.mp4"].reason
    assert "no reference in" in rows["pond.mp4"].reason
    assert "--reference-table" not in rows["pond.mp4"].reason
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert checks["clips_scored"].description == "2 of 3 clips have no score"
    shutil.copy(references / "lake.mkv", references / "pond.mkv")
    assert counts(settings) == (1, 0, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"incoming": "{root}/gone"}, "MOS_INCOMING={root}/gone: there is no such folder"),
        ({"incoming_references": "{root}/incoming"}, "MOS_INCOMING_REFERENCES {root}/incoming: it"),
        ({"incoming_references": "{root}/gone"}, "MOS_INCOMING_REFERENCES {root}/gone: there is"),
    ],
)
def test_a_wrong_folder_is_one_message(
    settings: Settings, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    given = {name: value.format(root=tmp_path) for name, value in changes.items()}
    result = run(using(settings, **given))
    assert not result.success
    failure = next(event for event in result.all_node_events if event.is_step_failure)
    error = failure.step_failure_data.error
    assert error is not None
    assert error.cls_name == "Failure"
    assert message.format(root=tmp_path) in error.message


def test_where_no_head_may_score_the_run_goes_on_and_says_so(settings: Settings) -> None:
    """In a run of the whole graph the retrain before it has done its work."""
    result = run(using(settings, incoming_head="unheard_of"))
    assert result.success
    assert "unheard_of" in str(told(result)["why_no_head"])
    assert {row.again for row in scores(settings).values()} == {True}
    assert counts(settings) == (3, 0, 0)
    assert counts(using(settings, incoming_head="unheard_of")) == (0, 0, 3)


def retrain_in(world: World) -> None:
    assert world.run().success


def test_a_retrain_and_a_scoring_run_at_once_both_end_well(
    settings: Settings, tabled: World
) -> None:
    """They share store and releases; the lock of a run at work holds up no score, a backup does."""
    together = tabled.using(
        **{
            name: getattr(settings.paths, name)
            for name in ("store", "model_dir", "incoming", "incoming_references")
        }
    )
    alone = tabled.using(store=settings.paths.store, model_dir=settings.paths.model_dir)
    process = multiprocessing.get_context("spawn").Process(target=retrain_in, args=(alone,))
    process.start()
    assert counts(settings) == (3, 0, 0)
    done = 0
    while process.is_alive():
        assert counts(settings) == (0, 0, 3)
        done += 1
    process.join()
    assert process.exitcode == 0
    assert done > 1
    with run_lock(settings.paths.store_folder, "run of another"):
        assert counts(settings) == (0, 0, 3)
    with backup(settings.paths.store_folder, 2):
        assert counts(settings) == (0, 0, 3)
    graph = together.run("model_card", "incoming_clips", "clip_scores")
    assert graph.success


def test_a_retrain_runs_nothing_of_it() -> None:
    definitions = build_defs(Settings.of())
    steps = {node.name for node in definitions.resolve_job_def("retrain").nodes}
    scoring = {node.name for node in definitions.resolve_job_def("score_incoming").nodes}
    assert {"incoming_clips", "clip_scores"} <= scoring
    assert not steps & scoring
    everything = definitions.resolve_implicit_global_asset_job_def().nodes
    assert steps | scoring == {node.name for node in everything}
