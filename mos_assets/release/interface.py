"""How any runtime feeds a released graph, in words that stand in manifest and ONNX file alike.

Whoever has the ONNX file alone reads them from its metadata, each value as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mos_assets.records import ENCODER_INPUT, FEATURES_INPUT, MOS_MAX, MOS_MIN, MOS_OUTPUT

SCALING = "raw units: the graph standardises"


class GraphTensor(BaseModel):
    """One input or output of the graph."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Literal["float32"] = "float32"
    shape: tuple[str | int, ...]
    """`batch` is left open."""
    holds: str


class GraphInterface(BaseModel):
    """What the manifest says of it beyond the order of features, slots, gaps and the range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    feature_units: tuple[str, ...]
    """In the order of the features; `1` where a feature has none."""
    scaling: str = SCALING
    missing: str
    """What stands for a missing feature, and what becomes of NaN."""
    arithmetic: str


def graph_interface(
    feature_units: Sequence[str], slots: int, missing_value: float | None
) -> GraphInterface:
    """The words for a graph that this package exports, of F = len(feature_units) features."""
    gap = "every feature has to be there"
    if missing_value is not None:
        gap = f"{missing_value:g} stands for a missing feature"
    return GraphInterface(
        inputs=(
            GraphTensor(
                name=FEATURES_INPUT,
                shape=("batch", len(feature_units)),
                holds="one row a clip, columns by feature_order, in feature_units",
            ),
            GraphTensor(
                name=ENCODER_INPUT,
                shape=("batch", slots),
                holds="1 in the slot of the encoder, slots by encoder_vocab, else 0; "
                "the first slot where the encoder is unknown",
            ),
        ),
        outputs=(
            GraphTensor(
                name=MOS_OUTPUT, shape=("batch",), holds="the opinion score, within mos_range"
            ),
        ),
        feature_units=tuple(feature_units),
        missing=f"{gap}; NaN or infinity in a row gives NaN for it",
        arithmetic="float64 inside; lower precision answers something else",
    )


def graph_metadata(
    interface: GraphInterface | None,
    feature_order: Sequence[str],
    encoder_vocab: Sequence[str],
    missing_value: float | None,
    mos_range: Sequence[float] = (MOS_MIN, MOS_MAX),
) -> dict[str, str]:
    """The ONNX file's metadata: what a manifest says, under the same names, each as JSON.

    interface: None for a head that was exported without these words.
    """
    said: dict[str, object] = {
        "encoder_vocab": list(encoder_vocab),
        "feature_order": list(feature_order),
        "missing_value": missing_value,
        "mos_range": list(mos_range),
    }
    if interface is not None:
        said |= interface.model_dump(mode="json")
    return {
        key: json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
        for key, value in said.items()
    }
