"""A corpus, a sensor on it, and a clock."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.assets.naming import Naming
from mos_assets.assets.provenance import RUN_SCOPE
from mos_assets.automation import sensors
from mos_assets.automation.jobs import retrain_for
from mos_assets.automation.retrains import SENSOR_TAG
from mos_assets.automation.sensors import sensors_for
from mos_assets.settings import Settings
from mos_assets_tests.corpora.making import MINIMAL_TOML

TOML = MINIMAL_TOML.replace('"mine"', '"own"') + 'reference = "source"\n'
FIRST = "first look: 20 clips of own, 17 label lines of own; the next change starts a retrain"


@dataclass
class Watch:
    """One sensor, its cursor, and a clock."""

    sensor: dg.SensorDefinition
    instance: dg.DagsterInstance
    clock: Callable[[float], None]
    tags: Mapping[str, str]
    """Of a run under the settings of the sensor."""
    now: float = 1_800_000_000.0
    cursor: str | None = None
    reason: str = ""
    fails: bool = False
    """Whether the retrains fail that it launches."""
    observed: dict[str, dict[str, object]] = field(default_factory=dict)
    """External asset → what the last tick said of it; empty where it said nothing."""

    def tick(self) -> int:
        """Launches of one tick, a minute after the last."""
        self.now += 60
        self.clock(self.now)
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            found = self.sensor(context)
        if isinstance(found, dg.SkipReason):
            self.reason = found.skip_message or ""
            return 0
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        self.observed = {
            event.asset_key.to_user_string(): {k: v.value for k, v in event.metadata.items()}
            for event in found.asset_events
        }
        skip = found.skip_reason
        self.reason = (skip.skip_message if isinstance(skip, dg.SkipReason) else skip) or ""
        for _ in found.run_requests or []:
            self.run(self.fails)
        return len(found.run_requests or [])

    def run(self, fails: bool = False) -> None:
        """A retrain that starts now and has ended before the next tick."""
        self.now += 1
        run = dg.DagsterRun(
            job_name=self.sensor.job_name, tags={**self.tags, SENSOR_TAG: self.sensor.name}
        )
        self.instance.add_run(run)
        end = (
            dg.DagsterEventType.PIPELINE_FAILURE if fails else dg.DagsterEventType.PIPELINE_SUCCESS
        )
        for event in (dg.DagsterEventType.PIPELINE_START, end):
            self.instance.run_storage.handle_run_event(
                run.run_id,
                dg.DagsterEvent(event.value, run.job_name),
                datetime.fromtimestamp(self.now, UTC),
            )

    def ticks(self, count: int) -> list[int]:
        return [self.tick() for _ in range(count)]


WatchWith = Callable[[Settings, str], Watch]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpora" / "own"
    (corpus / "clips" / "deep").mkdir(parents=True)
    (corpus / "shots").mkdir()
    (corpus / "corpus.toml").write_text(TOML)
    write_labels(corpus, 16)
    for n in range(20):
        (corpus / "clips" / ("deep" if n % 2 else ".") / f"{n}.mp4").write_bytes(b"not opened")
    for folder in (corpus, corpus / "clips", corpus / "clips" / "deep"):
        # Of long ago, or each scan would read the whole folder again while it is new.
        os.utime(folder, (1_700_000_000, 1_700_000_000))
    return Settings.of(corpus="own", **folders(tmp_path))


def folders(tmp_path: Path) -> dict[str, str]:
    return {"corpus_root": str(tmp_path / "corpora"), "store": str(tmp_path / "store")}


def write_labels(corpus: Path, rows: int) -> None:
    lines = "".join(f"{n}.mp4,3.{n}\n" for n in range(rows))
    (corpus / "labels.csv").write_text("clip,mos\n" + lines)


@pytest.fixture
def watch_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchWith]:
    """A sensor by name, under any settings."""

    def clock(now: float) -> None:
        monkeypatch.setattr(sensors.time, "time", lambda: now)

    with dg.DagsterInstance.ephemeral() as instance:

        def made(settings: Settings, name: str) -> Watch:
            naming = Naming(settings.project)
            found = {sensor.name: sensor for sensor in sensors_for(settings, retrain_for(naming))}
            tags = {naming.run_tag(RUN_SCOPE): settings.run_scope}
            return Watch(found[name], instance, clock, tags)

        yield made


@pytest.fixture
def watch(settings: Settings, watch_with: WatchWith) -> Callable[[str], Watch]:
    return lambda name: watch_with(settings, name)


@pytest.fixture
def corpus(settings: Settings) -> Path:
    return settings.paths.corpus_folder / "own"


@pytest.fixture
def corpus_watch(watch: Callable[[str], Watch]) -> Watch:
    found = watch("corpus_sensor")
    found.tick()
    assert found.reason == FIRST
    return found
