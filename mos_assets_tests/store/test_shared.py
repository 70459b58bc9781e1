"""A store in a bucket: one run at a time wherever it runs, and all that was published for all.

Two machines are two working folders; real processes are killed and stopped.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from mos_assets.errors import ChangedError, StoreError, UnreachableError
from mos_assets.objects import Location
from mos_assets.settings.locations import StorePlace
from mos_assets.store import Database, opening
from mos_assets.store.database import replace_rows
from mos_assets.store.guards import require_held
from mos_assets.store.opening import beside_runs, holder_of, locked, published, refresh
from mos_assets.store.run_lock import Timeout, acquire
from mos_assets.store.shared.lease import Lease
from mos_assets.store.shared.session import Session
from mos_assets.store.shared.state import STATE, read_state
from mos_assets_tests.buckets import Server

SHARD = "shards/0123456789abcdef.parquet"
CANDIDATE = "candidates/head/0123456789ab/head.json"


@pytest.fixture
def machine(bucket: str, tmp_path: Path) -> Callable[[str], StorePlace]:
    """Where the machine of this name works on the bucket's store."""
    return lambda name: StorePlace(tmp_path / name, f"{bucket}/store")


def written(place: StorePlace, name: str, content: bytes) -> Path:
    path = place.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def noted(place: StorePlace, note: str) -> None:
    """A row in a table that has few columns."""
    row = pa.table({"note": [note]})
    with Database(place.folder).connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (note TEXT)")
        replace_rows(connection, "notes", row, where="note = ?", parameters=[note])


def notes(place: StorePlace) -> list[str]:
    found = Database(place.folder).fetch("SELECT note FROM notes ORDER BY note")
    return list(found["note"].to_pylist())


def names(place: StorePlace) -> list[str]:
    return [one.name for one in Location(place.url).listed()]


def test_what_a_run_published_is_there_for_the_next_one_elsewhere(
    machine: Callable[[str], StorePlace],
) -> None:
    here, there = machine("here"), machine("there")
    with locked(here, "run a"):
        assert holder_of(there).startswith("run a on ")
        written(here, SHARD, b"a shard")
        written(here, CANDIDATE, b"{}")
        written(here, "candidates/head/.0123.part/head.json", b"half")
        written(here, "watch.sqlite", b"a cache")
        noted(here, "a")
    assert holder_of(there) == ""
    tables = [name for name in names(here) if name.startswith("tables/")]
    assert len(tables) == 1
    assert names(here) == sorted([CANDIDATE, SHARD, STATE, *tables])

    with locked(there, "run b"):
        assert notes(there) == ["a"]
        assert (there.folder / SHARD).read_bytes() == b"a shard"
        (there.folder / CANDIDATE).unlink()
        noted(there, "b")
    refresh(here)
    assert notes(here) == ["a", "b"]
    assert not (here.folder / CANDIDATE).parent.exists()
    assert CANDIDATE not in names(here)
    for each in ("c", "d"):
        with locked(here, f"run {each}"):
            noted(here, each)
    # The copy before the current one may be read just now; older ones are gone.
    assert sum(name.startswith("tables/") for name in names(here)) == 2

    # What rots on this disk is fetched again, and what is damaged in the bucket is put aside there.
    (here.folder / SHARD).write_bytes(b"o shard")
    with locked(here, "run e"):
        assert (here.folder / SHARD).read_bytes() == b"a shard"
        (here.folder / SHARD).rename(here.folder / "shards/.set.damaged")
    assert SHARD not in names(here)
    (aside,) = [name for name in names(here) if name.endswith(".damaged")]
    assert Location(here.url).read(aside)[0] == b"a shard"


def test_two_runs_at_once_are_kept_apart_and_told_of_each_other(
    machine: Callable[[str], StorePlace],
) -> None:
    here, there = machine("here"), machine("there")
    with locked(here, "run a"):
        for place in (here, there):
            with pytest.raises(StoreError, match=r"is in use by run a"), locked(place, "run b"):
                pass
        with (
            pytest.raises(StoreError, match=r"run a on .*two at once"),
            published(there, "mos retry"),
        ):
            pass
        with pytest.raises(StoreError, match=r"run a on "), beside_runs(there):
            pass
        # Beside the run on its own machine, which publishes it.
        with beside_runs(here):
            noted(here, "scores")
        told: list[StoreError] = []
        with pytest.raises(StoreError), locked(there, "run c", Timeout(0.2, told.append)):
            pass
        assert "run a" in str(told[0])
    with beside_runs(there):
        assert notes(there) == ["scores"]
        noted(there, "more scores")
    refresh(here)
    assert notes(here) == ["more scores", "scores"]


@contextmanager
def another_process(place: StorePlace, holder: str) -> Iterator[subprocess.Popen[bytes]]:
    """That holds the store, with a shard and a row that it has not published yet."""
    code = f"""
import sys, time
from pathlib import Path
from mos_assets.settings.locations import StorePlace
from mos_assets.store.opening import acquire
from mos_assets_tests.store.test_shared import SHARD, noted, written
place = StorePlace(Path({str(place.folder)!r}), {place.url!r})
opened = acquire(place, {holder!r})
written(place, SHARD, b"of a killed run")
noted(place, "unpublished")
print("ready", flush=True)
sys.stdin.readline()
opened.close()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_a_killed_run_had_not_published_is_published_by_the_next_one_there(
    machine: Callable[[str], StorePlace], caplog: pytest.LogCaptureFixture
) -> None:
    here, there = machine("here"), machine("there")
    with another_process(here, "run a") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with pytest.raises(StoreError, match=r"is in use by run a"), locked(there, "run b"):
        pass
    # Its own machine knows that it is dead, and need not wait.
    with locked(here, "run c"):
        pass
    assert "run a on " in caplog.text
    refresh(there)
    assert notes(there) == ["unpublished"]
    assert (there.folder / SHARD).read_bytes() == b"of a killed run"


def test_a_run_that_stood_still_loses_the_store_and_writes_no_more(
    machine: Callable[[str], StorePlace],
) -> None:
    here, there = machine("here"), machine("there")
    session = Session(here, "run a", acquire(here.folder, "run a"), ttl_s=1.0)
    # As a machine that sleeps: nothing of this process renews.
    session._ended.set()
    noted(here, "late")
    written(here, SHARD, b"late")
    with locked(there, "run b", Timeout(30.0)):
        noted(there, "in time")
    for asked in (lambda: require_held(here.folder), lambda: noted(here, "x"), session.publish):
        with pytest.raises(StoreError, match=r"run a has lost its lock on s3://.*writes no more"):
            asked()
    with pytest.raises(StoreError, match=r"run a has lost its lock"):
        session.close()
    assert SHARD not in names(there)
    with locked(here, "run c"):
        assert notes(here) == ["in time"]


def test_what_befalls_one_store_of_a_run_is_no_failure_of_another(
    machine: Callable[[str], StorePlace], bucket: str
) -> None:
    lost = machine("here")
    kept = StorePlace(lost.folder.with_name("kept"), f"{bucket}/kept")
    with locked(kept, "run a"):
        opened = opening.acquire(lost, "run a")
        noted(kept, "of the other project")
        noted(lost, "of a project whose lock somebody deletes")
        Location(lost.url).delete([STATE])
        opening.choose(kept)
        opening.publish_chosen()
        opening.choose(lost)
        with pytest.raises(StoreError, match="was deleted"):
            opening.publish_chosen()
        with pytest.raises(StoreError):
            opened.close()
    refresh(StorePlace(lost.folder.with_name("elsewhere"), kept.url))
    assert notes(StorePlace(lost.folder.with_name("elsewhere"), kept.url)) == [
        "of the other project"
    ]


def test_late_requests_of_a_run_that_lost_the_store_change_nothing(
    machine: Callable[[str], StorePlace],
) -> None:
    """What a paused process sends after it had looked at its lock: the server refuses."""
    location = Location(machine("here").url)
    old = Lease(location, "run a", "here", ttl_s=0.0)
    assert old.take() is None
    late = old.state.changed()
    etag = read_state(location)[1]
    time.sleep(1.1)
    new = Lease(location, "run b", "there")
    assert (new.take() or "").startswith("run a on ")
    with pytest.raises(ChangedError):
        location.put(STATE, late.to_bytes(), etag=etag)
    with pytest.raises(StoreError, match=r"it is with run b on .* now"):
        old.renew()
    new.release()
    location.delete([STATE])
    with pytest.raises(StoreError, match=r"was deleted"):
        new.renew()


def test_a_put_whose_answer_was_lost_is_no_loss(
    machine: Callable[[str], StorePlace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that sends it again is refused by what it has written itself."""
    location = Location(machine("here").url)
    lease = Lease(location, "run a", "here")
    lease.take()
    put = Location.put

    def twice(self: Location, name: str, content: bytes, **condition: object) -> str:
        put(self, name, content, **condition)  # type: ignore[arg-type]
        return put(self, name, content, **condition)  # type: ignore[arg-type]

    monkeypatch.setattr(Location, "put", twice)
    lease.renew()
    lease.renew()
    monkeypatch.undo()


def test_a_server_that_stands_still_ends_the_run_in_one_sentence(
    machine: Callable[[str], StorePlace],
    s3_server: Server,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = machine("here")
    session = Session(place, "run a", acquire(place.folder, "run a"), ttl_s=1.0)
    noted(place, "kept")
    monkeypatch.setattr("mos_assets.objects.backends.ANSWER_S", 5.0)
    s3_server.freeze()
    try:
        time.sleep(1.2)
        with pytest.raises(StoreError, match=r"could not renew its lock on s3://"):
            session.publish()
        with pytest.raises((StoreError, UnreachableError), match=r"renew its lock|be reached"):
            session.close()
    finally:
        s3_server.thaw()
    monkeypatch.setattr("mos_assets.objects.backends.ANSWER_S", 40.0)
    time.sleep(1.2)
    with locked(place, "run b"):
        assert notes(place) == ["kept"]
    assert any(name.startswith("tables/") for name in names(place))


def test_journals_outlive_the_disk_of_a_machine(machine: Callable[[str], StorePlace]) -> None:
    here, there = machine("here"), machine("there")
    session = Session(here, "run a", acquire(here.folder, "run a"), ttl_s=2.0)
    written(here, "shards/0123456789abcdef.clips/one.json", b"one")
    deadline = time.monotonic() + 20
    while not any(name.startswith("journals/") for name in names(here)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    session.close()
    with locked(there, "run b"):
        entry = there.folder / "shards/0123456789abcdef.clips/one.json"
        assert entry.read_bytes() == b"one"
        # As recovering does: a shard in its place.
        written(there, SHARD, b"a shard")
        entry.unlink()
    assert not any(name.startswith("journals/") for name in names(there))
    Location(here.url).put("journals/odd.json", b'{"../../x.clips/y.json": ""}')
    with pytest.raises(StoreError, match=r"odd\.json is damaged"), locked(here, "run c"):
        pass
    Location(here.url).delete(["journals/odd.json"])
    # The store was let go all the same.
    with locked(here, "run d"):
        pass


@pytest.mark.parametrize("content", [b"", b"{}x", b'{"version": 2, "later": 1}', b'{"version": 2}'])
def test_a_state_of_another_program_is_left_alone(
    machine: Callable[[str], StorePlace], content: bytes
) -> None:
    place = machine("here")
    Location(place.url).put(STATE, content)
    with pytest.raises(StoreError, match=r"store\.json was written by"), locked(place, "run a"):
        pass
    assert Location(place.url).read(STATE)[0] == content


def test_tables_that_were_altered_in_the_bucket_are_not_taken(
    machine: Callable[[str], StorePlace],
) -> None:
    here, there = machine("here"), machine("there")
    with locked(here, "run a"):
        noted(here, "a")
    (copy,) = [name for name in names(here) if name.startswith("tables/")]
    location = Location(here.url)
    content = bytearray(location.read(copy)[0])
    content[len(content) // 2] ^= 1
    location.put(copy, bytes(content))
    with pytest.raises(StoreError, match=r"is not as it was published"), locked(there, "run b"):
        pass
    assert not Database(there.folder).exists
