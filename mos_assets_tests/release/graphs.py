"""Graphs that are no heads: each with what a door says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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
