"""Failures of the machine, made for real: none of them becomes a property of the clip's bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mos_assets.errors import ToolError
from mos_assets.features import ClipTask, measure_clip
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.records import Measurement, Setback
from mos_assets_tests.disks import tiny_disk
from mos_assets_tests.features.conftest import Render, task_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's limits and /proc")


def wrapped(ffmpeg: Ffmpeg, folder: Path, shell: str) -> Ffmpeg:
    """The real ffmpeg, started under what this line of shell sets up; `$FF "$@"` runs it."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/bash\nFF={ffmpeg.path}\n{shell}\n")
    program.chmod(0o755)
    return replace(ffmpeg, path=str(program))


@pytest.mark.parametrize(
    ("shell", "named"),
    [
        ('ulimit -n 4; exec $FF "$@"', "Too many open files"),
        ('$FF "$@" & p=$!; sleep .4; kill -TERM $p; wait $p', "signal from outside"),
        ("kill -KILL $$", "SIGKILL"),
        ("kill -HUP $$", "SIGHUP"),
        ('echo "x: Too many open files" >&2; exit 1', "Too many open files"),
        ('echo "[h264] Resource temporarily unavailable" >&2; exit 245', "unavailable"),
    ],
)
def test_what_the_machine_did_is_a_setback(
    shell: str, named: str, long: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    found = measure_clip(task_of(long, "libvmaf"), wrapped(ffmpeg, tmp_path, shell))
    assert [type(each) for each in found] == [Setback], found
    assert named in found[0].reason


@pytest.fixture(scope="module")
def long(render: Render) -> Path:
    """Long enough to be met by a signal while it is measured."""
    return render("long.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=20")


def test_what_passes_is_tried_again_at_once(plain: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    once = f'[ -e {tmp_path}/seen ] || {{ touch {tmp_path}/seen; kill -KILL $$; }}; exec $FF "$@"'
    found = measure_clip(task_of(plain, "saliency"), wrapped(ffmpeg, tmp_path, once))
    assert found == measure_clip(task_of(plain, "saliency"), ffmpeg)


def test_a_kill_from_outside(long: Path, ffmpeg: Ffmpeg) -> None:
    """As the kernel does where memory runs out: twice, since the clip is tried again."""
    stop = threading.Event()

    def kill() -> None:
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    words = path.read_bytes()
                    if words.startswith(ffmpeg.path.encode()) and os.fsencode(long) in words:
                        os.kill(int(path.parent.name), signal.SIGKILL)
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        (found,) = measure_clip(task_of(long, "saliency"), ffmpeg)
    finally:
        stop.set()
        killer.join()
    assert isinstance(found, Setback)
    assert "SIGKILL" in found.reason
    (found,) = measure_clip(task_of(long, "saliency"), ffmpeg)
    assert found.figures


def test_a_bound_of_ours_is_the_clips(
    plain: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, but the machine would give what the bound allows."""
    monkeypatch.setattr("mos_assets.features.resource_limits.MEMORY_BYTES", 64 << 20)
    first = measure_clip(task_of(plain, "libvmaf"), ffmpeg)
    assert [type(each) for each in first] == [Measurement], first
    assert first == measure_clip(task_of(plain, "libvmaf"), ffmpeg)


MEASURE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.{limit}, ({amount}, {amount}))
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.features import measure_clip
from mos_assets_tests.features.conftest import task_of
for found in measure_clip(task_of(Path(sys.argv[1]), "libvmaf"), Ffmpeg(sys.argv[2], "x")):
    print(type(found).__name__, found.reason)
"""


@pytest.mark.parametrize(
    ("limit", "amount"), [("RLIMIT_AS", 1200 << 20), ("RLIMIT_FSIZE", 900), ("RLIMIT_NOFILE", 12)]
)
def test_limits_from_outside(limit: str, amount: int, plain: Path, ffmpeg: Ffmpeg) -> None:
    """What a shell or a service manager allows is no property of a clip either."""
    code = MEASURE.format(limit=limit, amount=amount)
    words = [sys.executable, "-c", code, str(plain), ffmpeg.path]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    stored = [line for line in run.stdout.splitlines() if line.startswith("Measurement")]
    assert stored in ([], ["Measurement None"]), "no reason of the machine's may be kept"
    assert "Setback" in run.stdout or "ToolError" in run.stderr or stored, run


SCARCE = """
import os, resource, sys
from pathlib import Path
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.media.probe import end_readers
from mos_assets.features import measure_clip
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import task_of
clip, ffmpeg = Path(sys.argv[1]), Ffmpeg(sys.argv[2], "x")
for policy in ReferencePolicy:
    task = task_of(clip, policy=policy, reference=clip)
    assert all(found.reason is None for found in measure_clip(task, ffmpeg)), policy
    for free in range(20):
        end_readers()
        first = os.open("/dev/null", os.O_RDONLY)
        os.close(first)
        resource.setrlimit(resource.RLIMIT_NOFILE, (first + free, 4096))
        try:
            answers = measure_clip(task, ffmpeg)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
        for found in answers:
            print(free, policy, type(found).__name__, found.reason)
"""


def test_descriptors_that_run_out_anywhere(plain: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """Wherever the next one is wanted: figures or a setback, and no folder is left."""
    run = subprocess.run(
        [sys.executable, "-c", SCARCE, str(plain), ffmpeg.path],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    lines = [line.split(" ", 3) for line in run.stdout.splitlines()]
    assert {kind for _, _, kind, why in lines if why != "None"} == {"Setback"}, run.stdout
    assert not list(tmp_path.iterdir())


def test_a_clip_is_slow_only_where_the_time_was_its_own(
    plain: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Two thirds of the time are what a busy machine may leave a clip that is not slow."""
    busy = "import time\nwhile time.process_time() < 1.3: pass\ntime.sleep(60)"
    found = measure_clip(
        task_of(plain, "saliency"),
        wrapped(ffmpeg, tmp_path, f"exec {sys.executable} -c '{busy}'"),
        limit_s=2.0,
    )
    assert [type(each) for each in found] == [Setback]


def test_a_full_disk_ends_the_run(
    plain: Path, ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ffmpeg ends with 0 where its frame log and libvmaf's find no room."""
    with tiny_disk(tmp_path / "disk", "64k") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        (disk / "rest").write_bytes(bytes(60 << 10))
        for parts in (("libvmaf",), ("shots",), ("saliency",)):
            with pytest.raises(ToolError, match="There is no"):
                measure_clip(task_of(plain, *parts), ffmpeg)


def test_a_clip_that_cannot_be_read_is_not_blamed(
    plain: Path, ffmpeg: Ffmpeg, fails_to_read: Callable[[Path], Path]
) -> None:
    task = task_of(plain, "saliency")
    bad: ClipTask = replace(task, path=fails_to_read(plain))
    (found,) = measure_clip(bad, ffmpeg)
    assert isinstance(found, Setback)


@pytest.fixture
def fails_to_read(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """A file whose reads end with an input/output error."""
    processes: list[tuple[subprocess.Popen[bytes], Path]] = []

    def make(clip: Path) -> Path:
        """/proc/self/mem at address 0 answers every read with EIO, bound over a file."""
        target = tmp_path / "clip.mp4"
        target.write_bytes(b"")
        sleeper = subprocess.Popen(["/bin/sleep", "60"])
        words = ["/bin/mount", "--bind", f"/proc/{sleeper.pid}/mem", str(target)]
        if os.geteuid() != 0 or subprocess.run(words, stderr=subprocess.DEVNULL).returncode:
            sleeper.kill()
            pytest.skip("mounting over a file is not permitted here")
        processes.append((sleeper, target))
        return target

    yield make
    for sleeper, target in processes:
        subprocess.run(["/bin/umount", str(target)], check=True)
        sleeper.kill()
        sleeper.wait()
