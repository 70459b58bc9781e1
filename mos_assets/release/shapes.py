"""How large the result of each operator of a released graph is, known before anything runs.

Only operators are here whose result has one size for one size of input: without loops and without
sizes that are computed, so that time and memory of an answer are known from the file alone. The
rules are those of the ONNX operator set 17 (https://onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


class ShapeError(ValueError):
    """The size of a result cannot be told; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one name in the graph stands for."""

    shape: Shape
    numbers: tuple[int, ...] | None = None
    """The whole numbers in it, where the file holds them as a constant."""
    floating: bool = True
    """Whether its elements are floating-point numbers."""

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Operation:
    """One node: what goes in (None where an optional input is left out), and its attributes."""

    operator: str
    inputs: tuple[Value | None, ...]
    attributes: Mapping[str, int | tuple[int, ...]]

    def value(self, at: int) -> Value:
        """An input that must be there. Raises ShapeError."""
        found = self.inputs[at] if at < len(self.inputs) else None
        if found is None:
            raise ShapeError(f"{self.operator} lacks its input {at}")
        return found

    def constant(self, at: int) -> tuple[int, ...] | None:
        """The numbers of an input, None where it is left out.

        Raises ShapeError where they are computed: then the size of the result is too.
        """
        if at >= len(self.inputs) or self.inputs[at] is None:
            return None
        numbers = self.value(at).numbers
        if numbers is None:
            raise ShapeError(f"the size of a result of {self.operator} is computed")
        return numbers

    def number(self, name: str, default: int) -> int:
        """An attribute that is one whole number."""
        found = self.attributes.get(name, default)
        if isinstance(found, tuple):
            raise ShapeError(f"{self.operator} has several numbers as its {name}")
        return found

    def numbers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute that is several whole numbers."""
        found = self.attributes.get(name, default)
        return found if isinstance(found, tuple) else (found,)


def result_shape(operation: Operation) -> Shape:
    """The shape of a node's first result. Raises ShapeError where it has none, or none known."""
    return _RULES[operation.operator](operation)


FLOATING = frozenset((1, 10, 11))
"""float32, float16 and float64 among ONNX's element types."""
_CASTS = FLOATING | {6, 7, 9}
"""Types that a released graph may cast to: those, int32, int64 and bool."""
_MOVES = frozenset(
    (
        *("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat"),
        *("Slice", "Gather", "Expand", "Pad", "DequantizeLinear", "ConstantOfShape"),
    )
)
"""Operators that compute nothing, or take whole numbers by their nature."""


def result_is_floating(operation: Operation, constant: Value | None) -> bool:
    """Whether a node's result holds floating-point numbers; constant: a tensor in its attributes.

    Raises ShapeError for arithmetic on whole numbers, which no head needs: dividing them by 0, or
    the lowest by -1, ends the process. So for a cast to text, whose size nobody knows.
    """
    operator = operation.operator
    if operator == "ConstantOfShape":
        return constant is None or constant.floating
    first = operation.value(0).floating
    if operator not in _MOVES and not first:
        raise ShapeError(f"its {operator} computes with whole numbers")
    if operator == "Dropout" and len(operation.inputs) > 2 and operation.inputs[2] is not None:
        raise ShapeError("its Dropout may draw at random when it answers")
    if operator == "Cast":
        to = operation.number("to", 0)
        if to not in _CASTS:
            raise ShapeError(f"its Cast is to the element type {to}, which no head needs")
        return to in FLOATING
    return operator == "DequantizeLinear" or (first and operator != "QuantizeLinear")


def work(operation: Operation, result: Shape) -> int:
    """Steps of arithmetic of one node, at most: what goes in, what comes out, and products."""
    total = prod(result) + sum(value.elements for value in operation.inputs if value is not None)
    if operation.operator in ("MatMul", "Gemm"):
        first = operation.value(0).shape
        total += prod(result) * max(first, default=1)
    return total


def _same(op: Operation) -> Shape:
    return op.value(0).shape


def _broadcast(op: Operation) -> Shape:
    return _together(op.operator, [op.value(at).shape for at in range(len(op.inputs))])


def _together(what: str, shapes: Sequence[Shape]) -> Shape:
    rank = max(map(len, shapes), default=0)
    result = []
    for sizes in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        wide = set(sizes) - {1}
        if len(wide) > 1:
            raise ShapeError(f"{what} combines tensors that do not fit together")
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def _product(op: Operation) -> Shape:
    left, right = op.value(0).shape, op.value(1).shape
    if not left or not right:
        raise ShapeError("MatMul multiplies a single number")
    rows, columns = (1, *left)[-2:], (*right, 1)[:2] if len(right) == 1 else right[-2:]
    if rows[1] != columns[0]:
        raise ShapeError("MatMul combines tensors that do not fit together")
    outer = _together("MatMul", [left[:-2], right[:-2]])
    return outer + rows[:1] * (len(left) > 1) + columns[1:] * (len(right) > 1)


def _gemm(op: Operation) -> Shape:
    left, right = op.value(0).shape, op.value(1).shape
    if len(left) != 2 or len(right) != 2:
        raise ShapeError("Gemm multiplies what is no matrix")
    left = left[::-1] if op.number("transA", 0) else left
    right = right[::-1] if op.number("transB", 0) else right
    if left[1] != right[0]:
        raise ShapeError("Gemm combines tensors that do not fit together")
    return left[0], right[1]


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is not there")
    return axis % rank


def _concat(op: Operation) -> Shape:
    shapes = [op.value(at).shape for at in range(len(op.inputs))]
    axis = _axis(op.number("axis", 0), len(shapes[0]) if shapes else 0)
    if len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) > 1 or any(
        len(shape) != len(shapes[0]) for shape in shapes
    ):
        raise ShapeError("Concat combines tensors that do not fit together")
    joined = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], joined, *shapes[0][axis + 1 :])


def _flatten(op: Operation) -> Shape:
    shape = op.value(0).shape
    axis = op.number("axis", 1)
    at = _axis(axis, len(shape)) if axis != len(shape) else axis
    return prod(shape[:at]), prod(shape[at:])


def _squeeze(op: Operation) -> Shape:
    shape = op.value(0).shape
    axes = op.constant(1)
    if axes is None:
        return tuple(size for size in shape if size != 1)
    gone = {_axis(axis, len(shape)) for axis in axes}
    if any(shape[axis] != 1 for axis in gone):
        raise ShapeError("Squeeze takes away what is wider than 1")
    return tuple(size for at, size in enumerate(shape) if at not in gone)


def _unsqueeze(op: Operation) -> Shape:
    shape, axes = op.value(0).shape, op.constant(1) or ()
    rank = len(shape) + len(axes)
    new = {_axis(axis, rank) for axis in axes}
    rest = iter(shape)
    return tuple(1 if at in new else next(rest, 1) for at in range(rank))


def _transpose(op: Operation) -> Shape:
    shape = op.value(0).shape
    order = op.numbers("perm", tuple(reversed(range(len(shape)))))
    if sorted(order) != list(range(len(shape))):
        raise ShapeError("Transpose has no order of axes")
    return tuple(shape[at] for at in order)


def _reshape(op: Operation) -> Shape:
    given, wanted = op.value(0), op.constant(1) or ()
    sizes = []
    for at, size in enumerate(wanted):
        keeps = size == 0 and not op.number("allowzero", 0) and at < len(given.shape)
        sizes.append(given.shape[at] if keeps else size)
    known = prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known and given.elements % known == 0:
        sizes[sizes.index(-1)] = given.elements // known
    if any(size < 0 for size in sizes) or prod(sizes) != given.elements:
        raise ShapeError("Reshape does not keep the number of elements")
    return tuple(sizes)


def _sizes(op: Operation, at: int) -> Shape:
    sizes = op.constant(at) or ()
    if any(size < 0 for size in sizes):
        raise ShapeError(f"{op.operator} has a size below 0")
    return sizes


def _expand(op: Operation) -> Shape:
    return _together("Expand", [op.value(0).shape, _sizes(op, 1)])


def _pad(op: Operation) -> Shape:
    shape, pads = op.value(0).shape, op.constant(1) or ()
    if len(pads) != 2 * len(shape):
        raise ShapeError("Pad has no two widths an axis")
    sizes = tuple(size + pads[at] + pads[at + len(shape)] for at, size in enumerate(shape))
    if any(size < 0 for size in sizes):
        raise ShapeError("Pad takes away more than is there")
    return sizes


def _slice(op: Operation) -> Shape:
    shape = list(op.value(0).shape)
    starts, ends = op.constant(1) or (), op.constant(2) or ()
    axes = op.constant(3) or tuple(range(len(starts)))
    steps = op.constant(4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ShapeError("Slice has other numbers of starts, ends, axes and steps")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = _axis(axis, len(shape))
        shape[at] = len(range(shape[at])[slice(start, _end(end, step), step)])
    return tuple(shape)


def _end(end: int, step: int) -> int | None:
    # The lowest number stands for "to the very beginning", which Python spells None.
    return None if step < 0 and end < -(1 << 30) else end


def _gather(op: Operation) -> Shape:
    shape, indices = op.value(0).shape, op.value(1).shape
    axis = _axis(op.number("axis", 0), len(shape))
    return shape[:axis] + indices + shape[axis + 1 :]


def _reduce(op: Operation) -> Shape:
    shape = op.value(0).shape
    # Of this operator set, ReduceSum alone has its axes as an input.
    named = op.constant(1) if op.operator == "ReduceSum" else op.numbers("axes", ())
    if not named and op.number("noop_with_empty_axes", 0):
        return shape
    gone = {_axis(axis, len(shape)) for axis in named or range(len(shape))}
    keeps = op.number("keepdims", 1)
    sizes = (1 if at in gone else size for at, size in enumerate(shape))
    return tuple(size for at, size in enumerate(sizes) if keeps or at not in gone)


def _rules() -> dict[str, Callable[[Operation], Shape]]:
    same = (
        "Identity Cast Neg Abs Sqrt Exp Log Clip Relu LeakyRelu Sigmoid Tanh Softmax Elu Selu "
        "Softplus Softsign Erf HardSigmoid HardSwish Reciprocal Dropout BatchNormalization "
        "LayerNormalization QuantizeLinear DequantizeLinear"
    )
    rules: dict[str, Callable[[Operation], Shape]] = dict.fromkeys(same.split(), _same)
    rules |= dict.fromkeys(
        ["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "PRelu"], _broadcast
    )
    rules |= dict.fromkeys(
        ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"], _reduce
    )
    return rules | {
        "MatMul": _product,
        "Gemm": _gemm,
        "Concat": _concat,
        "Flatten": _flatten,
        "Squeeze": _squeeze,
        "Unsqueeze": _unsqueeze,
        "Transpose": _transpose,
        "Reshape": _reshape,
        "Expand": _expand,
        "ConstantOfShape": lambda op: _sizes(op, 0),
        "Pad": _pad,
        "Slice": _slice,
        "Gather": _gather,
    }


_RULES = _rules()
RELEASED_OPERATORS = frozenset(_RULES) | {"Constant"}
"""Operators that a released graph may hold, all of them allowed to a head."""
