"""Files are there whole or not at all, whatever happens while they are written."""

import subprocess
import sys
from pathlib import Path

import pytest

from mos_assets.io.writing import rename_durably, write_whole

FULL = """
import resource, signal, sys
from pathlib import Path
from mos_assets.io.writing import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
write_whole(Path(sys.argv[1]), bytes(100_000))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from mos_assets.io import writing
writing.rename_durably = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
writing.write_whole(Path(sys.argv[1]), b"new", contended=len(sys.argv) > 2)
"""


@pytest.mark.parametrize("contended", [False, True])
def test_a_file_is_replaced(tmp_path: Path, contended: bool) -> None:
    path = tmp_path / "a.json"
    for content in (b"", b"old" * 1000, b"new"):
        write_whole(path, content, contended=contended)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_the_old_bytes_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], check=False, capture_output=True, text=True
    )
    assert "File too large" in ran.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_leaves_is_hidden_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    for more in ((), (), ("contended",), ("contended",)):
        subprocess.run([sys.executable, "-c", KILLED, str(path), *more], check=False)
        assert path.read_bytes() == b"old"
    left = [item.name for item in tmp_path.iterdir() if item != path]
    assert len(left) == 3, "one name for a single writer, one each where several may write"
    assert all(name.startswith(".a.json.") and name.endswith(".partial") for name in left)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert ".a.json.partial" not in [item.name for item in tmp_path.iterdir()]


def test_a_folder_gets_its_name(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "a").write_bytes(b"1")
    rename_durably(tmp_path / "made", tmp_path / "there")
    assert (tmp_path / "there" / "a").read_bytes() == b"1"
