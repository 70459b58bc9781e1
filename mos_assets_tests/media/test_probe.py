"""What a header says, and the reasons of files that are no clips."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mos_assets.errors import ClipError, ToolError
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.media.probe import end_readers, probe, probe_each


def make(path: Path, *arguments: str) -> Path:
    run = run_ffmpeg(find_ffmpeg(), [*arguments, str(path)])
    assert run.returncode == 0, run.stderr.decode()
    return path


def test_a_clip(tmp_path: Path) -> None:
    source = "testsrc=s=64x48:r=30000/1001,trim=end_frame=30"
    found = probe(make(tmp_path / "a.mp4", "-f", "lavfi", "-i", source, "-c:v", "libx264"))
    assert (found.width, found.height, found.frames, found.codec) == (64, 48, 30, "h264")
    assert found.fps == pytest.approx(30000 / 1001)
    assert found.duration_s == pytest.approx(30 * 1001 / 30000, abs=1e-3)
    assert found.bit_rate


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"just text\n" * 99, "no video can be read"),
        (b"GIF89a\x10\0\x10\0\0\0\0" + bytes(999), "a GIF picture and no video clip; convert it"),
        (b"fLaC\0\0\0\x22" + bytes(99), "a FLAC sound file and no video clip"),
    ],
)
def test_what_is_no_clip(content: bytes, named: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ClipError, match=named):
        probe(path)


def test_sound_alone(tmp_path: Path) -> None:
    sound = make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    with pytest.raises(ClipError, match="no video stream"):
        probe(sound)


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 9000)
    assert hash_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def readers() -> list[int]:
    """Process numbers of the programs that read headers for this process."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            command = process.joinpath("cmdline").read_bytes()
            if parent == os.getpid() and b"mos_assets.media.header" in command:
                found.append(int(process.name))
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "a.mp4"
    return make(path, "-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2", "-c:v", "libx264")


def test_the_reader_is_kept(small: Path) -> None:
    probe(small)
    before = readers()
    assert probe(small).codec == "h264"
    assert readers() == before


def test_a_header_that_hangs_its_reader(small: Path) -> None:
    """It cannot be read now, and nothing else happens: the next one has a new reader."""
    end_readers()  # those that other tests' threads have left waiting
    probe(small)
    (reader,) = readers()
    os.kill(reader, signal.SIGSTOP)
    with pytest.raises(OSError, match="took longer than"):
        probe(small, limit_s=0.5)
    assert reader not in readers()
    assert probe(small).codec == "h264"


def test_a_clip_is_not_blamed_for_a_reader_that_was_killed(small: Path) -> None:
    end_readers()  # those that other tests' threads have left waiting
    probe(small)
    (reader,) = readers()
    os.kill(reader, signal.SIGSTOP)
    blow = threading.Timer(0.3, os.kill, (reader, signal.SIGKILL))
    blow.start()
    assert probe(small).codec == "h264"
    blow.join()
    assert reader not in readers()


def test_a_header_that_ends_every_reader(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end_readers()
    dies = (sys.executable, "-c", "import os; print('{}', flush=True); input(); os.abort()")
    monkeypatch.setattr("mos_assets.media.probe._READER", dies)
    with pytest.raises(ClipError, match="crashes"):
        probe(small)
    monkeypatch.undo()
    assert probe(small).codec == "h264"


def test_the_memory_of_the_reader_is_bounded(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe(small)
    end_readers()
    monkeypatch.setattr("mos_assets.media.probe.PROBE_MEMORY_BYTES", 16 << 20)
    with pytest.raises(ToolError, match="does not start"):
        probe(small)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "a.mp4")


def test_readers_of_several_threads(small: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(probe, [small] * 12))) == 1
    assert len(readers()) <= 3


def test_many_files_are_answered_in_their_order(small: Path, tmp_path: Path) -> None:
    """More than a reader is asked about at once, with flaws between them."""
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    sound = probe(small)
    paths = [small, text, tmp_path / "gone.mp4", small, small, text] * 4
    before = readers()
    found = list(probe_each(paths))
    assert readers() == before
    for path, answer in zip(paths, found, strict=True):
        if path == small:
            assert answer == sound
        else:
            assert isinstance(answer, ClipError if path == text else FileNotFoundError)
    assert list(probe_each([])) == []


def test_who_stops_listening_leaves_no_answer_behind(small: Path, tmp_path: Path) -> None:
    """The next question must not get the answer to an older one."""
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    answers = probe_each([small, text, text, text])
    assert next(answers) == probe(small)
    del answers
    assert probe(small).codec == "h264"


@pytest.mark.parametrize(
    ("ended_by", "kind"), [("SIGABRT", ClipError), ("SIGSEGV", ClipError), ("SIGKILL", OSError)]
)
def test_one_header_that_ends_its_reader_costs_itself_only(
    ended_by: str, kind: type, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash, twice, is the file's doing and is kept; a kill comes from outside and is not."""
    end_readers()
    program = (
        "import os, signal; from mos_assets.media import header; old = header._figures\n"
        "def figures(path):\n"
        f"    path.name == 'killer.mp4' and os.kill(os.getpid(), signal.{ended_by})\n"
        "    return old(path)\n"
        "header._figures = figures; header.main(60.0)"
    )
    monkeypatch.setattr("mos_assets.media.probe._READER", (sys.executable, "-c", program))
    killer = tmp_path / "killer.mp4"
    found = list(probe_each([small, small, killer, small, killer, small, small, small, small]))
    flawed = [at for at, answer in enumerate(found) if isinstance(answer, kind)]
    assert flawed == [2, 4]
    assert len({answer for answer in found if not isinstance(answer, Exception)}) == 1
    end_readers()


def test_a_reader_that_cannot_start_blames_no_clip(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_readers()
    broken = (sys.executable, "-c", "import nothing_of_that_name")
    monkeypatch.setattr("mos_assets.media.probe._READER", broken)
    with pytest.raises(ToolError, match="does not start"):
        probe(small)


def test_a_reader_keeps_its_own_time() -> None:
    """Nobody may be left to end it when a file makes the library go in circles."""
    circles = "header._figures = lambda path: next(x for x in iter(int, 1) if x)"
    code = f"from mos_assets.media import header; {circles}; header.main(0.5)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as reader:
        assert reader.stdin is not None
        reader.stdin.write(b"/nowhere".hex().encode() + b"\n")
        reader.stdin.flush()
        assert reader.wait(30) == -signal.SIGALRM
