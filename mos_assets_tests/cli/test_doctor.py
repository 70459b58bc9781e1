"""`mos doctor` on a sound machine, and on faults made for real."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets.settings import Settings
from mos_assets.store import Database
from mos_assets.store.opening import locked
from mos_assets.store.run_lock import run_lock
from mos_assets_tests.conftest import backup


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    for name, path in (("MOS_STORE", folder), ("MOS_MODEL_DIR", tmp_path / "model")):
        monkeypatch.setenv(name, str(path))
    return folder


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def ask(port: int) -> tuple[int, dict[str, tuple[str, ...]]]:
    """Exit code, and grade, finding and remedy by what was looked at."""
    result = CliRunner().invoke(main, ["doctor", "--port", str(port)])
    assert result.exit_code in (0, 1), result.output
    lines = [line.split("\t") for line in result.output.splitlines()]
    return result.exit_code, {what: (grade, *rest) for grade, what, *rest in lines}


def test_a_sound_machine(store: Path, free_port: int) -> None:
    code, found = ask(free_port)
    assert code == 0
    assert {what for what, (grade, *_) in found.items() if grade == "fail"} == set()
    expected = {"packages", "ffmpeg", "open files", "memory", "store folder", "releases folder"}
    assert found.keys() >= expected | {"scratch folder", "store file", "fonts", "port"}
    assert not store.exists(), "looking changes nothing"


def test_what_others_hold(store: Path) -> None:
    Database(store).fetch("SELECT 1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with run_lock(store, "run 1c8f"):
            code, found = ask(port)
        assert code == 0, "what ends by itself is a warning"
        assert found["store"][:2] == ("warn", f"{store} is in use by run 1c8f")
        assert found["port"][0] == "warn"
        assert f"127.0.0.1:{port}" in found["port"][1]
    with backup(store):
        assert "another program" in ask(port)[1]["store"][1]
    assert "store" not in ask(port)[1]
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    words = [sys.executable, "-c", hold, str(Database(store).path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as other:
        assert other.stdout is not None
        other.stdout.readline()
        code, found = ask(port)
        other.kill()
    assert (code, found["store file"][0]) == (0, "warn")


def test_a_store_in_a_bucket(
    bucket: str, free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("MOS_STORE", f"{bucket}/store")
    monkeypatch.setenv("MOS_CORPUS_ROOT", "s3://no-such-bucket-here")
    with locked(Settings.from_env().paths.store_place, "run 1c8f"):
        code, found = ask(free_port)
    assert code == 1
    assert found["bucket of the store"][0] == "warn"
    assert "in use by run 1c8f on " in found["bucket of the store"][1]
    assert found["bucket of the corpora"][0] == "fail"
    assert "there is no such bucket" in found["bucket of the corpora"][1]
    assert ask(free_port)[1]["bucket of the store"][0] == "ok"


def test_a_store_that_is_damaged(store: Path, free_port: int) -> None:
    store.mkdir()
    Database(store).path.write_bytes(b"not a database" * 1000)
    code, found = ask(free_port)
    assert (code, found["store file"][0]) == (1, "fail")
    assert str(Database(store).path) in found["store file"][1]


@pytest.mark.parametrize("fault", ["a pipe", "a newer version"])
def test_a_store_that_is_none_of_this_version(store: Path, free_port: int, fault: str) -> None:
    path = Database(store).path
    if fault == "a pipe":
        store.mkdir()
        os.mkfifo(path)
    else:
        Database(store).fetch("SELECT 1")
        with duckdb.connect(str(path)) as connection:
            connection.execute("UPDATE store_version SET version = '999'")
    code, found = ask(free_port)
    assert (code, found["store file"][0]) == (1, "fail")
    assert fault in found["store file"][1] or "newer version" in found["store file"][1]


def test_clips_that_wait_are_told(store: Path, free_port: int) -> None:
    Database(store).fetch("SELECT 1")
    with duckdb.connect(str(Database(store).path)) as connection:
        row = "('c/a', 'x', 'libvmaf', 'f', 'out of memory', 3, now())"
        connection.execute(f"INSERT INTO setbacks VALUES {row}")
    assert "1 of them are given up" in ask(free_port)[1]["clips"][1]


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("echo ffmpeg version 5.1.9; exit 8", "version 5.1.9"),
        ("echo hello", "does not answer as ffmpeg"),
    ],
)
def test_an_ffmpeg_that_cannot(
    script: str, named: str, store: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = store.with_name("ffmpeg")
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("MOS_FFMPEG", str(program))
    code, found = ask(free_port)
    assert (code, found["ffmpeg"][0]) == (1, "fail")
    assert named in found["ffmpeg"][1]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody can write to, root neither."""
    folder = tmp_path / "fixed"
    folder.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)


def test_a_folder_that_cannot_be_written(
    read_only: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_STORE", str(read_only / "store"))
    monkeypatch.setenv("MOS_MODEL_DIR", str(read_only))
    code, found = ask(free_port)
    assert code == 1
    for what, setting in (("store folder", "MOS_STORE"), ("releases folder", "MOS_MODEL_DIR")):
        assert found[what][0] == "fail"
        assert setting in found[what][2]


def test_limits_and_what_is_not_loaded(store: Path) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "from mos_assets.cli import main\n"
        "try: main(['doctor'])\n"
        "finally: print([name for name in ('torch', 'dagster', 'cv2') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "warn\topen files\t40 allowed" in run.stdout
    assert run.stdout.splitlines()[-1] == "[]", run.stdout
