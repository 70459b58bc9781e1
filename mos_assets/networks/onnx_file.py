"""Whether an ONNX file is one that may be run, and is fed as its network.toml says.

Decided on the bytes, before a runtime sees them. What a run costs is not known from the file: that
is held by the limits of the process that runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.graphs.messages import (
    ATTRIBUTE,
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
)
from mos_assets.graphs.wire import Message, WireError
from mos_assets.networks.choices import PerSecond, Runs
from mos_assets.networks.declaration import Declaration, NetworkInput, NetworkOutput

LARGEST_ONNX_BYTES = 1 << 30
"""DOVER in float32 has about 230 MB."""
MOST_PARTS = 50_000
"""Weights, nodes and what else a graph lists; onnxruntime takes many minutes to load 200,000."""
_STANDARD = ("", "ai.onnx")
_BY_CHANCE = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)
"""With a seed too: what they give depends on how often the process was asked before."""
_ELEMENTS = {"float32": 1, "float16": 10, "uint8": 2}
_FLOATING = (1, 10, 11)
_PICTURES_A_CALL, _RUNS_A_CALL = 8, 1
_GRAPH = {**GRAPH, 14: "quantization_annotation*"}
_NODE = {**NODE, 8: "overload", 10: "device_configurations*"}
_ATTRIBUTE = {**ATTRIBUTE, 14: "tp", 15: "type_protos*"}
_MODEL = {**MODEL, 26: "configuration*"}


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What a network's file says of itself."""

    inputs: tuple[Declared, ...]
    """Those that are to be fed."""
    outputs: tuple[Declared, ...]
    operators: tuple[str, ...]
    """Names, sorted, each once."""


def require_sound_network(onnx: bytes) -> GraphFacts:
    """What is in the file; raises GraphError unless it needs nothing but itself and pictures.

    All weights lie in it, every operator is of ONNX itself, and it has no loop, branch or function.
    """
    if len(onnx) > LARGEST_ONNX_BYTES:
        raise GraphError(f"it has {len(onnx)} bytes, more than {LARGEST_ONNX_BYTES}")
    try:
        return _facts(memoryview(onnx))
    except WireError as error:
        raise GraphError(str(error)) from error


def require_fitting(facts: GraphFacts, declaration: Declaration) -> tuple[int, ...]:
    """Items that each input is fed in one call; raises GraphError where file and network.toml
    contradict one another."""
    known = {name for name, _, _ in facts.inputs}
    lacking = sorted(known - {each.name for each in declaration.inputs})
    if lacking:
        raise GraphError(
            f"it needs an input {lacking[0]!r}, which network.toml does not have; it has "
            f"{declared_in_words(facts.inputs)}"
        )
    for output in declaration.outputs:
        _require_output(facts, output)
    return tuple(_batch(facts, each) for each in declaration.inputs)


def _facts(onnx: memoryview) -> GraphFacts:
    model = Message(onnx, _MODEL, "the model")
    refuse(model, "functions*", "it has functions of its own; inline them when it is exported")
    refuse(model, "training_info*", "it holds steps of training")
    if not any(
        Message(raw, OPERATOR_SET, "the opset").text("domain") in _STANDARD
        for raw in model.views("opset_import*")
    ):
        raise GraphError("it names no operator set of ONNX")
    graph = Message(model.view("graph"), _GRAPH, "the graph", MOST_PARTS)
    refuse(graph, "sparse_initializer*", "it holds sparse tensors")
    held = {read_tensor(raw).name for raw in graph.views("initializer*")}
    operators = {_operator(Message(raw, _NODE, "a node")) for raw in graph.views("node*")}
    return GraphFacts(
        inputs=tuple(
            found for raw in graph.views("input*") if (found := read_declared(raw))[0] not in held
        ),
        outputs=tuple(map(read_declared, graph.views("output*"))),
        operators=tuple(sorted(operators)),
    )


def _operator(node: Message) -> str:
    operator, domain = node.text("op_type"), node.text("domain")
    if domain not in _STANDARD:
        raise GraphError(f"its operator {domain}::{operator} is not of ONNX itself")
    if operator in _BY_CHANCE:
        raise GraphError(f"its operator {operator} gives another figure each time")
    for raw in node.views("attribute*"):
        attribute = Message(raw, _ATTRIBUTE, "an attribute")
        if attribute.has("g") or attribute.has("graphs*"):
            raise GraphError(f"it has a loop or a branch, {operator}")
        if attribute.has("sparse_tensor") or attribute.has("sparse_tensors*"):
            raise GraphError("it holds sparse tensors")
        for tensor in (*attribute.views("tensors*"), *([attribute.view("t")]
                                                       if attribute.has("t") else [])):  # fmt: skip
            read_tensor(tensor)
    return operator


def _batch(facts: GraphFacts, wanted: NetworkInput) -> int:
    """Items of one call, where the file takes such an input."""
    found = next((each for each in facts.inputs if each[0] == wanted.name), None)
    if found is None:
        raise GraphError(
            f"it has no input {wanted.name!r}; it has {declared_in_words(facts.inputs)}"
        )
    name, kind, shape = found
    height, width = wanted.view.size
    letters = {"C": wanted.channels, "H": height, "W": width, "T": _run_length(wanted)}
    due = tuple(letters.get(letter) for letter in wanted.layout)
    fits = len(shape) == len(due) and all(
        size is None or need is None or size == need for size, need in zip(shape, due, strict=True)
    )
    if kind != _ELEMENTS[wanted.dtype] or not fits:
        said: Declared = (name, _ELEMENTS[wanted.dtype], due)
        raise GraphError(
            f"its input is {declared_in_words([found])}, and network.toml makes it "
            f"{declared_in_words([said])} ({wanted.layout})"
        )
    time = wanted.layout.find("T")
    if time >= 0 and letters["T"] is None and shape[time] is not None:
        raise GraphError(
            f"its input {name!r} takes runs of {shape[time]} frames, and a rate gives as many as a "
            "clip has; choose clips or uniform"
        )
    fixed = shape[0]
    if fixed is not None and wanted.batch not in (None, fixed):
        raise GraphError(
            f"its input {name!r} takes {fixed} at a time, and network.toml says batch = "
            f"{wanted.batch}"
        )
    default = _RUNS_A_CALL if wanted.runs else _PICTURES_A_CALL
    return fixed or wanted.batch or default


def _run_length(wanted: NetworkInput) -> int | None:
    match wanted.frames:
        case Runs() as runs:
            return runs.length
        case PerSecond():
            return None
        case uniform:
            return uniform.count


def _require_output(facts: GraphFacts, wanted: NetworkOutput) -> None:
    found = next((each for each in facts.outputs if each[0] == wanted.name), None)
    if found is None:
        raise GraphError(
            f"it has no output {wanted.name!r}; it has {declared_in_words(facts.outputs)}"
        )
    _, kind, shape = found
    numbers = _known_product(shape[1:])
    if kind not in _FLOATING or (numbers is not None and numbers != len(wanted.numbers)):
        raise GraphError(
            f"its output {declared_in_words([found])} does not give floating-point numbers for "
            f"{len(wanted.numbers)} columns an item"
        )


def _known_product(sizes: Sequence[int | None]) -> int | None:
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product
