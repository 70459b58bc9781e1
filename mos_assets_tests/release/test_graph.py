"""A head that is not complete in itself is refused by whatever uses one."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mos_assets.assets.model_card import release_unaltered
from mos_assets.assets.platform import platform_from
from mos_assets.errors import ReleaseError
from mos_assets.head.operators import ALLOWED_OPERATORS
from mos_assets.predictor import Predictor, Source
from mos_assets.release.graph import LARGEST_GRAPH_BYTES
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.shapes import RELEASED_OPERATORS
from mos_assets.release.status import BROKEN, released_heads
from mos_assets.settings import PathSettings, RunSettings
from mos_assets_tests.conftest import HEAD_ID, Release

F, S = 3, 1
Node = onnx.NodeProto


def node(operator: str, inputs: str, output: str, **attributes: object) -> Node:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def numbers(name: str, values: object, kind: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, kind), name)


def info(name: str, *shape: str | int, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


END = [
    node("Sigmoid", "last", "share"),
    node("Mul", "share four", "scaled"),
    node("Add", "scaled one", "column"),
    node("Squeeze", "column axis", "mos"),
]
"""From `last` [n, 1] to the answer."""
WEIGHTS = [
    numbers("w", [[0.1]] * F),
    numbers("four", 4.0),
    numbers("one", 1.0),
    numbers("axis", [1], np.int64),
]


def model(
    nodes: Sequence[Node] = (node("MatMul", "features w", "last"),),
    weights: Sequence[onnx.TensorProto] = (),
    end: Sequence[Node] = END,
) -> onnx.ModelProto:
    """A head that is right but for what is given."""
    made = helper.make_model(
        helper.make_graph(
            [*nodes, *end],
            "made",
            [info("features", "batch", F), info("encoder_onehot", "batch", S)],
            [info("mos", "batch")],
            [*WEIGHTS, *weights],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    made.ir_version = 8
    return made


def wide(*shape: int) -> list[Node]:
    """Nodes that fold something large, computed first as `big`, into `last`."""
    axes = list(range(len(shape)))
    return [
        node("ReduceSum", "big", "sum", keepdims=0),
        node("MatMul", "features w", "plain"),
        node("Add", "plain sum", "last"),
    ][: 3 if axes else 0]


def outside(made: onnx.ModelProto, tensor: onnx.TensorProto) -> onnx.ModelProto:
    """One tensor of it in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return made


def external_initializer() -> onnx.ModelProto:
    made = model()
    return outside(made, made.graph.initializer[0])


def external_constant() -> onnx.ModelProto:
    constant = node("Constant", "", "v", value=numbers("v", [[0.1]] * F))
    made = model([constant, node("MatMul", "features v", "last")])
    return outside(made, made.graph.node[0].attribute[0].t)


def named_outside() -> onnx.ModelProto:
    """Its bytes are there, and a place outside is named as well."""
    made = model()
    made.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")
    return made


def external_in_a_branch() -> onnx.ModelProto:
    body = helper.make_graph(
        [node("Constant", "", "z", value=numbers("z", [[0.1]]))], "b", [], [info("z", 1, 1)]
    )
    outside(model(), body.node[0].attribute[0].t)
    condition = numbers("yes", True, np.bool_)
    return model([node("If", "yes", "last", then_branch=body, else_branch=body)], [condition])


def sparse() -> onnx.ModelProto:
    made = model()
    indices = numpy_helper.from_array(np.array([0], np.int64), "at")
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(numbers("s", [1.0]), indices, [1 << 40])
    )
    return made


def loop() -> onnx.ModelProto:
    body = helper.make_graph(
        [node("Identity", "c", "c2"), node("Identity", "x", "y")],
        "body",
        [
            info("i", kind=TensorProto.INT64),
            info("c", kind=TensorProto.BOOL),
            info("x", "batch", 1),
        ],
        [info("c2", kind=TensorProto.BOOL), info("y", "batch", 1)],
    )
    first = node("MatMul", "features w", "x0")
    often, yes = numbers("often", 1 << 60, np.int64), numbers("yes", True, np.bool_)
    return model([first, node("Loop", "often yes x0", "last", body=body)], [often, yes])


def texts() -> onnx.ModelProto:
    return model(
        [
            node("MatMul", "features w", "plain"),
            node("Cast", "plain", "t", to=onnx.TensorProto.STRING),
            node("Cast", "t", "last", to=1),
        ]
    )


def whole_division() -> onnx.ModelProto:
    """The smallest number by -1 ends a process."""
    low, less = numbers("low", [-(2**63)], np.int64), numbers("less", [-1], np.int64)
    first = node("MatMul", "features w", "plain")
    nodes = [node("Div", "low less", "q"), node("Cast", "q", "f", to=1)]
    return model([first, *nodes, node("Add", "plain f", "last")], [low, less])


def training_dropout() -> onnx.ModelProto:
    ratio, yes = numbers("ratio", 0.5), numbers("yes", True, np.bool_)
    nodes = [node("MatMul", "features w", "plain"), node("Dropout", "plain ratio yes", "last")]
    return model(nodes, [ratio, yes])


def function() -> onnx.ModelProto:
    own = helper.make_function(
        "own", "Tidy", ["x"], ["y"], [node("Identity", "x", "y")], [helper.make_opsetid("", 17)]
    )
    made = model([node("MatMul", "features w", "x"), helper.make_node("Tidy", ["x"], ["last"])])
    made.graph.node[1].domain = "own"
    made.functions.append(own)
    made.opset_import.append(helper.make_opsetid("own", 1))
    return made


def foreign() -> onnx.ModelProto:
    made = model([node("MatMul", "features w", "x"), node("Gelu", "x", "last")])
    made.graph.node[1].domain = "com.microsoft"
    return made


def blown_up(operator: str) -> onnx.ModelProto:
    size = 1 << 36
    made = {
        "ConstantOfShape": ("shape", [numbers("shape", [size], np.int64)]),
        "Expand": ("one shape", [numbers("shape", [size], np.int64)]),
        "Pad": ("four1 shape", [numbers("four1", [4.0]), numbers("shape", [0, size], np.int64)]),
        "Tile": ("four1 shape", [numbers("four1", [4.0]), numbers("shape", [size], np.int64)]),
        "Resize": (
            "x4  scales",
            [numbers("x4", [[[[1.0]]]]), numbers("scales", [1, 1, 2.0**18, 2.0**18])],
        ),
    }[operator]
    inputs, weights = made
    large = helper.make_node(operator, inputs.split(" "), ["big"])
    return model([large, *wide(size)], weights)


def doubled() -> onnx.ModelProto:
    """Forty times twice as much, of eight bytes."""
    steps = [node("Concat", f"d{i} d{i}", f"d{i + 1}", axis=0) for i in range(40)]
    return model([*steps, node("Identity", "d40", "big"), *wide(1)], [numbers("d0", [1.0, 2.0])])


def multiplied() -> onnx.ModelProto:
    """Every axis against every other: rows of the batch among them."""
    nodes = [
        node("MatMul", "features w", "x0"),
        *(node("Transpose", f"x{i}", f"t{i}") for i in range(1)),
        node("MatMul", "x0 t0", "o"),
        node("Reshape", "o flat", "r"),
    ]
    squares = []
    for i in range(6):
        squares += [
            node("Unsqueeze", f"r{i or ''} axis", f"c{i}"),
            node("MatMul", f"c{i} v{i}", f"m{i}"),
            node("Reshape", f"m{i} flat", f"r{i + 1}"),
        ]
        squares.insert(-2, node("Transpose", f"c{i}", f"v{i}"))
    flat = numbers("flat", [-1], np.int64)
    return model([*nodes, *squares, node("Identity", "r6", "big"), *wide(1)], [flat])


def laborious() -> onnx.ModelProto:
    """Small tensors, many products."""
    square = numbers("q0", np.ones((1024, 1024)))
    steps = [node("MatMul", f"q{i} q0", f"q{i + 1}") for i in range(50)]
    return model([*steps, node("Identity", "q50", "big"), *wide(1)], [square])


def computed_size() -> onnx.ModelProto:
    nodes = [
        node("Cast", "features", "whole", to=TensorProto.INT64),
        node("Reshape", "whole flat", "sizes"),
        node("ConstantOfShape", "sizes", "big"),
    ]
    return model([*nodes, *wide(1)], [numbers("flat", [-1], np.int64)])


def many_nodes() -> onnx.ModelProto:
    steps = [node("Neg", f"n{i}", f"n{i + 1}") for i in range(5000)]
    last = node("Identity", "n5000", "last")
    return model([node("MatMul", "features w", "n0"), *steps, last])


def hollow() -> onnx.ModelProto:
    made = model()
    made.graph.initializer.append(
        TensorProto(name="h", data_type=TensorProto.FLOAT, dims=[1 << 34])
    )
    return made


def saying(**metadata: str) -> onnx.ModelProto:
    """With these entries of metadata."""
    made = model()
    for key, value in metadata.items():
        made.metadata_props.add(key=key, value=value)
    return made


def saying_twice() -> onnx.ModelProto:
    made = saying(licence="free")
    made.metadata_props.add(key="licence", value="none")
    return made


def with_inputs(*inputs: onnx.ValueInfoProto) -> onnx.ModelProto:
    made = model()
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    return made


def second_output() -> onnx.ModelProto:
    made = model()
    made.graph.output.append(info("share", "batch", 1))
    return made


def ending(*nodes: Node, weights: Sequence[onnx.TensorProto] = ()) -> onnx.ModelProto:
    return model([node("MatMul", "features w", "last"), *nodes], weights, end=())


def other_opset(version: int) -> onnx.ModelProto:
    made = model()
    made.opset_import[0].version = version
    return made


def twice_a_graph() -> bytes:
    """Two graphs, which protobuf merges into one."""
    extra = onnx.ModelProto(graph=onnx.GraphProto(output=[info("more")]))
    return bytes(model().SerializeToString() + extra.SerializeToString())


ROW = info("encoder_onehot", "batch", S)
HOSTILE: dict[str, tuple[Callable[[], onnx.ModelProto | bytes], str]] = {
    "external initializer": (external_initializer, "another file"),
    "external constant": (external_constant, "another file"),
    "external place named": (named_outside, "another file"),
    "external in a branch": (external_in_a_branch, "loop or a branch"),
    "sparse": (sparse, "sparse"),
    "texts between": (texts, "element type 8"),
    "whole division": (whole_division, "whole numbers"),
    "dropout that trains": (training_dropout, "at random"),
    "loop": (loop, "loop or a branch"),
    "function": (function, "functions of its own"),
    "foreign operator": (foreign, "not of ONNX itself"),
    "ConstantOfShape": (lambda: blown_up("ConstantOfShape"), "beyond"),
    "Expand": (lambda: blown_up("Expand"), "beyond"),
    "Pad": (lambda: blown_up("Pad"), "beyond"),
    "Tile": (lambda: blown_up("Tile"), "'Tile'"),
    "Resize": (lambda: blown_up("Resize"), "'Resize'"),
    "doubled": (doubled, "beyond|together"),
    "multiplied": (multiplied, "beyond|together|steps"),
    "laborious": (laborious, "steps"),
    "computed size": (computed_size, "is computed"),
    "many nodes": (many_nodes, "more than 4096 parts"),
    "many weights": (
        lambda: model(weights=[numbers(f"h{i}", 0.0) for i in range(5000)]),
        "more than 4096 parts",
    ),
    "millions of parts": (lambda: b"\x72\x00" * (8 << 20), "more than 1024 parts"),
    "hollow tensor": (hollow, "does not hold"),
    "no encoder": (lambda: with_inputs(info("features", "batch", F)), "inputs"),
    "other name": (lambda: with_inputs(info("x", "batch", F), ROW), "inputs"),
    "other width": (lambda: with_inputs(info("features", "batch", 4), ROW), "inputs"),
    "other type": (
        lambda: with_inputs(info("features", "batch", F, kind=TensorProto.DOUBLE), ROW),
        "inputs",
    ),
    "fixed batch": (lambda: with_inputs(info("features", 600, F), ROW), "inputs"),
    "third input": (
        lambda: with_inputs(info("features", "batch", F), ROW, info("z", "batch", 1)),
        "inputs",
    ),
    "several outputs": (second_output, "outputs"),
    "beyond the scale": (lambda: ending(node("Squeeze", "last axis", "mos")), "outside 1..5"),
    "no number": (
        lambda: ending(
            node("Sub", "last last", "zero"),
            node("Div", "zero zero", "nan"),
            node("Squeeze", "nan axis", "mos"),
        ),
        "answers nan",
    ),
    "one for all": (
        lambda: ending(node("ReduceMean", "last", "mean", axes=[0], keepdims=0),
                       node("Identity", "mean", "mos")),
        "one number a row",
    ),
    "a table": (lambda: ending(node("Identity", "last", "mos")), "one number a row"),
    "fits eight rows only": (
        lambda: ending(
            node("Reshape", "last eight", "r"),
            node("Sigmoid", "r", "p"),
            node("Add", "p one", "mos"),
            weights=[numbers("eight", [8], np.int64)],
        ),
        "cannot run|one number a row",
    ),
    "other operator set": (lambda: other_opset(13), "operator sets"),
    "two graphs": (twice_a_graph, "graph twice"),
    "whole numbers divided": (
        lambda: model(
            [node("Div", "low minus", "d"), node("Cast", "d", "f", to=1),
             node("MatMul", "features w", "plain"), node("Add", "plain f", "last")],
            [numbers("low", -(2**63), np.int64), numbers("minus", -1, np.int64)],
        ),
        "Div computes with whole numbers",
    ),
    "features as whole numbers": (
        lambda: model(
            [node("Cast", "features", "i", to=7), node("Identity", "i", "j"),
             node("Div", "j j", "d"), node("Cast", "d", "f", to=1),
             node("MatMul", "f w", "last")],
        ),
        "Div computes with whole numbers",
    ),
    "text": (
        lambda: model([node("Cast", "features", "t", to=8), node("Cast", "t", "f", to=1),
                       node("MatMul", "f w", "last")]),
        "Cast is to the element type 8",
    ),
    "draws": (
        lambda: model([node("Dropout", "features half yes", "f"), node("MatMul", "f w", "last")],
                      [numbers("half", 0.5), numbers("yes", True, np.bool_)]),
        "draw at random",
    ),
    "other order": (
        lambda: saying(feature_order='["motion2", "adm2", "saliency_mean"]'),
        r'metadata say that feature_order is \["motion2", .*, and the manifest \["adm2"',
    ),
    "other gap": (lambda: saying(missing_value="0.0"), "missing_value is 0.0, and .* null"),
    "says twice": (saying_twice, "say twice what 'licence' is"),
    "says much": (lambda: saying(**{f"k{i}": "" for i in range(65)}), "more than 64 entries"),
    "says long": (lambda: saying(k="x" * (3 << 20)), "or 2097152 bytes of metadata"),
    "no protobuf": (lambda: b"\xff" * 100, "protobuf"),
    "empty": (lambda: b"", "operator sets"),
    "unknown fields": (lambda: model().SerializeToString() + b"\xfa\x7f\x03abc", "field"),
}  # fmt: skip


def put(release: Release, folder: Path, content: bytes) -> ReleaseFiles:
    """A release whose manifest vouches for these bytes."""
    manifest = release.manifest.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    files = ReleaseFiles(folder, HEAD_ID)
    files.onnx.write_bytes(content)
    files.card.write_text(release.card)
    files.manifest.write_text(manifest.with_checksums(release.card).to_json())
    return files


def doors(folder: Path) -> list[str | None]:
    """Why each of the three that use a head refuses it; None where one does not."""
    (head,) = released_heads(folder)
    found = release_unaltered(
        platform=platform_from(RunSettings(corpus="synthetic"), PathSettings(model_dir=str(folder)))
    )
    assert isinstance(found, dg.AssetCheckResult)
    return [
        Predictor(folder).fallback_reason,
        head.detail if head.state == BROKEN else None,
        None if found.passed else str(found.metadata["why"].value),
    ]


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_graph_that_is_no_complete_head_is_refused_by_all_three_doors(
    release: Release, tmp_path: Path, kind: str
) -> None:
    make, why = HOSTILE[kind]
    made = make()
    content = made if isinstance(made, bytes) else made.SerializeToString()
    (tmp_path / "weights.bin").write_bytes(bytes(4 * F))
    files = put(release, tmp_path, content)
    began = time.process_time()
    said = doors(tmp_path)
    assert time.process_time() - began < 5
    assert said[0] is not None
    assert said == [said[0]] * 3
    assert said[0].startswith(f"{files.onnx} is no head that can be used: ")
    assert re.search(why, said[0]), said[0]
    assert "\n" not in said[0]


def test_another_makers_head_is_taken(release: Release, tmp_path: Path) -> None:
    """A head with layers of others, as PyTorch writes them."""
    draw = np.random.default_rng(1)
    nodes = [
        node("LayerNormalization", "features ones zeros", "n", axis=-1),
        node("Concat", "n encoder_onehot", "both", axis=1),
        node("Gemm", "both a b", "h", transB=1),
        node("Relu", "h", "r"),
        node("Dropout", "r", "d"),
        node("Gemm", "d c e", "last", transB=1),
    ]
    weights = [
        numbers("ones", np.ones(F)),
        numbers("zeros", np.zeros(F)),
        numbers("a", draw.normal(size=(64, F + S))),
        numbers("b", draw.normal(size=64)),
        numbers("c", draw.normal(size=(1, 64))),
        numbers("e", [0.1]),
    ]
    put(release, tmp_path, model(nodes, weights).SerializeToString())
    assert doors(tmp_path) == [None] * 3
    features = dict(zip(release.manifest.feature_order, (0.1, 2.0, 1.0), strict=True))
    answer = Predictor(tmp_path).predict_mos(features, "libx264")
    assert answer.source is Source.HEAD
    assert 1 <= answer.mos <= 5


def test_an_answer_outside_the_scale_is_never_given(release: Release, tmp_path: Path) -> None:
    """A head that is right wherever it was tried, and wrong for one clip."""
    nodes = [
        node("MatMul", "features far", "f"),
        node("Sub", "f big", "over"),
        node("Relu", "over", "more"),
        node("MatMul", "features w", "last"),
    ]
    end = [*END[:2], node("Add", "scaled more", "sum"), node("Add", "sum one", "column"), END[3]]
    weights = [numbers("far", [[1.0], [-1.0], [0.0]]), numbers("big", 1e5)]
    put(release, tmp_path, model(nodes, weights, end).SerializeToString())
    predictor = Predictor(tmp_path)
    assert predictor.fallback_reason is None
    with pytest.raises(ReleaseError, match=f"{HEAD_ID} cannot be used: it answers .*, outside"):
        predictor.predict_mos({"adm2": 3e5, "motion2": 0, "saliency_mean": 0}, "libx264")


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_a_file_of_any_size_costs_nothing(model_folder: Path, name: str) -> None:
    """A terabyte that takes no room on the disk."""
    path = getattr(ReleaseFiles(model_folder, HEAD_ID), name)
    os.truncate(path, 1 << 40)
    said = doors(model_folder)
    assert said[0] is not None
    assert f"{path} has {1 << 40} bytes, more than" in said[0]
    assert said == [said[0]] * 3


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"opset": ' + "9" * 1_000_000 + "}",
        '{"training_recipe": ' + "[" * 3000 + "]" * 3000 + "}",
    ],
    ids=["deep lists", "deep objects", "long number", "deep recipe"],
)
def test_a_manifest_of_strange_json_is_one_message(model_folder: Path, text: str) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    files.manifest.write_text(text)
    said = doors(model_folder)
    assert said[0] is not None
    assert "is not a manifest" in said[0]
    assert said == [said[0]] * 3


@pytest.mark.parametrize(
    ("said_of_it", "why"),
    [
        ({"feature_mean": (1.0,)}, "1 means"),
        ({"mos_range": (1.0, 100.0)}, "MOS run over"),
        ({"opset": 99}, "operator set is 99"),
        ({"feature_order": ("a",) * F}, "names the feature 'a' more than once"),
        ({"feature_order": tuple(f"f{at}" for at in range(200_000))}, "more than"),
    ],
)
def test_a_manifest_that_fits_no_head_is_refused(
    release: Release, tmp_path: Path, said_of_it: dict[str, object], why: str
) -> None:
    files = put(release, tmp_path, release.onnx)
    manifest = Manifest.read(files.manifest).model_copy(update=said_of_it)
    files.manifest.write_text(manifest.with_checksums(release.card).to_json())
    said = doors(tmp_path)
    assert said[0] is not None
    assert why in said[0]
    assert said == [said[0]] * 3


def test_what_a_release_may_hold_a_head_may() -> None:
    assert RELEASED_OPERATORS < ALLOWED_OPERATORS
    assert not {"Loop", "If", "Scan"} & RELEASED_OPERATORS
    assert LARGEST_GRAPH_BYTES == 64 << 20
