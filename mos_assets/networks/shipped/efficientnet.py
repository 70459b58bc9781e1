"""The trunk of EfficientNet-Lite0 as ONNX, node by node, from the tensors of its PyTorch port.

EfficientNet is Tan & Le's (ICML 2019, arXiv 1905.11946); the Lite variant, without squeeze and
excitation and with ReLU6, is Google's (tensorflow/tpu, models/official/efficientnet/lite, 2020).
Pictures are fed as it was trained with them: RGB, (level - 127)/128.

No exporter of torch has a part in it: batch normalisation is folded in float64, one rounding an
operation, so that the same weights give the same bytes on every machine and with every torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Tensor = npt.NDArray[np.float32]

SIDE = 224
"""Lines and columns of a picture."""
CHANNELS = 320
"""Of the last block; the 1,280 that the classifier sees are one linear map and ReLU6 of these."""
MIXTURES = 16
"""Numbers that stand for the 320 where only their spread is wanted."""
_STEM = 32
_OPSET, _IR_VERSION = 17, 8
_EPSILON = 0.001
"""Of the batch normalisation."""


@dataclass(frozen=True, slots=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    """Of its first block; the others have 1."""
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, CHANNELS),
)


def trunk_onnx(
    weights: Mapping[str, Tensor], views: Sequence[str], metadata: Mapping[str, str]
) -> bytes:
    """The bytes of an ONNX file that looks at several views with the same weights.

    weights: as `efficientnet_lite_pytorch` names them. Each view is an input float32
    [pictures, 3, 224, 224] of that name with two outputs: `<view>_channels` [pictures, 320], the
    last block's channels, each a mean over the picture, and `<view>_mixtures` [pictures, 16], sums
    of these with signs of chance over √320 (Achlioptas, J. Comput. Syst. Sci. 2003). Raises
    ValueError where a weight is missing, has another shape or is not finite.
    """
    from onnx import checker, helper

    graph = _Trunk(weights)
    for view in views:
        graph.look(view)
    made = helper.make_graph(
        graph.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info(v, 1, [f"{v}_pictures", 3, SIDE, SIDE]) for v in views],
        [
            helper.make_tensor_value_info(f"{v}_{what}", 1, [f"{v}_pictures", count])
            for v in views
            for what, count in (("channels", CHANNELS), ("mixtures", MIXTURES))
        ],
        list(graph.constants.values()),
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="mos_assets",
    )
    helper.set_model_props(model, dict(sorted(metadata.items())))
    checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def signs() -> Tensor:
    """[320, 16] of ±1/√320: bit n of the SHA-256 of `mixture <column>/<block of 256 rows>`, the
    highest bit of a byte first; a set bit is +."""
    columns = []
    for column in range(MIXTURES):
        texts = (f"mixture {column}/{block}".encode() for block in range(-(-CHANNELS // 256)))
        digest = b"".join(hashlib.sha256(text).digest() for text in texts)
        columns.append(np.unpackbits(np.frombuffer(digest, np.uint8))[:CHANNELS])
    bits = np.stack(columns, axis=1)
    return np.where(bits == 1, 1.0, -1.0).astype(np.float32) / np.float32(np.sqrt(CHANNELS))


class _Trunk:
    """Nodes of every view, and the constants that they share."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}
        self._keep("zero", np.array(0, np.float32))
        self._keep("six", np.array(6, np.float32))
        self._keep("signs", signs())

    def look(self, view: str) -> None:
        """Add the way from the pictures of a view to its outputs."""
        side, channels, number = SIDE, _STEM, 0
        held = self._convolved(view, view, "_conv_stem", "_bn0", (_STEM, 3, 3), 2, side)
        held, side = self._relu6(held), -(-side // 2)
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                held = self._block(view, held, number, channels, stage, stride, side)
                side, channels, number = -(-side // stride), stage.channels, number + 1
        pooled = self._node("GlobalAveragePool", [held], f"{view}_pooled")
        flat = self._node("Flatten", [pooled], f"{view}_channels", axis=1)
        self._node("MatMul", [flat, "signs"], f"{view}_mixtures")

    def _block(
        self, view: str, before: str, number: int, channels: int, stage: _Stage, stride: int,
        side: int,
    ) -> str:  # fmt: skip
        """An inverted residual bottleneck."""
        name, held = f"_blocks.{number}.", before
        wide = channels * stage.expansion
        if stage.expansion != 1:
            shape = (wide, channels, 1)
            held = self._convolved(view, held, f"{name}_expand_conv", f"{name}_bn0", shape, 1, side)
            held = self._relu6(held)
        shape = (wide, 1, stage.kernel)
        held = self._convolved(
            view, held, f"{name}_depthwise_conv", f"{name}_bn1", shape, stride, side
        )
        held = self._relu6(held)
        shape = (stage.channels, wide, 1)
        side = -(-side // stride)
        held = self._convolved(view, held, f"{name}_project_conv", f"{name}_bn2", shape, 1, side)
        if stride == 1 and channels == stage.channels:
            held = self._node("Add", [held, before], f"{held}.sum")
        return held

    def _convolved(
        self, view: str, before: str, conv: str, norm: str, shape: tuple[int, int, int],
        stride: int, side: int,
    ) -> str:  # fmt: skip
        """Convolution with the normalisation behind it; shape: channels out, channels in of a
        group, side of the kernel. Padded as TensorFlow's SAME: the odd pixel below and right."""
        out, within, kernel = shape
        if f"{conv}.weight" not in self.constants:
            self._fold(conv, norm, (out, within, kernel, kernel))
        padding = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        return self._node(
            "Conv",
            [before, f"{conv}.weight", f"{conv}.bias"],
            f"{view}/{conv}",
            group=out if within == 1 else 1,
            kernel_shape=[kernel, kernel],
            pads=[padding // 2, padding // 2, padding - padding // 2, padding - padding // 2],
            strides=[stride, stride],
        )

    def _fold(self, conv: str, norm: str, shape: tuple[int, ...]) -> None:
        kernel = self._weight(f"{conv}.weight", shape)
        gain, shift, mean, variance = (
            self._weight(f"{norm}.{what}", shape[:1])
            for what in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + _EPSILON)
        folded = kernel * scale.reshape(-1, 1, 1, 1)
        self._keep(f"{conv}.weight", folded.astype(np.float32))
        self._keep(f"{conv}.bias", (shift - mean * scale).astype(np.float32))

    def _weight(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        found = self._weights.get(name)
        if found is None or found.shape != shape:
            given = "missing" if found is None else f"of shape {list(found.shape)}"
            raise ValueError(f"the weight {name} is {given}, and not of shape {list(shape)}")
        if not np.isfinite(found).all():
            raise ValueError(f"the weight {name} is not finite")
        return found.astype(np.float64)

    def _relu6(self, before: str) -> str:
        return self._node("Clip", [before, "zero", "six"], f"{before}.relu6")

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def _keep(self, name: str, numbers: Tensor) -> None:
        from onnx import numpy_helper

        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(numbers), name)
