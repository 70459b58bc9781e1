"""docs/networks.md: its example is run as it stands, its other declarations are read."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from scipy.ndimage import convolve

from mos_assets.features import measure_clip
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.networks import read_network
from mos_assets_tests.networks.conftest import task_of
from mos_assets_tests.networks.making import write_onnx

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(python|toml)\n(.*?)```", PAGE, re.DOTALL)
TOMLS = {re.search(r'^name = "(.*?)"', text, re.M)[1]: text for kind, text in BLOCKS  # type: ignore[index]
         if kind == "toml"}  # fmt: skip


def test_the_example_is_true(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ffmpeg: Ffmpeg,
    as_block: Callable[[Path], str],
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(next(text for kind, text in BLOCKS if kind == "python"), {})  # noqa: S102
    (tmp_path / "networks" / "edges" / "network.toml").write_text(TOMLS["edges"])
    clip, grey = tmp_path / "clip.mkv", ["-pix_fmt", "gray", "-f", "rawvideo", "-"]
    source = "testsrc2=s=320x300:r=2:d=2,format=gray"
    for where in (["-c:v", "ffv1", str(clip)], grey):
        run = run_ffmpeg(ffmpeg, ["-f", "lavfi", "-i", source, *where])
        assert run.returncode == 0, run.stderr.decode()
    part = as_block(tmp_path / "networks" / "edges")
    (found,) = measure_clip(task_of(clip, part), ffmpeg)
    pictures = np.frombuffer(run.stdout, np.uint8).reshape(4, 300, 320)[::2, 22:278, 32:288]
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    scores = [
        np.abs(convolve(picture.astype(float), kernel)[1:-1, 1:-1]).mean() for picture in pictures
    ]
    assert found.reason is None
    assert found.figures["edges_edges"] == pytest.approx(np.mean(scores), rel=1e-6)
    assert found.figures["edges_edges_max"] == pytest.approx(max(scores), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "calls"),
    [
        ("dover", {"aes_view": 1, "tech_view": 4}, ("aesthetic", "technical"), (1, 4)),
        ("fast-vqa", {"fragments": 1}, ("score",), (1,)),
    ],
)
def test_networks_of_these_shapes_can_be_used(
    tmp_path: Path, name: str, inputs: dict[str, int], outputs: tuple[str, ...], calls: object
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "network.toml").write_text(TOMLS[name])
    nodes = [
        helper.make_node("ReduceMean", [given], [got], axes=[1, 2, 3, 4], keepdims=0)
        for given, got in zip(inputs, outputs, strict=True)
    ]
    file = re.search(r'onnx = "(.*?)"', TOMLS[name])
    assert file is not None
    write_onnx(
        folder / file[1],
        {each: [n, 3, 32, 224, 224] for each, n in inputs.items()},
        nodes,
        {got: [n] for got, n in zip(outputs, inputs.values(), strict=True)},
    )
    network = read_network(folder)
    assert network.batches == calls
    assert len(network.declaration.columns) == len(outputs)
