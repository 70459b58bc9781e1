"""One head as one ONNX file, and the proof that it says what the head says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.head.experts.base import PIECE_ROWS, SHARE_FLOOR
from mos_assets.head.graph import Graph
from mos_assets.head.inputs import (
    MISSING_BELOW,
    MISSING_SCALE,
    MISSING_VALUE,
    RAW_LIMIT,
)
from mos_assets.head.model import Head
from mos_assets.head.operators import check_operators, used_operators
from mos_assets.head.standardise import PLAIN_LIMIT, SOFT_LIMIT, Z_LIMIT, Scaling
from mos_assets.io.hashing import hash_bytes
from mos_assets.io.writing import write_whole
from mos_assets.records import (
    ENCODER_INPUT,
    FEATURES_INPUT,
    MOS_MAX,
    MOS_MIN,
    MOS_OUTPUT,
    FloatArray,
    IntArray,
)

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

OPSET = 17
PARITY_LIMIT = 1e-5
"""Largest allowed difference between reference and onnxruntime, in MOS."""
_IR_VERSION = 8
_PRODUCER = "mos_assets"


@dataclass(frozen=True, slots=True)
class ExportedHead:
    """What was written."""

    path: Path
    sha256: str
    """Of the one file, which holds every weight."""
    opset: int
    operators: tuple[str, ...]
    n_parameters: int


def export_onnx(head: Head, path: Path, metadata: Mapping[str, str] | None = None) -> ExportedHead:
    """Write `head` to `path`, checked by onnx; equal heads and metadata give equal bytes.

    metadata: what the file says of itself to whoever has nothing else, by key.
    The file appears under its name only when it is whole. Inputs `features` float32 [batch, F] in
    raw units and `encoder_onehot` float32 [batch, slots]; output `mos` float32 [batch] in 1..5, and
    NaN for a row in which an input is no finite number.
    """
    import onnx

    model = _model(head)
    for key, value in sorted((metadata or {}).items()):
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    write_whole(path, content)
    if refused := check_operators(path):
        raise AssertionError(f"the exported graph holds refused operators: {refused}")
    return ExportedHead(
        path=path,
        sha256=hash_bytes(content),
        opset=OPSET,
        operators=used_operators(path),
        n_parameters=head.n_parameters,
    )


def _model(head: Head) -> ModelProto:
    """The graph: inputs, standardisation, experts, blend. Float64 inside, float32 at both ends."""
    from onnx import TensorProto, helper

    graph = Graph()
    features, slots = (
        graph.add("Cast", name, to=TensorProto.DOUBLE) for name in (FEATURES_INPUT, ENCODER_INPUT)
    )
    floor = _floor(graph, features, slots)
    inputs = _standardised(graph, head, features, slots)
    blend = ""
    for number, expert in enumerate(head.experts):
        own = inputs[expert.scaling]
        if expert.scale is not None:
            own = graph.add("Mul", own, graph.tensor(f"expert{number}_scale", expert.scale))
        mos = expert.fitted.export(graph, f"expert{number}_", own)
        mos = graph.add("Clip", mos, graph.constant(MOS_MIN), graph.constant(MOS_MAX))
        share = graph.add("Mul", mos, graph.constant(expert.weight), name=f"share{number}")
        blend = graph.add("Add", blend, share) if blend else share
    span = MOS_MAX - MOS_MIN
    place = graph.add("Sub", blend, graph.constant(MOS_MIN))
    place = graph.add("Div", place, graph.constant(span))
    held = graph.add("Clip", place, graph.constant(SHARE_FLOOR), graph.constant(1.0 - SHARE_FLOOR))
    rest = graph.add("Sub", graph.constant(1.0), held)
    logit = graph.add("Sub", graph.add("Log", held), graph.add("Log", rest), name="logit")
    share = graph.add("Sigmoid", logit)
    scaled = graph.add("Mul", share, graph.constant(span))
    exact = graph.add("Add", scaled, floor)
    column = graph.add("Cast", exact, to=TensorProto.FLOAT)
    graph.add("Squeeze", column, graph.indices(1), name=MOS_OUTPUT)

    def tensor(name: str, *shape: str | int) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "mos_head",
            [
                tensor(FEATURES_INPUT, "batch", len(head.feature_order)),
                tensor(ENCODER_INPUT, "batch", len(head.encoder_vocab)),
            ],
            [tensor(MOS_OUTPUT, "batch")],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name=_PRODUCER,
    )
    model.ir_version = _IR_VERSION
    return model


def _floor(graph: Graph, features: str, slots: str) -> str:
    """MOS_MIN for each row, [batch, 1]; NaN where one of its inputs is NaN or infinite.

    The bounds of the standardisation cannot be trusted with NaN: ONNX leaves open what Clip makes
    of it, and OpenVINO makes the lower bound, which scores like any clip. 0 · x is 0 of every
    number and NaN of what is none, in any precision.
    """
    given = graph.add("Concat", features, slots, axis=1)
    nothing = graph.add("Mul", given, graph.constant(0.0))
    strange = graph.add("ReduceSum", nothing, graph.indices(1), name="strange", keepdims=1)
    return graph.add("Add", strange, graph.constant(MOS_MIN), name="floor")


def _standardised(graph: Graph, head: Head, features: str, slots: str) -> dict[Scaling, str]:
    """Names of the standardised inputs of both scalings."""
    constant, add = graph.constant, graph.add
    standard = head.standardiser
    raw = add("Clip", features, constant(-RAW_LIMIT), constant(RAW_LIMIT), name="raw")
    if head.inputs.medians is None:
        columns = add("Concat", raw, slots, axis=1, name="columns")
    else:
        below = add("Sub", constant(MISSING_BELOW), features)
        steep = add("Mul", below, constant(MISSING_SCALE))
        missing = add("Clip", steep, constant(0.0), constant(1.0), name="missing")
        kept = add("Mul", raw, add("Sub", constant(1.0), missing))
        middle = add("Mul", missing, graph.tensor("medians", head.inputs.medians))
        columns = add("Concat", add("Add", kept, middle), missing, slots, axis=1, name="columns")
    centred = add("Sub", columns, graph.tensor("mean", standard.mean))
    wide = add("Div", centred, graph.tensor("std", standard.std))
    z = add("Clip", wide, constant(-Z_LIMIT), constant(Z_LIMIT), name="z")
    varying = add("Mul", z, graph.tensor("varies", standard.varies))
    plain = add("Clip", varying, constant(-PLAIN_LIMIT), constant(PLAIN_LIMIT), name="plain")
    off = add("Sub", z, graph.tensor("centre", standard.centre))
    u = add("Mul", off, graph.tensor("slope", standard.slope))
    bent = add("Div", u, add("Add", constant(1.0), add("Abs", u)))
    shifted = add("Sub", bent, graph.tensor("shift", standard.shift))
    soft = add("Mul", shifted, graph.tensor("scale", standard.scale))
    soft = add("Clip", soft, constant(-SOFT_LIMIT), constant(SOFT_LIMIT), name="soft")
    return {Scaling.PLAIN: plain, Scaling.SOFT: soft}


def onnx_predict(
    model: Path | bytes, features: FloatArray, encoder: IntArray | None = None
) -> FloatArray:
    """MOS [n] of raw features [n, F] by onnxruntime on the CPU, one thread, float32 inputs.

    `encoder` holds the active slot of each row, default 0. NaN goes in as `MISSING_VALUE`, which a
    head that imputes knows; finite values are brought within the bounds of the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        sess_options=options,
        providers=["CPUExecutionProvider"],
    )
    slots = session.get_inputs()[1].shape[1]
    active = np.zeros(len(features), dtype=np.int64) if encoder is None else encoder
    found = np.empty(len(features))
    for start in range(0, len(features), PIECE_ROWS):
        rows = slice(start, start + PIECE_ROWS)
        given = features[rows]
        filled = np.where(np.isnan(given), MISSING_VALUE, np.clip(given, -RAW_LIMIT, RAW_LIMIT))
        inputs = {
            FEATURES_INPUT: filled.astype(np.float32),
            ENCODER_INPUT: (active[rows, None] == np.arange(slots)).astype(np.float32),
        }
        (found[rows],) = session.run([MOS_OUTPUT], inputs)
    return found


def parity(head: Head, path: Path, features: FloatArray, encoder: IntArray | None = None) -> float:
    """Largest |reference - onnxruntime| in MOS over rows of raw features [n, F]."""
    if len(features) == 0:
        raise ValueError("parity needs at least one row: no rows prove nothing")
    predicted = onnx_predict(path, features, encoder)
    return float(np.max(np.abs(head.predict(features, encoder) - predicted)))
