"""Small networks that tests make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

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


def write_means(folder: Path, nodes: Sequence[onnx.NodeProto] | None = None) -> Path:
    """A network in this folder, of its name: the mean level of each channel through these more
    nodes, y from m; with its network.toml."""
    nodes = (helper.make_node("Identity", ["m"], ["y"]),) if nodes is None else nodes
    folder.mkdir(parents=True, exist_ok=True)
    mean = helper.make_node("ReduceMean", ["x"], ["m"], axes=[2, 3], keepdims=0)
    path = folder / f"{folder.name}.onnx"
    write_onnx(path, {"x": ["n", 3, 16, 16]}, [mean, *nodes], {"y": ["n", 3]})
    (folder / "network.toml").write_text(MEANS.format(name=folder.name))
    return folder


@pytest.fixture
def means(tmp_path: Path) -> Write:
    """Write `networks/<name>` as `write_means` does; and what network.toml says, changed by
    replacements."""

    def write(
        name: str = "tiny",
        *changes: tuple[str, str],
        nodes: Sequence[onnx.NodeProto] | None = None,
    ) -> Path:
        folder = write_means(tmp_path / "networks" / name, nodes)
        text = (folder / "network.toml").read_text()
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (folder / "network.toml").write_text(text)
        return folder

    return write
