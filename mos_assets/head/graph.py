"""Building an ONNX graph step by step: nodes and constants get their names as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mos_assets.records import FloatArray, IntArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto


class Graph:
    """Nodes in order, and the constants they use; the same steps give the same names."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._known: dict[str, str] = {}

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: int) -> str:
        """One node with one output; returns the output's name."""
        from onnx import helper

        output = name or f"{operator.lower()}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [output], name=output)
        for key, value in sorted(attributes.items()):
            node.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(node)
        return output

    def tensor(self, name: str, values: FloatArray) -> str:
        """A float64 constant of this name."""
        from onnx import numpy_helper

        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float64), name)
        )
        return name

    def places(self, name: str, values: IntArray) -> str:
        """An int64 constant of this name, such as columns to gather."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values.astype(np.int64), name))
        return name

    def constant(self, value: float) -> str:
        """A float64 scalar; equal ones are one."""
        key = f"number_{value!r}"
        if key not in self._known:
            self._known[key] = self.tensor(key, np.array(value))
        return self._known[key]

    def indices(self, *values: int) -> str:
        """An int64 constant, such as axes."""
        from onnx import numpy_helper

        key = "axes_" + "_".join(map(str, values))
        if key not in self._known:
            self.constants.append(numpy_helper.from_array(np.array(values, np.int64), key))
            self._known[key] = key
        return key
