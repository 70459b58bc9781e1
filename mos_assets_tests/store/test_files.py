"""What lies where the store's files should: one message with the remedy, through the real door."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from mos_assets.errors import MosAssetsError, StoreError
from mos_assets.features import recover_journals
from mos_assets.features.merging import merge_shards
from mos_assets.release.promotion import promote
from mos_assets.store import Database, verdict_rows
from mos_assets.store.run_lock import LOCK_FILE, acquire
from mos_assets.watching import Catalogue
from mos_assets_tests.conftest import HEAD_ID, Release

NAME = "mos_assets.duckdb"
WAL = f"{NAME}.wal"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096])


def overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "random bytes": (instead(lambda path: path.write_bytes(os.urandom(50_000))), "no DuckDB file"),
    "a text": (instead(lambda path: path.write_text("not a database")), "no DuckDB file"),
    "of SQLite": (
        instead(lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4096))),
        "no DuckDB file",
    ),
    "cut": (cut, "damaged"),
    "overwritten": (overwritten, "damaged"),
    "empty": (instead(Path.touch), "is empty"),
    "a folder": (instead(Path.mkdir), "is a folder"),
    "a pipe": (instead(os.mkfifo), "is a pipe"),
    "a loop": (instead(lambda path: path.symlink_to(path)), "is a loop of links"),
    "a link to nowhere": (instead(lambda path: path.symlink_to("/none/such")), "/none/such"),
    "a pipe for a log": (lambda path: os.mkfifo(path.with_name(WAL)), "is a pipe"),
    "a log alone": (lambda path: path.rename(path.with_name(WAL)), "without"),
    "another program's": (
        instead(lambda path: duckdb.connect(str(path)).execute("CREATE TABLE t (a INT)").close()),
        "no store of mos_assets",
    ),
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    Database(folder).fetch("SELECT 1")
    return folder / NAME


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_store_is_named_with_the_remedy(tmp_path: Path, whole: Path, fault: str) -> None:
    shutil.copy(whole, tmp_path)
    change, said = FAULTS[fault]
    change(tmp_path / NAME)
    with pytest.raises(StoreError, match=said) as found:
        verdict_rows.latest_verdict(Database(tmp_path))
    assert str(tmp_path) in str(found.value)
    assert any(word in str(found.value) for word in ("estore", "ove ", "MOS_STORE"))


NO_FILES_LEFT = """
import os, resource, sys
from pathlib import Path
from mos_assets.errors import StoreError
from mos_assets.store import Database
database = Database(Path(sys.argv[1]))
database.fetch("SELECT 1")
held, free = [], int(sys.argv[2])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for descriptor in held[-free:] if free else []:
    os.close(descriptor)
try:
    database.fetch("SELECT 1")
except StoreError as error:
    said = str(error)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
sys.stdout.write(said)
"""


@pytest.mark.parametrize("free", [0, 1])
def test_a_machine_without_a_file_to_give_is_no_damage(whole: Path, free: int) -> None:
    said = subprocess.run(
        [sys.executable, "-c", NO_FILES_LEFT, str(whole.parent), str(free)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith("This machine could not open or read")
    assert "damaged" not in said


def test_mos_report_says_so_in_one_message(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    os.mkfifo(tmp_path / "store" / NAME)
    mos = Path(sys.executable).with_name("mos")
    found = subprocess.run(
        [mos, "report"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("Error: ")
    assert len(found.stderr.splitlines()) == 1


def test_flips_of_bits_in_the_database_are_told_or_do_no_harm(tmp_path: Path) -> None:
    """Blocks of DuckDB have checksums; a flip in one that nothing uses is none."""
    store = Database(tmp_path)
    insert = "INSERT INTO fold_groups SELECT 's', 5, 'g' || n, n % 5 FROM range(3000) t(n)"
    with store.connect() as connection:
        connection.execute(insert)
    query = "SELECT * FROM fold_groups ORDER BY ALL"
    content, good = store.path.read_bytes(), store.fetch(query)
    told = 0
    places = [*range(0, 12_288, 409), *range(12_288, len(content), len(content) // 60)]
    for at in places:
        flipped = bytearray(content)
        flipped[at] ^= 1 << (at % 8)
        store.path.write_bytes(flipped)
        try:
            assert store.fetch(query) == good
        except StoreError:
            told += 1
    assert told > len(places) // 4


@pytest.mark.parametrize(
    "name",
    [LOCK_FILE, ".run.door", "shards/.lock"],
)
def test_a_pipe_for_a_lock_holds_nobody_up(tmp_path: Path, name: str) -> None:
    (tmp_path / "shards").mkdir()
    os.mkfifo(tmp_path / name)
    with pytest.raises(StoreError, match=r"is a pipe.*[Dd]elete it"):
        acquire(tmp_path, "run a").close()
        recover_journals(tmp_path / "shards")


@pytest.mark.parametrize("said", [b"\xff\xfe\0", b"x" * 1_000_000, "nüx\n\x1b[2J".encode()])
def test_a_lock_of_foreign_bytes_is_no_obstacle(tmp_path: Path, said: bytes) -> None:
    (tmp_path / LOCK_FILE).write_bytes(said)
    acquire(tmp_path, "run a").close()
    assert (tmp_path / LOCK_FILE).read_bytes() == b"run a"
    (tmp_path / LOCK_FILE).write_bytes(said)
    with (tmp_path / LOCK_FILE).open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        with pytest.raises(StoreError, match="is in use by another process"):
            acquire(tmp_path, "run b")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_no_shard_is_set_aside(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "shards").mkdir()
    make(tmp_path / "shards" / "0.parquet")
    (damaged,) = merge_shards(Database(tmp_path), tmp_path / "shards")
    assert "0.parquet" in damaged
    assert merge_shards(Database(tmp_path), tmp_path / "shards") == ()


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to(path),
        lambda path: path.write_text("x" * 9999),
    ],
)
def test_what_sensors_remember_is_made_anew(
    tmp_path: Path, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path / "watch.sqlite")
    (tmp_path / "labels.csv").write_text("clip\na\n")
    assert Catalogue(tmp_path).text_rows(tmp_path / "labels.csv") == 2
    assert "watch.sqlite is made anew" in caplog.text


READ_ONLY = """if True:
    import os, sys
    from pathlib import Path
    import pyarrow
    from mos_assets.errors import MosAssetsError
    from mos_assets.store import Database, verdict_rows
    from mos_assets.store.run_lock import acquire
    os.setgid(65534); os.setuid(65534)
    store = Path(sys.argv[1])
    print(verdict_rows.latest_verdict(Database(store)))
    for work in (
        lambda: acquire(store, "run a"),
        lambda: Database(store).recreate("folds", pyarrow.table({"a": ["x"]})),
        lambda: Database(store / "deeper").fetch("SELECT 1"),
    ):
        try:
            work()
        except MosAssetsError as error:
            print(error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="needs a user to step down from")
def test_a_store_that_may_only_be_read_can_be_looked_at(
    whole: Path,
) -> None:
    # Where every user may come: pytest's own folders are closed to others.
    store = Path(tempfile.mkdtemp(dir=tempfile.gettempdir()))
    try:
        shutil.copy(whole, store)
        store.chmod(0o755)
        run = subprocess.run(
            [sys.executable, "-c", READ_ONLY, store], capture_output=True, text=True, check=False
        )
    finally:
        shutil.rmtree(store)
    assert run.stderr == ""
    none, *said = run.stdout.splitlines()
    assert none == "None"
    assert len(said) == 3
    assert all("read-only for this user" in line and "MOS_STORE" in line for line in said)


def test_a_model_folder_that_cannot_be_written_is_named(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / f".{HEAD_ID}.lock")
    with pytest.raises(MosAssetsError, match=r"is a pipe.*Delete it"):
        promote(release.manifest, release.onnx, release.card, tmp_path, datetime.now(UTC))
