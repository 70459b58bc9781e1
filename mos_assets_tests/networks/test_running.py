"""Networks at work: their figures, their limits, and what is the clip's fault and what is not."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from click.testing import CliRunner
from onnx import helper, numpy_helper

from mos_assets.cli import main
from mos_assets.errors import NetworkError
from mos_assets.features import Journal, measure_clip, measure_clips, read_shard, recover_journals
from mos_assets.features.networks import forget_network
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.networks.process import PROGRAM
from mos_assets.records import Measurement, Setback
from mos_assets_tests.networks.conftest import task_of
from mos_assets_tests.networks.making import Write, write_onnx

Block = Callable[[Path], str]


def _workers(folder: Path) -> list[psutil.Process]:
    """The processes that run networks of this folder for this one."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
        and str(PROGRAM) in (told := child.cmdline())
        and any(str(folder) in word for word in told)
    ]


def test_a_network_is_loaded_once_for_many_clips(
    means: Write, as_block: Block, small_clip: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    part = as_block(means("tiny", ('"blue"]', '"blue"]\npool = ["mean", "std", "max"]')))
    first = measure_clip(task_of(small_clip, part), ffmpeg)
    (one,) = _workers(tmp_path)
    assert measure_clip(task_of(small_clip, part), ffmpeg) == first
    assert _workers(tmp_path) == [one]
    (found,) = first
    figures = found.figures
    assert figures["tiny_red_max"] >= figures["tiny_red"] > 0
    assert figures["tiny_red_std"] > 0
    # Another thread has its own, which ends with it.
    results = measure_clips([task_of(small_clip, part)] * 2, ffmpeg, workers=1)
    assert results == (first, first)
    deadline = time.monotonic() + 20
    while _workers(tmp_path) != [one] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _workers(tmp_path) == [one]


def test_hundreds_of_frames_are_taken(
    means: Write, as_block: Block, tmp_path: Path, ffmpeg: Ffmpeg
) -> None:
    """The level of frame n is n / 2; ffmpeg's own limit is a row of a hundred terms."""
    clip = tmp_path / "rising.mkv"
    rising = ["-f", "lavfi", "-i", "color=black:s=16x16:r=25,format=gray,geq=lum=N/2"]
    run = run_ffmpeg(ffmpeg, [*rising, "-frames:v", "400", "-c:v", "ffv1", str(clip)])
    assert run.returncode == 0, run.stderr.decode()
    part = as_block(
        means("tiny", ("count = 4", "count = 400"), ('e"]', 'e"]\npool = ["mean", "last"]'))
    )
    (found,) = measure_clip(task_of(clip, part), ffmpeg)
    assert found.reason is None
    assert found.figures["tiny_red_last"] == 199
    assert found.figures["tiny_red"] == 99.5


def test_what_is_not_finite_is_missing_with_a_reason(
    means: Write, as_block: Block, small_clip: Path, ffmpeg: Ffmpeg
) -> None:
    """1 / (blue - blue) is infinite, and the other two are figures."""
    zero = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(
        np.array([1, 1, 0], np.float32)))  # fmt: skip
    by_zero = helper.make_node("Div", ["m", "w"], ["y"])
    part = as_block(means("tiny", nodes=[zero, by_zero]))
    (found,) = measure_clip(task_of(small_clip, part), ffmpeg)
    assert isinstance(found, Measurement)
    assert set(found.figures) == {"tiny_red", "tiny_green"}
    assert found.reason == "tiny_blue of network tiny came out as nan"


def _heavy(folder: Path, side: int, repeats: int, limits: str) -> None:
    """`repeats` products of matrices of this size, after a start from one pixel."""
    folder.mkdir(parents=True)
    one = numpy_helper.from_array(np.array([side, side], np.int64), "shape")
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m0"], keepdims=0),
        helper.make_node("Expand", ["m0", "shape"], ["s0"]),
    ]
    for index in range(repeats):
        nodes += [
            helper.make_node("MatMul", [f"s{index}", f"s{index}"], [f"p{index}"]),
            helper.make_node("Tanh", [f"p{index}"], [f"s{index + 1}"]),
        ]
    nodes += [
        helper.make_node("ReduceMean", [f"s{repeats}"], ["r"], keepdims=0),
        helper.make_node("Unsqueeze", ["r", "axis"], ["y"]),
    ]
    axis = numpy_helper.from_array(np.array([0], np.int64), "axis")
    write_onnx(
        folder / "heavy.onnx", {"x": [1, 3, 4, 4]}, nodes, {"y": [1]}, initializers=[one, axis]
    )
    (folder / "network.toml").write_text(
        'name = "heavy"\nonnx = "heavy.onnx"\nlicence = "CC0"\nsource = "the tests"\n'
        '[[inputs]]\nname = "x"\nframes = {choose = "uniform", count = 1}\n'
        'view = {kind = "whole", size = 4}\n[[outputs]]\nname = "y"\ncolumns = "one"\n'
        f"[limits]\n{limits}\n"
    )


def test_a_network_that_takes_too_long_is_ended(
    tmp_path: Path, as_block: Block, small_clip: Path, ffmpeg: Ffmpeg
) -> None:
    """Another limit would give figures: it is tried again, and never noted of the clip."""
    _heavy(tmp_path / "heavy", 1500, 2000, "seconds = 1.0")
    (found,) = measure_clip(task_of(small_clip, as_block(tmp_path / "heavy")), ffmpeg)
    assert isinstance(found, Setback)
    assert found.reason.startswith("network heavy takes more than 1 s")
    assert not _workers(tmp_path)


def test_a_network_that_needs_too_much_memory_is_the_machines_fault(
    tmp_path: Path, as_block: Block, small_clip: Path, ffmpeg: Ffmpeg
) -> None:
    _heavy(tmp_path / "heavy", 30_000, 1, "memory_gb = 1.0")
    (found,) = measure_clip(task_of(small_clip, as_block(tmp_path / "heavy")), ffmpeg)
    assert isinstance(found, Setback)
    assert found.reason.startswith("network heavy needs more than the 1 GB of memory_gb in ")


@pytest.mark.parametrize(
    ("number", "times", "said"),
    [
        (signal.SIGKILL, 1, ""),
        (signal.SIGKILL, 2, r"heavy was ended by SIGKILL, as where the machine has no memory left"),
        (signal.SIGSEGV, 2, r"heavy crashed \(SIGSEGV\)\. Where it does so again, export /.*heavy"),
    ],
)
def test_a_process_that_is_killed_is_started_again(
    number: int,
    times: int,
    said: str,
    tmp_path: Path,
    as_block: Block,
    small_clip: Path,
    ffmpeg: Ffmpeg,
) -> None:
    """The second try of the same clip gives its figures; where it dies too, the reason says how."""
    _heavy(tmp_path / "heavy", 600, 60, "seconds = 60.0")
    task = task_of(small_clip, as_block(tmp_path / "heavy"))

    def kill() -> None:
        done: set[int] = set()
        while len(done) < times:
            with suppress(psutil.NoSuchProcess):
                for found in _workers(tmp_path):
                    if found.pid not in done:
                        done.add(found.pid)
                        os.kill(found.pid, number)
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    (found,) = measure_clip(task, ffmpeg)
    killer.join()
    assert isinstance(found, Setback if said else Measurement)
    assert re.search(said, found.reason or "")


def test_a_network_that_runs_over_nothing_stops_the_run(
    means: Write, as_block: Block, small_clip: Path, ffmpeg: Ffmpeg
) -> None:
    """Two shapes that do not fit together, which no check of the file sees."""
    odd = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(
        np.ones((5, 7), np.float32)))  # fmt: skip
    part = as_block(means("tiny", nodes=[odd, helper.make_node("MatMul", ["m", "w"], ["y"])]))
    with pytest.raises(NetworkError, match=r"tiny\.onnx: onnxruntime cannot run it \("):
        measure_clip(task_of(small_clip, part), ffmpeg)


def test_the_command_shows_what_it_is_fed_and_gives(means: Write, small_clip: Path) -> None:
    folder = means()
    shown = CliRunner().invoke(main, ["networks", "check", str(folder), str(small_clip)])
    forget_network("tiny")
    assert shown.exit_code == 0, shown.output
    assert "inputs    x float32 [batch, 3, 16, 16]" in shown.output
    assert "frames    x: 1; 4; 6; 9" in shown.output
    assert shown.output.splitlines()[-1].startswith("tiny_blue\t")
    (folder / "network.toml").unlink()
    shown = CliRunner().invoke(main, ["networks", "check", str(folder)])
    assert shown.exit_code == 1
    assert "tiny.onnx: inputs x float32 [batch, 3, 16, 16]; outputs y float32" in shown.output


def test_what_a_killed_run_measured_is_kept_without_the_network(
    means: Write, as_block: Block, tmp_path: Path
) -> None:
    """The next run may have chosen other blocks."""
    row = Measurement("a" * 64, as_block(means()), "network_tiny-1", {
        "tiny_red": 1.0, "tiny_green": 2.0, "tiny_blue": 3.0}, None)  # fmt: skip
    Journal(tmp_path / "shards" / "some.parquet").note([row])
    forget_network("tiny")
    assert recover_journals(tmp_path / "shards").clips == 1
    (shard,) = (tmp_path / "shards").glob("*.parquet")
    assert read_shard(shard) == (row,)
