"""Whether a released graph is complete in itself, and answers within known time and memory.

Decided on the bytes, before a runtime sees them, whatever the manifest says of them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from math import prod

from mos_assets.records import ENCODER_INPUT, FEATURES_INPUT, MOS_OUTPUT
from mos_assets.release.manifest import Manifest
from mos_assets.release.shapes import (
    FLOATING,
    RELEASED_OPERATORS,
    Operation,
    ShapeError,
    Value,
    result_is_floating,
    result_shape,
    work,
)
from mos_assets.release.wire import Message, WireError

OPSET = 17
LARGEST_GRAPH_BYTES = 64 << 20
"""Heads of 848 features have 4 MB."""
LARGEST_TENSOR = 1 << 23
"""Elements of one tensor; 64 MB as float64."""
LARGEST_TOTAL = 1 << 25
"""Elements of all tensors together, weights and results; 256 MB as float64."""
LARGEST_WORK = 1 << 28
"""Steps of arithmetic of one answer to `ROWS` rows: about half a second on one core."""
LARGEST_NAMES = 4096
"""Weights, nodes and what else a graph lists; the released heads have about 80, and onnxruntime
takes many minutes to load 200,000."""
LARGEST_RANK = 8
MOST_METADATA = 64
"""Entries of metadata."""
LARGEST_METADATA_BYTES = 2 << 20
"""Of all of them together, as of a manifest."""
ROWS = 8
"""Rows that sizes are computed for; an answer to fewer needs no more."""

_FLOAT, _INT64 = 1, 7
_ELEMENT_BYTES = {
    1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2,
}  # fmt: skip
"""Of each type of tensor whose elements have one size; texts have none."""
_KNOWN_NUMBERS = 64
"""Longest list of whole numbers that is read: axes, sizes, paddings."""

_MODEL = {
    1: "ir_version", 2: "producer_name", 3: "producer_version", 4: "domain", 5: "model_version",
    6: "doc_string", 7: "graph", 8: "opset_import*", 14: "metadata_props*",
    20: "training_info*", 25: "functions*",
}  # fmt: skip
_ENTRY = {1: "key", 2: "value"}
_OPSET = {1: "domain", 2: "version"}
_GRAPH = {
    1: "node*", 2: "name", 5: "initializer*", 10: "doc_string", 11: "input*", 12: "output*",
    13: "value_info*", 15: "sparse_initializer*", 16: "metadata_props*",
}  # fmt: skip
_NODE = {
    1: "input*", 2: "output*", 3: "name", 4: "op_type", 5: "attribute*", 6: "doc_string",
    7: "domain", 9: "metadata_props*",
}  # fmt: skip
_ATTRIBUTE = {
    1: "name", 2: "f", 3: "i", 4: "s", 5: "t", 6: "g", 7: "floats*", 8: "ints*", 9: "strings*",
    10: "tensors*", 11: "graphs*", 13: "doc_string", 20: "type", 21: "ref_attr_name",
    22: "sparse_tensor", 23: "sparse_tensors*",
}  # fmt: skip
_TENSOR = {
    1: "dims*", 2: "data_type", 4: "float_data*", 5: "int32_data*", 7: "int64_data*", 8: "name",
    9: "raw_data", 10: "double_data*", 11: "uint64_data*", 12: "doc_string",
    13: "external_data*", 14: "data_location", 16: "metadata_props*",
}  # fmt: skip
_TYPED_DATA = ("float_data*", "int32_data*", "int64_data*", "double_data*", "uint64_data*")
_VALUE_INFO = {1: "name", 2: "type", 3: "doc_string", 4: "metadata_props*"}
_TYPE = {1: "tensor_type", 6: "denotation"}
_TENSOR_TYPE = {1: "elem_type", 2: "shape"}
_SHAPE = {1: "dim*"}
_DIMENSION = {1: "dim_value", 2: "dim_param", 3: "denotation"}


Declared = tuple[str, int, tuple[int | None, ...]]
"""(name, element type, shape) of an input or output; None is a size that is left open."""


class GraphError(ValueError):
    """The graph is none that may be released; the text says why, as the end of a sentence."""


def require_sound_graph(onnx: bytes, manifest: Manifest) -> None:
    """Raises GraphError unless this is a head of the manifest that needs nothing but itself.

    Its metadata contradict the manifest nowhere, and repeat all that the manifest's `interface` has
    for strangers. It holds every weight, has no loop, branch or function, takes the manifest's
    features and encoder slots and gives one MOS a row, and no tensor, nor all together, nor the
    arithmetic of an answer is beyond the bounds above.
    """
    if len(onnx) > LARGEST_GRAPH_BYTES:
        raise GraphError(f"it has {len(onnx)} bytes, more than {LARGEST_GRAPH_BYTES}")
    try:
        _Reader(manifest).read(memoryview(onnx))
    except (WireError, ShapeError) as error:
        raise GraphError(str(error)) from error


class _Reader:
    """Walks the graph once, in order, and keeps what each name stands for."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._inputs = {
            FEATURES_INPUT: len(manifest.feature_order),
            ENCODER_INPUT: len(manifest.encoder_vocab),
        }
        self._values: dict[str, Value] = {}
        self._total = self._work = 0

    def read(self, onnx: memoryview) -> None:
        model = Message(onnx, _MODEL, "the model")
        _refuse(model, "functions*", "it has functions of its own")
        _refuse(model, "training_info*", "it holds steps of training")
        _require_opset(model)
        _require_metadata(model, self._manifest)
        graph = Message(model.view("graph"), _GRAPH, "the graph", LARGEST_NAMES)
        _refuse(graph, "sparse_initializer*", "it holds sparse tensors")
        self._declare(graph)
        for raw in graph.views("initializer*"):
            self._keep(*_tensor(raw))
        for raw in graph.views("node*"):
            self._node(Message(raw, _NODE, "a node"))
        answer = self._values.get(MOS_OUTPUT)
        if answer is None or answer.shape != (ROWS,):
            raise GraphError(f"it gives no {MOS_OUTPUT!r} of one number a row")

    def _declare(self, graph: Message) -> None:
        inputs = [_declared(raw) for raw in graph.views("input*")]
        wanted: list[Declared] = [
            (name, _FLOAT, (None, width)) for name, width in self._inputs.items()
        ]
        if inputs != wanted:
            raise GraphError(
                f"its inputs are {_shown(inputs)}, and not {_shown(wanted)} as the manifest says"
            )
        outputs = [_declared(raw) for raw in graph.views("output*")]
        answer: Declared = (MOS_OUTPUT, _FLOAT, (None,))
        if outputs != [answer]:
            raise GraphError(f"its outputs are {_shown(outputs)}, and not {_shown([answer])}")
        for raw in graph.views("value_info*"):
            name, _, shape = _declared(raw)
            if prod(size for size in shape if size is not None) > LARGEST_TENSOR:
                raise GraphError(f"{name!r} has more than {LARGEST_TENSOR} elements")
        for name, width in self._inputs.items():
            self._keep(name, Value((ROWS, width)))

    def _node(self, node: Message) -> None:
        operator, domain = node.text("op_type"), node.text("domain")
        attributes, constant = _attributes(node)
        if domain not in ("", "ai.onnx"):
            raise GraphError(f"its operator {domain}::{operator} is not of ONNX itself")
        if operator not in RELEASED_OPERATORS:
            raise GraphError(f"a released head may not use the operator {operator!r}")
        outputs = node.texts("output*")
        if len(outputs) != 1:
            raise GraphError(f"its {operator} gives {len(outputs)} results and not one")
        if operator == "Constant":
            if constant is None:
                raise GraphError("its Constant holds no tensor or number")
            self._keep(outputs[0], constant)
            return
        inputs = tuple(None if not name else self._known(name) for name in node.texts("input*"))
        operation = Operation(operator, inputs, attributes)
        result = result_shape(operation)
        self._keep(outputs[0], Value(result, floating=result_is_floating(operation, constant)))
        self._work += work(operation, result)
        if self._work > LARGEST_WORK:
            raise GraphError(f"an answer takes more than {LARGEST_WORK} steps")

    def _known(self, name: str) -> Value:
        if name not in self._values:
            raise GraphError(f"it uses {name!r} before anything has computed it")
        return self._values[name]

    def _keep(self, name: str, value: Value) -> None:
        if not name or name in self._values:
            raise GraphError(f"it says twice, or without a name, what {name!r} is")
        if len(value.shape) > LARGEST_RANK or value.elements > LARGEST_TENSOR:
            raise GraphError(
                f"{name!r} would have the shape {_sizes(value.shape)}, beyond {LARGEST_TENSOR} "
                f"elements or {LARGEST_RANK} axes"
            )
        self._total += value.elements
        if self._total > LARGEST_TOTAL:
            raise GraphError(f"its tensors have more than {LARGEST_TOTAL} elements together")
        self._values[name] = value


def _require_opset(model: Message) -> None:
    found = [Message(raw, _OPSET, "the opset") for raw in model.views("opset_import*")]
    named = [(entry.text("domain"), entry.number("version")) for entry in found]
    if named not in ([("", OPSET)], [("ai.onnx", OPSET)]):
        shown = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in named)
        raise GraphError(f"it needs the operator sets {shown or 'of no version'}, not {OPSET}")


def _require_metadata(model: Message, manifest: Manifest) -> None:
    """Heads of other makers, and earlier ones, say nothing or other things there."""
    raw = model.views("metadata_props*")
    if len(raw) > MOST_METADATA or sum(map(len, raw)) > LARGEST_METADATA_BYTES:
        raise GraphError(
            f"it has more than {MOST_METADATA} entries or {LARGEST_METADATA_BYTES} bytes of "
            "metadata"
        )
    found: dict[str, str] = {}
    for entry in (Message(view, _ENTRY, "the metadata") for view in raw):
        key = entry.text("key")
        if key in found:
            raise GraphError(f"its metadata say twice what {key!r} is")
        found[key] = entry.text("value")
    for key, said in manifest.graph_metadata().items():
        if key not in found and manifest.interface is not None:
            raise GraphError(f"its metadata lack {key!r}, which the manifest has")
        if found.get(key, said) != said:
            raise GraphError(
                f"its metadata say that {key} is {found[key][:80]}, and the manifest {said[:80]}"
            )


def _refuse(message: Message, field: str, why: str) -> None:
    if message.has(field):
        raise GraphError(why)


def _declared(raw: memoryview) -> Declared:
    info = Message(raw, _VALUE_INFO, "an input, output or value")
    tensor = Message(Message(info.view("type"), _TYPE, "a type").view("tensor_type"),
                     _TENSOR_TYPE, "a type")  # fmt: skip
    sizes: list[int | None] = []
    for dimension in Message(tensor.view("shape"), _SHAPE, "a shape").views("dim*"):
        size = Message(dimension, _DIMENSION, "a shape")
        if size.has("dim_value") and size.has("dim_param"):
            raise GraphError("a shape says one size in two ways")
        sizes.append(size.number("dim_value") if size.has("dim_value") else None)
    return info.text("name"), tensor.number("elem_type"), tuple(sizes)


def _tensor(raw: memoryview) -> tuple[str, Value]:
    """Name and shape of a tensor in the file, and its numbers where they are few and whole."""
    tensor = Message(raw, _TENSOR, "a tensor")
    name, kind = tensor.text("name"), tensor.number("data_type")
    if tensor.has("external_data*") or tensor.number("data_location"):
        raise GraphError(f"the tensor {name!r} lies in another file")
    if kind not in _ELEMENT_BYTES:
        raise GraphError(f"the tensor {name!r} holds no numbers (type {kind})")
    shape = tuple(tensor.numbers("dims*"))
    if any(size < 0 for size in shape):
        raise GraphError(f"the tensor {name!r} has a size below 0")
    elements, content = prod(shape), tensor.view("raw_data")
    held = sum(map(tensor.size, _TYPED_DATA))
    fits = len(content) == elements * _ELEMENT_BYTES[kind] if not held else elements <= held
    if not fits or (held and len(content)):
        raise GraphError(f"the tensor {name!r} does not hold what its shape says")
    numbers: tuple[int, ...] | None = None
    if kind == _INT64 and elements <= _KNOWN_NUMBERS:
        packed = content if not held else b""
        numbers = tuple(tensor.numbers("int64_data*")) or struct.unpack(
            f"<{len(packed) // 8}q", packed
        )
        if len(numbers) != elements:
            raise GraphError(f"the tensor {name!r} does not hold what its shape says")
    return name, Value(shape, numbers, kind in FLOATING)


def _attributes(node: Message) -> tuple[Mapping[str, int | tuple[int, ...]], Value | None]:
    """Whole numbers by name, and the tensor or number of a Constant."""
    numbers: dict[str, int | tuple[int, ...]] = {}
    constant: Value | None = None
    for raw in node.views("attribute*"):
        attribute = Message(raw, _ATTRIBUTE, "an attribute")
        name = attribute.text("name")
        if attribute.has("g") or attribute.has("graphs*"):
            raise GraphError(f"it has a loop or a branch, {node.text('op_type')}")
        for field in ("sparse_tensor", "sparse_tensors*", "tensors*", "ref_attr_name"):
            _refuse(attribute, field, f"its {node.text('op_type')} holds what no head needs")
        if attribute.has("t"):
            _, constant = _tensor(attribute.view("t"))
        elif attribute.has("i"):
            numbers[name] = attribute.number("i")
            constant = Value((), (attribute.number("i"),), floating=False)
        elif attribute.has("ints*"):
            several = tuple(attribute.numbers("ints*"))
            numbers[name], constant = several, Value((len(several),), several, floating=False)
        elif attribute.has("f"):
            constant = Value(())
        elif attribute.has("floats*"):
            constant = Value((attribute.size("floats*") // 4,))
    return numbers, constant


def _shown(values: Sequence[Declared]) -> str:
    kinds = {_FLOAT: "float32", _INT64: "int64", 11: "float64"}
    shown = [
        f"{name} {kinds.get(kind, f'of type {kind}')} {_sizes(shape)}"
        for name, kind, shape in values
    ]
    return ", ".join(shown) or "none"


def _sizes(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('batch' if size is None else str(size) for size in shape)}]"
