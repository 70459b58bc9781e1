"""The sensors on a real corpus folder and a real Dagster instance."""

import os
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.assets.platform import platform_from
from mos_assets.automation.sensors import corpus_sensor, shot_metadata_sensor
from mos_assets.settings import Settings

TOML = """
name = "own"
version = "1"
licence = "none"
labels = ["labels.csv"]
scale = [1.0, 5.0]
clips = "clips"

[columns]
clip = "clip"
mos = "mos"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpora" / "own"
    (corpus / "clips").mkdir(parents=True)
    (corpus / "shots").mkdir()
    (corpus / "corpus.toml").write_text(TOML)
    (corpus / "labels.csv").write_text("clip,mos\na.mp4,3.0\n")
    (corpus / "clips" / "a.mp4").write_bytes(b"not opened by a sensor")
    return Settings(
        corpus="own", corpus_root=str(tmp_path / "corpora"), store=str(tmp_path / "store")
    )


def tick(
    sensor: dg.SensorDefinition,
    settings: Settings,
    cursor: str | None,
    instance: dg.DagsterInstance,
) -> tuple[int, str | None, str | None]:
    """Number of launches, cursor after the tick, reason of a skip."""
    with dg.build_sensor_context(
        instance=instance, cursor=cursor, resources={"platform": platform_from(settings)}
    ) as context:
        found = sensor(context)
    if isinstance(found, dg.SkipReason):
        return 0, cursor, found.skip_message
    assert isinstance(found, dg.SensorResult)
    reason = found.skip_reason
    message = reason.skip_message if isinstance(reason, dg.SkipReason) else reason
    return len(found.run_requests or []), found.cursor or cursor, message


def test_label_and_clip_changes_launch_once_each(settings: Settings) -> None:
    corpus = settings.corpus_folder / "own"
    with dg.instance_for_test() as instance:
        _, cursor, reason = tick(corpus_sensor, settings, None, instance)
        assert reason == "first look; the next change starts a retrain"
        assert tick(corpus_sensor, settings, cursor, instance)[0] == 0
        changes = [
            lambda: (corpus / "labels.csv").write_text("clip,mos\na.mp4,3.5\n"),
            lambda: (corpus / "clips" / "b.mp4").write_bytes(b"new"),
            lambda: os.utime(corpus / "clips" / "a.mp4", ns=(1, 1)),
            lambda: (corpus / "clips" / "b.mp4").unlink(),
        ]
        for change in changes:
            change()
            launches, cursor, _ = tick(corpus_sensor, settings, cursor, instance)
            assert launches == 1
            assert tick(corpus_sensor, settings, cursor, instance)[0] == 0


def test_shot_metadata_has_a_sensor_of_its_own(settings: Settings) -> None:
    with dg.instance_for_test() as instance:
        _, shots, _ = tick(shot_metadata_sensor, settings, None, instance)
        _, corpus, _ = tick(corpus_sensor, settings, None, instance)
        (settings.corpus_folder / "own" / "shots" / "new.csv").write_text("clip,shot_count\n")
        assert tick(shot_metadata_sensor, settings, shots, instance)[0] == 1
        assert tick(corpus_sensor, settings, corpus, instance)[0] == 0


def test_a_failed_look_is_not_an_empty_corpus(settings: Settings) -> None:
    with dg.instance_for_test() as instance:
        _, cursor, _ = tick(corpus_sensor, settings, None, instance)
        (settings.corpus_folder / "own").rename(settings.corpus_folder / "gone")
        launches, after, reason = tick(corpus_sensor, settings, cursor, instance)
        assert launches == 0
        assert after == cursor
        assert reason is not None
        assert reason.startswith("could not look: ")


def test_a_change_waits_for_the_retrain_in_flight(settings: Settings) -> None:
    with dg.instance_for_test() as instance:
        _, cursor, _ = tick(corpus_sensor, settings, None, instance)
        (settings.corpus_folder / "own" / "labels.csv").write_text("clip,mos\na.mp4,4.0\n")
        run = instance.create_run_for_job(_job_named_retrain())
        launches, after, reason = tick(corpus_sensor, settings, cursor, instance)
        assert (launches, after) == (0, cursor)
        assert reason is not None
        assert "in flight" in reason
        instance.delete_run(run.run_id)
        assert tick(corpus_sensor, settings, cursor, instance)[0] == 1


def _job_named_retrain() -> dg.JobDefinition:
    @dg.job
    def retrain() -> None:
        pass

    return retrain
