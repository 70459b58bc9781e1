"""Programs that start programs: how they end, and that none is left."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = "import sys; from mos_assets.processes.tree import run_tree; sys.exit(run_tree(sys.argv[1:]))"


@pytest.mark.parametrize(("end", "code"), [("exit 3", 3), ("kill -KILL $$", 128 + signal.SIGKILL)])
def test_the_exit_code_is_that_of_a_shell(end: str, code: int) -> None:
    command = [sys.executable, "-c", RUN, "sh", "-c", end]
    assert subprocess.run(command, check=False).returncode == code


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_program_ends_though_this_process_is_killed(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    sleeper = ["sh", "-c", 'echo $$ > "$0"; exec sleep 60', str(noted)]
    with subprocess.Popen([sys.executable, "-c", RUN, *sleeper]) as process:
        try:
            _until(lambda: noted.exists() and noted.read_text().endswith("\n"))
        finally:
            process.kill()
    pid = int(noted.read_text())
    _until(lambda: not _lives(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans go to init")
def test_orphans_that_end_are_collected_at_once(tmp_path: Path) -> None:
    """Each run that is killed leaves some; they must not pile up for a year."""
    noted = tmp_path / "pid"
    orphan = 'echo $$ > "$0"; exec sleep 0.2'
    script = f"(sh -c '{orphan}' \"$0\" &); exec sleep 60"
    with subprocess.Popen([sys.executable, "-c", RUN, "sh", "-c", script, str(noted)]) as process:
        try:
            _until(lambda: noted.exists() and noted.read_text().endswith("\n"))
            pid = int(noted.read_text())
            _until(lambda: not Path(f"/proc/{pid}").exists())
        finally:
            process.terminate()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
