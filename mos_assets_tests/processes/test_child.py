"""A child meets its bounds, whatever it does, and leaves nothing running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from mos_assets.processes.child import KEPT_BYTES, OUTPUT_BYTES, ResourceLimits, run_limited


def running(pid: int) -> bool:
    """Whether a process is there and has not ended; one that waits to be reaped has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_what_it_says_comes_back_with_its_code() -> None:
    run = run_limited(["sh", "-c", "echo out; echo err >&2; exit 3"], ResourceLimits(10))
    assert (run.returncode, run.stdout, run.stderr) == (3, b"out\n", b"err\n")


def test_a_child_that_hangs_ends_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 300 & echo $! > {pids}; echo $$ >> {pids}; trap '' TERM; wait"
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_limited(["sh", "-c", script], ResourceLimits(1.0))
    assert time.monotonic() - begun < 10
    sleeper, shell = map(int, pids.read_text().split())
    assert not Path(f"/proc/{shell}").exists(), "the child itself has to be reaped"
    end = time.monotonic() + 5
    while running(sleeper) and time.monotonic() < end:
        time.sleep(0.02)
    assert not running(sleeper)


def test_a_child_that_closes_its_streams_and_stays_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_limited(["sh", "-c", "exec sleep 300 >&- 2>&-"], ResourceLimits(0.5))


def test_endless_errors_keep_their_beginning_and_end() -> None:
    script = "echo first >&2; head -c 9000000 /dev/zero >&2; echo last >&2"
    said = run_limited(["sh", "-c", script], ResourceLimits(20)).stderr
    assert len(said) == 2 * KEPT_BYTES
    assert said.startswith(b"first\n")
    assert said.endswith(b"last\n")
    with pytest.raises(subprocess.TimeoutExpired):
        run_limited(
            ["sh", "-c", "while :; do head -c 99999 /dev/zero >&2; done"], ResourceLimits(0.3)
        )


def test_more_output_than_any_command_asks_for_is_loud() -> None:
    with pytest.raises(ValueError, match="wrote more than"):
        run_limited(["head", "-c", str(OUTPUT_BYTES + 1), "/dev/zero"], ResourceLimits(60))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's limits are set on Linux only")
def test_memory_and_files_are_bounded(tmp_path: Path) -> None:
    allocate = "import time; time.sleep(0.2); bytearray(600 << 20)"
    bounds = ResourceLimits(30, memory_bytes=500 << 20, file_bytes=1 << 20)
    run = run_limited([sys.executable, "-c", allocate], bounds)
    assert run.returncode != 0
    assert b"MemoryError" in run.stderr
    wider = ResourceLimits(30, memory_bytes=4 << 30)
    assert run_limited([sys.executable, "-c", allocate], wider).returncode == 0
    write = "import time; time.sleep(0.2); open('big', 'wb').write(bytes(3 << 20))"
    assert run_limited([sys.executable, "-c", write], bounds, cwd=tmp_path).returncode != 0
    assert (tmp_path / "big").stat().st_size <= 1 << 20
