"""Small networks that the tests make, and blocks of them while a test lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from mos_assets.features import ClipTask, load_networks
from mos_assets.features.networks import forget_network
from mos_assets.io.hashing import hash_file
from mos_assets.media.probe import probe
from mos_assets.settings import ReferencePolicy

Write = Callable[..., Path]
Shape = Sequence[int | str]
KINDS = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8, "float16": TensorProto.FLOAT16}


def write_onnx(
    path: Path,
    inputs: Mapping[str, Shape],
    nodes: Sequence[onnx.NodeProto],
    outputs: Mapping[str, Shape],
    *,
    kinds: Mapping[str, str] | None = None,
    initializers: Sequence[onnx.TensorProto] = (),
    **model: object,
) -> None:
    """One graph of opset 17; every input and output is float32 unless `kinds` says otherwise."""
    kind = {name: KINDS[each] for name, each in (kinds or {}).items()}

    def values(shapes: Mapping[str, Shape]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(name, kind.get(name, TensorProto.FLOAT), list(shape))
            for name, shape in shapes.items()
        ]

    graph = helper.make_graph(nodes, "made", values(inputs), values(outputs), initializers)
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **model
    )
    path.write_bytes(made.SerializeToString())


MEANS = """
name = "{name}"
onnx = "{name}.onnx"
licence = "CC0-1.0"
source = "the tests"

[[inputs]]
name = "x"
scale = 1
frames = {{choose = "uniform", count = 4}}
view = {{kind = "whole", size = 16}}

[[outputs]]
name = "y"
columns = ["red", "green", "blue"]
"""


@pytest.fixture
def means(tmp_path: Path) -> Write:
    """Write `networks/<name>`: the mean level of each channel through these more nodes, y from m;
    and what network.toml says, changed by replacements."""

    def write(
        name: str = "tiny",
        *changes: tuple[str, str],
        nodes: Sequence[onnx.NodeProto] = (helper.make_node("Identity", ["m"], ["y"]),),
    ) -> Path:
        folder = tmp_path / "networks" / name
        folder.mkdir(parents=True, exist_ok=True)
        mean = helper.make_node("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0)
        write_onnx(
            folder / f"{name}.onnx", {"x": ["n", 3, 16, 16]}, [mean, *nodes], {"y": ["n", 3]}
        )
        text = MEANS.format(name=name)
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (folder / "network.toml").write_text(text)
        return folder

    return write


@pytest.fixture
def as_block() -> Iterator[Callable[[Path], str]]:
    """Make the network of a folder a block, while the test lasts; the name of its part."""
    loaded = []

    def load(folder: Path) -> str:
        loaded.append(folder.name)
        load_networks([folder.name], folder.parent)
        return f"network_{folder.name}"

    yield load
    for name in loaded:
        forget_network(name)


def task_of(clip: Path, *parts: str) -> ClipTask:
    """As the platform would plan it."""
    return ClipTask(
        clip_id=clip.stem,
        path=clip,
        sha256=hash_file(clip),
        probe=probe(clip),
        parts=frozenset(parts),
        reference_path=None,
        reference_sha256=None,
        policy=ReferencePolicy.LOOPBACK,
    )


@pytest.fixture(scope="session")
def small_clip(ffmpeg: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven frames of 50 by 38 in which every pixel moves, lossless in RGB."""
    from mos_assets.media.ffmpeg import run_ffmpeg

    path = tmp_path_factory.mktemp("clips") / "small.mkv"
    run = run_ffmpeg(
        ffmpeg,  # type: ignore[arg-type]
        [
            *("-f", "lavfi", "-i", "mandelbrot=s=50x38:r=5:start_scale=2:end_pts=11"),
            *("-frames:v", "11", "-pix_fmt", "bgr0", "-c:v", "ffv1", str(path)),
        ],
    )
    assert run.returncode == 0, run.stderr.decode()
    return path
