"""When the sensor of MOS_INCOMING launches: real folders, minute by minute."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from dagster._core.run_coordinator import SubmitRunContext
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.assets.naming import UNNAMED
from mos_assets.automation import incoming
from mos_assets.automation.arrivals import Arrivals, ArrivalState, decide_scoring
from mos_assets.automation.incoming import NAME, incoming_sensor
from mos_assets.automation.jobs import STORE_TAG, score_incoming_for
from mos_assets.automation.queue import StoreQueue
from mos_assets.pipeline.incoming_scores import released_head
from mos_assets.records import LabelOrigin, Status
from mos_assets.scoring import arrivals
from mos_assets.scoring.arrivals import SCORES_FILE, lying_in
from mos_assets.settings import Settings
from mos_assets.store import Database, score_rows
from mos_assets_tests.conftest import Release


@dataclass
class Watch:
    """The sensor, a clock, and runs that score all that lies there without looking at it."""

    settings: Settings
    instance: dg.DagsterInstance
    clock: Callable[[float], None]
    now: float = 1_900_000_000.0
    cursor: str | None = None
    reason: str = ""
    fails: bool = False
    again: frozenset[str] = frozenset()
    """Clips that runs can give no score now."""
    keys: tuple[str, ...] = ()

    def tick(self) -> int:
        self.now += 60
        self.clock(self.now)
        sensor = incoming_sensor(self.settings, score_incoming_for(UNNAMED))
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            found = sensor(context)
        if isinstance(found, dg.SkipReason):
            self.reason = found.skip_message or ""
            return 0
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        self.reason = str(getattr(found.skip_reason, "skip_message", ""))
        for request in found.run_requests or []:
            assert request.run_key not in self.keys
            self.keys += (str(request.run_key),)
            if not self.fails:
                self.run()
        return len(found.run_requests or [])

    def ticks(self, count: int) -> list[int]:
        return [self.tick() for _ in range(count)]

    def run(self) -> None:
        """What a run leaves behind."""
        paths = self.settings.paths
        assert paths.incoming_folder is not None
        candidate = released_head(paths).candidate_id
        columns = ("clip", "size_bytes", "mtime_ns")
        rows = [
            {
                **{name: getattr(one, name) for name in columns},
                "candidate_id": candidate,
                "again": one.clip in self.again,
            }
            for one in lying_in(paths.incoming_folder, None)
        ]
        paths.store_folder.mkdir(exist_ok=True)
        file = paths.store_folder / SCORES_FILE
        file.unlink(missing_ok=True)
        schema = score_rows.SCHEMAS[score_rows.CLIP_SCORES]
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


@pytest.fixture
def watch(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    release.standing(Status.PROPOSED, LabelOrigin.HUMAN).put(tmp_path / "model")
    (tmp_path / "incoming").mkdir()
    settings = Settings.of(
        store=str(tmp_path / "store"),
        model_dir=str(tmp_path / "model"),
        incoming=str(tmp_path / "incoming"),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(
            settings, instance, lambda now: monkeypatch.setattr(incoming.time, "time", lambda: now)
        )


def test_a_clip_is_launched_for_once_when_it_has_lain_still(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    assert watch.ticks(3) == [0, 0, 0]
    assert watch.reason == "every clip has its score"
    with (folder / "big.mp4").open("wb") as file:
        for _ in range(4):
            file.write(b"x" * 1000)
            file.flush()
            assert watch.tick() == 0
            assert "not still" in watch.reason
    assert watch.ticks(6) == [0, 1, 0, 0, 0, 0]
    (folder / "big.mp4").write_bytes(b"another")
    assert watch.ticks(5) == [0, 0, 1, 0, 0]


def test_what_arrives_all_the_time_holds_up_nobody(watch: Watch, tmp_path: Path) -> None:
    for n in range(9):
        (tmp_path / "incoming" / f"{n}.mp4").write_bytes(b"clip")
        watch.tick()
    assert len(watch.keys) >= 3


def test_a_new_head_scores_all_again_and_none_is_no_reason_to_launch(
    watch: Watch, release: Release, tmp_path: Path
) -> None:
    (tmp_path / "incoming" / "a.mp4").write_bytes(b"clip")
    assert sum(watch.ticks(6)) == 1
    other = release.standing(Status.PROPOSED, LabelOrigin.HUMAN)
    other.called(release.manifest.id, fingerprint="other").put(tmp_path / "model", minute=1)
    assert watch.ticks(6) == [0, 0, 1, 0, 0, 0]
    for file in (tmp_path / "model").iterdir():
        if file.is_file():
            file.unlink()
    (tmp_path / "incoming" / "b.mp4").write_bytes(b"clip")
    assert sum(watch.ticks(6)) == 0
    assert "No head that can be used is released" in watch.reason
    release.standing(Status.PROPOSED, LabelOrigin.HUMAN).put(tmp_path / "model")
    assert sum(watch.ticks(4)) == 1


def test_a_failed_run_and_a_clip_without_a_score_are_tried_again_later(
    watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "incoming" / "a.mp4").write_bytes(b"clip")
    watch.fails = True
    assert sum(watch.ticks(60)) == 1
    assert watch.reason.startswith("1 clips to score; the last run failed (1 so far)")
    watch.now -= 365 * 86_400
    assert sum(watch.ticks(59)) == 0, "an hour also by a clock that was set back"
    watch.fails, watch.again = False, frozenset({"a.mp4"})
    assert watch.ticks(6) == [0, 1, 0, 0, 1, 0]
    assert sum(watch.ticks(200)) == 2, "after one hour and two"
    assert "tried again in" in watch.reason


def test_references_that_come_or_change_are_a_reason(watch: Watch, tmp_path: Path) -> None:
    references = tmp_path / "references"
    references.mkdir()
    (references / "a.mkv").write_bytes(b"pristine")
    paths = watch.settings.paths.model_copy(update={"incoming_references": str(references)})
    watch.settings = replace(watch.settings, paths=paths)
    (tmp_path / "incoming" / "a.mp4").write_bytes(b"clip")
    assert sum(watch.ticks(6)) == 1
    (references / "a.mkv").write_bytes(b"pristine, cut anew")
    assert watch.ticks(6) == [0, 0, 1, 0, 0, 0]
    references.joinpath("b.mkv").write_bytes(b"pristine")
    assert sum(watch.ticks(6)) == 1


def test_a_folder_that_is_gone_is_no_empty_one(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "incoming").rmdir()
    assert watch.ticks(3) == [0, 0, 0]
    assert watch.reason.startswith("could not look: MOS_INCOMING=")
    assert incoming_sensor(Settings.of(), score_incoming_for(UNNAMED)).name == NAME


@given(st.lists(st.sampled_from(["arrive", "run", "fail", "tick", "cursor"]), max_size=60))
def test_no_clip_is_launched_for_twice_unless_a_run_failed(steps: list[str]) -> None:
    state, now = ArrivalState.from_cursor(None, 0.0), 0.0
    waiting: set[str] = set()
    launched: dict[str, int] = {}
    arrived, runs, in_flight, failed = 0, 0, False, False
    for step in steps:
        now += 60
        if step == "arrive":
            waiting.add(f"clip {arrived}")
            arrived += 1
        elif step == "run" and in_flight:
            waiting.clear()
            runs, in_flight = runs + 1, False
        elif step == "fail" and in_flight:
            in_flight, failed = False, True
        elif step == "cursor":
            state = ArrivalState.from_cursor(state.to_cursor(), now)
        done = decide_scoring(state, Arrivals(frozenset(waiting), str(runs)), in_flight, now, 90)
        state = done.state
        if done.launches:
            assert not in_flight
            in_flight = True
            for clip in waiting:
                launched[clip] = launched.get(clip, 0) + 1
    if not failed:
        assert all(count == 1 for count in launched.values())


def test_runs_of_the_asset_graph_wait_in_the_queue_for_the_store() -> None:
    """Two runs are let through at once, so that one may score."""
    written = yaml.safe_load((Path(__file__).parents[2] / "dagster.yaml").read_text())
    overrides = {"run_coordinator": written["run_coordinator"]}
    tags = []
    with dg.instance_for_test(overrides=overrides) as instance:
        queue = instance.run_coordinator
        assert isinstance(queue, StoreQueue)
        assert queue.get_run_queue_config().max_concurrent_runs == 2
        for chosen in (None, {"folds", "clip_scores"}, {"incoming_clips", "clip_scores"}):
            run = dg.DagsterRun(
                job_name="__ASSET_JOB",
                asset_selection=None if chosen is None else frozenset(map(dg.AssetKey, chosen)),
                status=dg.DagsterRunStatus.STARTED,
            )
            instance.add_run(run)
            queue.submit_run(SubmitRunContext(run, None))  # type: ignore[arg-type]
            stored = instance.get_run_by_id(run.run_id)
            assert stored is not None
            tags.append(stored.tags.get(STORE_TAG))
    assert tags == ["store", "store", None]


def test_the_file_of_scores_may_be_anything(tmp_path: Path) -> None:
    assert arrivals.told_scores(tmp_path) == {}
    (tmp_path / SCORES_FILE).write_bytes(b"PAR1 and no more")
    assert arrivals.told_scores(tmp_path) == {}
    assert score_rows.read_scores(Database(tmp_path)) == ()
