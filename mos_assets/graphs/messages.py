"""What the messages of an ONNX file say that any reader of one asks: fields, tensors, shapes.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 numbers the fields.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mos_assets.graphs.wire import Message

FLOAT, INT64 = 1, 7
KINDS = {FLOAT: "float32", 2: "uint8", 3: "int8", 6: "int32", INT64: "int64", 10: "float16",
         11: "float64"}  # fmt: skip
"""Element types in words, as far as inputs and outputs have them."""
ELEMENT_BYTES = {
    1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2,
}  # fmt: skip
"""Of each type of tensor whose elements have one size; texts have none."""
_KNOWN_NUMBERS = 64
"""Longest list of whole numbers that is read: axes, sizes, paddings."""

MODEL = {
    1: "ir_version", 2: "producer_name", 3: "producer_version", 4: "domain", 5: "model_version",
    6: "doc_string", 7: "graph", 8: "opset_import*", 14: "metadata_props*",
    20: "training_info*", 25: "functions*",
}  # fmt: skip
ENTRY = {1: "key", 2: "value"}
OPERATOR_SET = {1: "domain", 2: "version"}
GRAPH = {
    1: "node*", 2: "name", 5: "initializer*", 10: "doc_string", 11: "input*", 12: "output*",
    13: "value_info*", 15: "sparse_initializer*", 16: "metadata_props*",
}  # fmt: skip
NODE = {
    1: "input*", 2: "output*", 3: "name", 4: "op_type", 5: "attribute*", 6: "doc_string",
    7: "domain", 9: "metadata_props*",
}  # fmt: skip
ATTRIBUTE = {
    1: "name", 2: "f", 3: "i", 4: "s", 5: "t", 6: "g", 7: "floats*", 8: "ints*", 9: "strings*",
    10: "tensors*", 11: "graphs*", 13: "doc_string", 20: "type", 21: "ref_attr_name",
    22: "sparse_tensor", 23: "sparse_tensors*",
}  # fmt: skip
TENSOR = {
    1: "dims*", 2: "data_type", 4: "float_data*", 5: "int32_data*", 7: "int64_data*", 8: "name",
    9: "raw_data", 10: "double_data*", 11: "uint64_data*", 12: "doc_string",
    13: "external_data*", 14: "data_location", 16: "metadata_props*",
}  # fmt: skip
_TYPED_DATA = ("float_data*", "int32_data*", "int64_data*", "double_data*", "uint64_data*")
VALUE_INFO = {1: "name", 2: "type", 3: "doc_string", 4: "metadata_props*"}
TYPE = {1: "tensor_type", 6: "denotation"}
TENSOR_TYPE = {1: "elem_type", 2: "shape"}
SHAPE = {1: "dim*"}
DIMENSION = {1: "dim_value", 2: "dim_param", 3: "denotation"}


Declared = tuple[str, int, tuple[int | None, ...]]
"""(name, element type, shape) of an input or output; None is a size that is left open."""


class GraphError(ValueError):
    """The graph is none that may be used; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor that the file holds."""

    name: str
    kind: int
    """Its element type, as ONNX numbers them."""
    shape: tuple[int, ...]
    numbers: tuple[int, ...] | None
    """Its elements, where they are few and whole."""


def refuse(message: Message, field: str, why: str) -> None:
    """Raise GraphError where the field is there."""
    if message.has(field):
        raise GraphError(why)


def read_declared(raw: memoryview) -> Declared:
    """An input, output or value. Raises GraphError and WireError."""
    info = Message(raw, VALUE_INFO, "an input, output or value")
    tensor = Message(Message(info.view("type"), TYPE, "a type").view("tensor_type"),
                     TENSOR_TYPE, "a type")  # fmt: skip
    sizes: list[int | None] = []
    for dimension in Message(tensor.view("shape"), SHAPE, "a shape").views("dim*"):
        size = Message(dimension, DIMENSION, "a shape")
        if size.has("dim_value") and size.has("dim_param"):
            raise GraphError("a shape says one size in two ways")
        sizes.append(size.number("dim_value") if size.has("dim_value") else None)
    return info.text("name"), tensor.number("elem_type"), tuple(sizes)


def read_tensor(raw: memoryview) -> Tensor:
    """A tensor whose numbers are all in the file. Raises GraphError and WireError."""
    tensor = Message(raw, TENSOR, "a tensor")
    name, kind = tensor.text("name"), tensor.number("data_type")
    if tensor.has("external_data*") or tensor.number("data_location"):
        raise GraphError(f"the tensor {name!r} lies in another file")
    if kind not in ELEMENT_BYTES:
        raise GraphError(f"the tensor {name!r} holds no numbers (type {kind})")
    shape = tuple(tensor.numbers("dims*"))
    if any(size < 0 for size in shape):
        raise GraphError(f"the tensor {name!r} has a size below 0")
    elements, content = prod(shape), tensor.view("raw_data")
    held = sum(map(tensor.size, _TYPED_DATA))
    fits = len(content) == elements * ELEMENT_BYTES[kind] if not held else elements <= held
    if not fits or (held and len(content)):
        raise GraphError(f"the tensor {name!r} does not hold what its shape says")
    numbers: tuple[int, ...] | None = None
    if kind == INT64 and elements <= _KNOWN_NUMBERS:
        packed = content if not held else b""
        numbers = tuple(tensor.numbers("int64_data*")) or struct.unpack(
            f"<{len(packed) // 8}q", packed
        )
        if len(numbers) != elements:
            raise GraphError(f"the tensor {name!r} does not hold what its shape says")
    return Tensor(name, kind, shape, numbers)


def declared_in_words(values: Sequence[Declared]) -> str:
    """Names, types and shapes, for a message."""
    return (
        ", ".join(
            f"{name} {KINDS.get(kind, f'of type {kind}')} {shape_in_words(shape)}"
            for name, kind, shape in values
        )
        or "none"
    )


def shape_in_words(shape: Sequence[int | None]) -> str:
    """`[batch, 3]` for (None, 3)."""
    return f"[{', '.join('batch' if size is None else str(size) for size in shape)}]"
