"""The operators a head may consist of, and the search for others in an ONNX file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto

_ALLOWED = (
    "Identity Reshape Flatten Squeeze Unsqueeze Transpose Concat Slice Gather Cast Shape Expand "
    "Add Sub Mul Div Neg Abs Sqrt Pow Exp Log Clip Min Max Sum Mean ReduceMean ReduceSum "
    "ReduceMax ReduceMin GlobalAveragePool GlobalMaxPool Gemm MatMul Conv ConvTranspose MaxPool "
    "AveragePool Resize BatchNormalization LayerNormalization InstanceNormalization Relu "
    "LeakyRelu Sigmoid Tanh Softmax Elu Selu Softplus Softsign Gelu Erf HardSigmoid HardSwish "
    "PRelu Dropout QuantizeLinear DequantizeLinear Constant ConstantOfShape Pad Reciprocal "
    "ReduceProd GatherND ScatterND BitShift Loop If "
)
ALLOWED_OPERATORS: frozenset[str] = frozenset(_ALLOWED.split())
"""The complete list; names are case-sensitive."""
_STANDARD_DOMAINS = ("", "ai.onnx")


def check_operators(path: Path) -> tuple[str, ...]:
    """Refused operators in the file, sorted; empty where all are allowed.

    Bodies of Loop, If and any other operator are searched at every depth, and so are the model's
    local functions. An operator of a foreign domain is refused whatever its name, written
    `domain::name`.
    """
    return tuple(sorted(name for name in _operators(path) if name not in ALLOWED_OPERATORS))


def used_operators(path: Path) -> tuple[str, ...]:
    """Every operator in the file, bodies and functions included, sorted and once each."""
    return tuple(sorted(_operators(path)))


def _operators(path: Path) -> set[str]:
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    bodies = [model.graph.node, *(function.node for function in model.functions)]
    return {
        node.op_type if node.domain in _STANDARD_DOMAINS else f"{node.domain}::{node.op_type}"
        for body in bodies
        for node in _walk(body)
    }


def _walk(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _walk(graph.node)
