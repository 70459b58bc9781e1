"""What a network is fed, pixel by pixel: against arithmetic on frames that another command decoded.

The networks here answer with what they are fed, so that columns are pixels.
"""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper
from PIL import Image

from mos_assets.errors import ClipError
from mos_assets.features import frames_seen, loaded_network, measure_clip
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.networks import items_of
from mos_assets.networks.declaration import NetworkInput
from mos_assets_tests.networks.conftest import task_of
from mos_assets_tests.networks.making import write_onnx

Levels = npt.NDArray[np.uint8]
LINES, COLUMNS, FRAMES = 38, 50, 11
SIZE = 8

INPUTS = {
    "whole": 'frames = {choose = "uniform", count = 1}\n'
    'view = {kind = "whole", size = 8, scaler = "bicubic"}',
    "padded": 'layout = "NHWC"\ncolour = "BGR"\nframes = {choose = "uniform", count = 1, '
    'at = "start"}\nview = {kind = "whole", size = 8, aspect = "pad", border = 7}',
    "covered": 'colour = "grey"\nframes = {choose = "uniform", count = 2, at = "ends"}\n'
    'view = {kind = "whole", size = 8, aspect = "crop", scaler = "lanczos"}',
    "sharp": 'frames = {choose = "rate", per_second = 0.5}\n'
    'view = {kind = "whole", size = 8, antialias = false}',
    "five": 'frames = {choose = "uniform", count = 1}\n'
    'view = {kind = "crops", size = [6, 8], where = "five"}',
    "levels": 'dtype = "uint8"\nframes = {choose = "uniform", count = 1}\n'
    'view = {kind = "crops", size = 8, where = "seeded", count = 1}',
    "cells": 'layout = "NCTHW"\nmean = [1, 2, 3]\nstd = [2, 4, 8]\nscale = 0.5\n'
    'frames = {choose = "clips", clips = 1, length = 2, stride = 2}\n'
    'view = {kind = "fragments", grid = 2, patch = 4}',
    "middles": 'layout = "NTCHW"\nframes = {choose = "clips", clips = 1, length = 2, stride = 9, '
    'at = "start", short = "hold"}\nview = {kind = "fragments", grid = 2, patch = 4, '
    'place = "centre"}',
    "enlarged": 'layout = "NTHWC"\nframes = {choose = "clips", clips = 1, length = 1}\n'
    'view = {kind = "crops", size = [40, 2], small = "enlarge"}',
}
SHAPES = {
    "whole": [3, 8, 8],
    "padded": [8, 8, 3],
    "covered": [1, 8, 8],
    "sharp": [3, 8, 8],
    "five": [3, 6, 8],
    "levels": [3, 8, 8],
    "cells": [3, 2, 8, 8],
    "middles": [2, 3, 8, 8],
    "enlarged": [1, 40, 2, 3],
}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A network that answers with all that it is fed."""
    folder = tmp_path / "networks" / "mirror"
    folder.mkdir(parents=True)
    nodes = [helper.make_node("Cast", [name], [f"{name}_out"], to=1) for name in INPUTS]
    write_onnx(
        folder / "mirror.onnx",
        {name: ["n", *shape] for name, shape in SHAPES.items()},
        nodes,
        {f"{name}_out": ["n", *shape] for name, shape in SHAPES.items()},
        kinds={"levels": "uint8"},
    )
    text = 'name = "mirror"\nonnx = "mirror.onnx"\nlicence = "CC0"\nsource = "the tests"\n'
    for name, body in INPUTS.items():
        scale = "" if "scale = " in body or "uint8" in body else "scale = 1\n"
        text += f'\n[[inputs]]\nname = "{name}"\n{scale}{body}\n'
    for name, shape in SHAPES.items():
        pool = "last" if name in ("five", "covered", "sharp") else "mean"
        text += (
            f'\n[[outputs]]\nname = "{name}_out"\nprefix = "{name}"\n'
            f'count = {int(np.prod(shape))}\npool = "{pool}"\n'
        )
    (folder / "network.toml").write_text(text)
    return folder


@pytest.fixture
def decoded(small_clip: Path, ffmpeg: Ffmpeg) -> Levels:
    """[frames, lines, columns, 3] RGB, as a command without any of our filters has it."""
    run = run_ffmpeg(ffmpeg, ["-i", str(small_clip), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return np.frombuffer(run.stdout, np.uint8).reshape(FRAMES, LINES, COLUMNS, 3)


def _resized(picture: Levels, columns: int, lines: int, filter_: int) -> Levels:
    return np.asarray(Image.fromarray(picture).resize((columns, lines), filter_))


def _draw(text: str, choices: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) % choices


def _expected(frames: Levels, sha256: str) -> dict[str, npt.NDArray[np.float64]]:
    """In the layout of each input, items that are pooled by `last` the last one."""
    middle = frames[5]
    padded = np.full((8, 8, 3), 7, np.uint8)
    padded[1:7] = _resized(frames[0], 8, 6, Image.Resampling.BILINEAR)
    luma = np.asarray(Image.fromarray(frames[10]).convert("L"))
    covered = _resized(luma, 11, 8, Image.Resampling.LANCZOS)[:, 1:9]
    sharp = torch.nn.functional.interpolate(
        torch.from_numpy(frames[10].astype(np.float32)).permute(2, 0, 1)[None],
        size=(8, 8),
        mode="bilinear",
        align_corners=False,
    )[0].round()
    line, column = _draw(f"{sha256}/levels/0/line", 31), _draw(f"{sha256}/levels/0/column", 43)
    run = frames[[4, 6]]
    cells = np.empty((2, 8, 8, 3))
    for i in range(2):
        for j in range(2):
            top = 19 * i + _draw(f"{sha256}/cells/0/{i}/{j}/line", 15)
            left = 25 * j + _draw(f"{sha256}/cells/0/{i}/{j}/column", 21)
            part = run[:, top : top + 4, left : left + 4]
            cells[:, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4] = part
    cells = (cells * 0.5 - [1, 2, 3]) / [2, 4, 8]
    held = frames[[0, 9]]
    middles = np.concatenate(
        [
            np.concatenate([held[:, t : t + 4, l_ : l_ + 4] for l_ in (10, 35)], axis=2)
            for t in (7, 26)
        ],
        axis=1,
    )
    enlarged = _resized(middle, 53, 40, Image.Resampling.BILINEAR)[:, 25:27]
    return {
        "whole": _resized(middle, 8, 8, Image.Resampling.BICUBIC).transpose(2, 0, 1),
        "padded": padded[:, :, ::-1],
        "covered": covered[None],
        "sharp": sharp.numpy(),
        "five": middle[16:22, 21:29].transpose(2, 0, 1),
        "levels": middle[line : line + 8, column : column + 8].transpose(2, 0, 1),
        "cells": cells.transpose(3, 0, 1, 2),
        "middles": middles.transpose(0, 3, 1, 2),
        "enlarged": enlarged[None],
    }


def test_every_view_pixel_by_pixel(
    mirror: Path,
    decoded: Levels,
    small_clip: Path,
    ffmpeg: Ffmpeg,
    as_block: Callable[[Path], str],
) -> None:
    task = task_of(small_clip, as_block(mirror))
    network = loaded_network("mirror")
    assert network is not None
    assert frames_seen(network, probe(small_clip)) == {
        "whole": ((5,),),
        "padded": ((0,),),
        "covered": ((0,), (10,)),
        "sharp": ((0,), (10,)),
        "five": ((5,),),
        "levels": ((5,),),
        "cells": ((4, 6),),
        "middles": ((0, 9),),
        "enlarged": ((5,),),
    }
    (found,) = measure_clip(task, ffmpeg)
    assert found.reason is None
    for name, expected in _expected(decoded, task.sha256).items():
        flat = expected.reshape(-1)
        suffix = "_last" if name in ("five", "covered", "sharp") else ""
        got = [found.figures[f"mirror_{name}_{i:04d}{suffix}"] for i in range(len(flat))]
        np.testing.assert_allclose(got, flat, rtol=0, atol=1e-6, err_msg=name)


def _input(frames: dict[str, object], layout: str = "NCTHW") -> NetworkInput:
    view = {"kind": "whole", "size": 8}
    return NetworkInput.model_validate(
        {"name": "x", "layout": layout, "frames": frames, "view": view}
    )


@given(
    frames=st.integers(1, 400),
    clips=st.integers(1, 6),
    length=st.integers(1, 40),
    stride=st.integers(1, 4),
)
def test_runs_are_those_of_the_authors(frames: int, clips: int, length: int, stride: int) -> None:
    """SampleFrames of FAST-VQA in its test mode, in fractions and not in floats."""
    got = items_of(
        _input({"choose": "clips", "clips": clips, "length": length, "stride": stride}),
        frames,
        25.0,
    )
    span = length * stride
    share = Fraction(frames - span + 1, clips)
    begins = [int(i * share + share / 2) if frames > span - 1 else 0 for i in range(clips)]
    assert got == tuple(
        tuple((begin + i * stride) % frames for i in range(length)) for begin in begins
    )


@given(frames=st.integers(1, 500), count=st.integers(1, 40))
@pytest.mark.parametrize("at", ["centre", "start", "ends"])
def test_uniform_frames_lie_evenly(at: str, frames: int, count: int) -> None:
    (got,) = items_of(_input({"choose": "uniform", "count": count, "at": at}), frames, 25.0)
    assert len(got) == count
    assert list(got) == sorted(got)
    ideal = {
        "centre": [(i + 0.5) * frames / count for i in range(count)],
        "start": [i * frames / count for i in range(count)],
        "ends": [0.5 + i * (frames - 1) / max(count - 1, 1) for i in range(count)],
    }[at]
    assert all(abs(number + 0.5 - exact) <= 0.5 + 1e-9 for number, exact in
               zip(got, ideal, strict=True))  # fmt: skip
    assert 0 <= got[0] <= got[-1] < frames


@pytest.mark.parametrize(
    ("per_second", "most", "expected"),
    [(1.0, 64, 4), (2.0, 64, 7), (60.0, 64, 50), (60.0, 10, 10), (0.1, 64, 1)],
)
def test_frames_at_a_rate(per_second: float, most: int, expected: int) -> None:
    got = items_of(
        _input({"choose": "rate", "per_second": per_second, "most": most}, "NCHW"), 100, 29.97
    )
    assert (len(got), got[0]) == (expected, (0,))


def test_a_clip_that_is_too_short_may_be_refused() -> None:
    runs = {"choose": "clips", "clips": 1, "length": 8, "stride": 2, "short": "refuse"}
    assert items_of(_input(runs), 15, 25.0) == (tuple(range(0, 15, 2)),)
    with pytest.raises(ClipError, match="14 frames are too few for runs of 8 frames, 2 apart"):
        items_of(_input(runs), 14, 25.0)
