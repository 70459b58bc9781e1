"""Whether a released graph is complete in itself, and answers within known time and memory.

Decided on the bytes, before a runtime sees them, whatever the manifest says of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from mos_assets.graphs.messages import (
    ATTRIBUTE,
    ENTRY,
    FLOAT,
    GRAPH,
    MODEL,
    NODE,
    OPERATOR_SET,
    Declared,
    GraphError,
    declared_in_words,
    read_declared,
    read_tensor,
    refuse,
    shape_in_words,
)
from mos_assets.graphs.wire import Message, WireError
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
        model = Message(onnx, MODEL, "the model")
        refuse(model, "functions*", "it has functions of its own")
        refuse(model, "training_info*", "it holds steps of training")
        _require_opset(model)
        _require_metadata(model, self._manifest)
        graph = Message(model.view("graph"), GRAPH, "the graph", LARGEST_NAMES)
        refuse(graph, "sparse_initializer*", "it holds sparse tensors")
        self._declare(graph)
        for raw in graph.views("initializer*"):
            self._keep(*_named(raw))
        for raw in graph.views("node*"):
            self._node(Message(raw, NODE, "a node"))
        answer = self._values.get(MOS_OUTPUT)
        if answer is None or answer.shape != (ROWS,):
            raise GraphError(f"it gives no {MOS_OUTPUT!r} of one number a row")

    def _declare(self, graph: Message) -> None:
        inputs = [read_declared(raw) for raw in graph.views("input*")]
        wanted: list[Declared] = [
            (name, FLOAT, (None, width)) for name, width in self._inputs.items()
        ]
        if inputs != wanted:
            raise GraphError(
                f"its inputs are {declared_in_words(inputs)}, and not "
                f"{declared_in_words(wanted)} as the manifest says"
            )
        outputs = [read_declared(raw) for raw in graph.views("output*")]
        answer: Declared = (MOS_OUTPUT, FLOAT, (None,))
        if outputs != [answer]:
            raise GraphError(
                f"its outputs are {declared_in_words(outputs)}, and not "
                f"{declared_in_words([answer])}"
            )
        for raw in graph.views("value_info*"):
            name, _, shape = read_declared(raw)
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
                f"{name!r} would have the shape {shape_in_words(value.shape)}, beyond "
                f"{LARGEST_TENSOR} elements or {LARGEST_RANK} axes"
            )
        self._total += value.elements
        if self._total > LARGEST_TOTAL:
            raise GraphError(f"its tensors have more than {LARGEST_TOTAL} elements together")
        self._values[name] = value


def _require_opset(model: Message) -> None:
    found = [Message(raw, OPERATOR_SET, "the opset") for raw in model.views("opset_import*")]
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
    for entry in (Message(view, ENTRY, "the metadata") for view in raw):
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


def _named(raw: memoryview) -> tuple[str, Value]:
    tensor = read_tensor(raw)
    return tensor.name, Value(tensor.shape, tensor.numbers, tensor.kind in FLOATING)


def _attributes(node: Message) -> tuple[Mapping[str, int | tuple[int, ...]], Value | None]:
    """Whole numbers by name, and the tensor or number of a Constant."""
    numbers: dict[str, int | tuple[int, ...]] = {}
    constant: Value | None = None
    for raw in node.views("attribute*"):
        attribute = Message(raw, ATTRIBUTE, "an attribute")
        name = attribute.text("name")
        if attribute.has("g") or attribute.has("graphs*"):
            raise GraphError(f"it has a loop or a branch, {node.text('op_type')}")
        for field in ("sparse_tensor", "sparse_tensors*", "tensors*", "ref_attr_name"):
            refuse(attribute, field, f"its {node.text('op_type')} holds what no head needs")
        if attribute.has("t"):
            _, constant = _named(attribute.view("t"))
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
