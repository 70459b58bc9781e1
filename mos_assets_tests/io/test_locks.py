"""Locks of the kernel: whom they keep out, and that they end with their process."""

import subprocess
import sys
from pathlib import Path

from mos_assets.io.locks import lock, open_lock, try_lock

HOLD = """
import sys
from pathlib import Path
from mos_assets.io.locks import lock, open_lock
file = open_lock(Path(sys.argv[1]))
lock(file, shared=len(sys.argv) > 2)
print("held", flush=True)
input()
"""


def _held(path: Path, *more: str) -> subprocess.Popen[bytes]:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    return other


def test_a_lock_keeps_others_out_until_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _held(path) as other, open_lock(path) as mine:
        assert not try_lock(mine)
        assert not try_lock(mine, shared=True)
        other.kill()
        other.wait()
        lock(mine)


def test_a_shared_lock_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with _held(path, "shared") as other, open_lock(path) as mine:
        assert not try_lock(mine)
        assert try_lock(mine, shared=True)
        other.kill()
