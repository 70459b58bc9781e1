"""One head as one ONNX file, and the proof that it says what the head says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mos_assets.head.network import Head, encoder_slots
from mos_assets.head.operators import check_operators, used_operators
from mos_assets.head.standardise import RAW_LIMIT, SCORE_LIMIT, Z_LIMIT, Float32Array
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 17
PARITY_LIMIT = 1e-5
"""Largest allowed difference between reference and onnxruntime, in MOS."""
INPUT_FEATURES, INPUT_ENCODER, OUTPUT_MOS = "features", "encoder_onehot", "mos"
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


def export_onnx(head: Head, path: Path) -> ExportedHead:
    """Write `head` to `path`, checked by onnx; equal heads give equal bytes.

    The file appears under its name only when it is whole. Inputs `features` float32 [batch, F] in
    raw units and `encoder_onehot` float32 [batch, slots]; output `mos` float32 [batch] in 1..5.
    """
    import onnx

    model = build_model(head)
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
    if refused := check_operators(path):
        raise AssertionError(f"the exported graph holds refused operators: {refused}")
    return ExportedHead(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        opset=OPSET,
        operators=used_operators(path),
        n_parameters=head.n_parameters,
    )


def build_model(head: Head) -> ModelProto:
    """The graph, node by node; the constants of every step stand beside the step."""
    from onnx import TensorProto, checker, helper, numpy_helper

    standard = head.standardiser
    steps: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("Clip", (INPUT_FEATURES, "raw_low", "raw_high"), "raw"),
        ("Sub", ("raw", "feature_mean"), "centred"),
        ("Div", ("centred", "feature_std"), "z_wide"),
        ("Clip", ("z_wide", "z_low", "z_high"), "z"),
        ("Sub", ("z", "robust_centre"), "z_robust"),
        ("Mul", ("z_robust", "robust_slope"), "u"),
        ("Softsign", ("u",), "soft"),
        ("Sub", ("soft", "soft_shift"), "soft_centred"),
        ("Mul", ("soft_centred", "soft_scale"), "scores_wide"),
        ("Clip", ("scores_wide", "score_low", "score_high"), "scores"),
        ("Gemm", ("scores", "hidden_weight", "hidden_bias"), "reached"),
        ("Relu", ("reached",), "hidden"),
        ("MatMul", ("hidden", "output_weight"), "curved"),
        ("MatMul", ("scores", "linear_weight"), "straight"),
        ("MatMul", (INPUT_ENCODER, "encoder_weight"), "offset"),
        ("Add", ("curved", "straight"), "shape"),
        ("Add", ("shape", "offset"), "logit_column"),
        ("Squeeze", ("logit_column", "last_axis"), "logit"),
        ("Sigmoid", ("logit",), "share"),
        ("Mul", ("share", "mos_span"), "above_lowest"),
        ("Add", ("above_lowest", "mos_lowest"), OUTPUT_MOS),
    )
    constants: dict[str, npt.NDArray[np.float32] | npt.NDArray[np.int64]] = {
        "raw_low": np.array(-RAW_LIMIT, np.float32),
        "raw_high": np.array(RAW_LIMIT, np.float32),
        "feature_mean": standard.mean,
        "feature_std": standard.std,
        "z_low": np.array(-Z_LIMIT, np.float32),
        "z_high": np.array(Z_LIMIT, np.float32),
        "robust_centre": standard.centre,
        "robust_slope": standard.slope,
        "soft_shift": standard.shift,
        "soft_scale": standard.scale,
        "score_low": np.array(-SCORE_LIMIT, np.float32),
        "score_high": np.array(SCORE_LIMIT, np.float32),
        "hidden_weight": head.hidden_weight,
        "hidden_bias": head.hidden_bias,
        "output_weight": head.output_weight,
        "linear_weight": head.linear_weight,
        "encoder_weight": head.encoder_weight,
        "last_axis": np.array([1], np.int64),
        "mos_span": np.array(MOS_MAX - MOS_MIN, np.float32),
        "mos_lowest": np.array(MOS_MIN, np.float32),
    }
    graph = helper.make_graph(
        [helper.make_node(op, list(inputs), [out], name=out) for op, inputs, out in steps],
        "mos_head",
        [
            helper.make_tensor_value_info(
                INPUT_FEATURES, TensorProto.FLOAT, ["batch", len(head.feature_order)]
            ),
            helper.make_tensor_value_info(
                INPUT_ENCODER, TensorProto.FLOAT, ["batch", len(head.encoder_weight)]
            ),
        ],
        [helper.make_tensor_value_info(OUTPUT_MOS, TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name=_PRODUCER
    )
    model.ir_version = _IR_VERSION
    checker.check_model(model)
    return model


def onnx_predict(
    model: Path | bytes, features: FloatArray, encoder_onehot: Float32Array | None = None
) -> FloatArray:
    """MOS [n] of raw features [n, F] by onnxruntime on the CPU, one thread, float32 inputs.

    Without `encoder_onehot` every row has the first slot active. Finite values beyond float32 are
    brought to its largest finite ones.
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
    limit = float(np.finfo(np.float32).max)
    if encoder_onehot is None:
        encoder_onehot = np.zeros((len(features), encoder_slots()), dtype=np.float32)
        encoder_onehot[:, 0] = 1.0
    inputs = {
        INPUT_FEATURES: np.clip(features, -limit, limit).astype(np.float32),
        INPUT_ENCODER: np.asarray(encoder_onehot, dtype=np.float32),
    }
    (mos,) = session.run([OUTPUT_MOS], inputs)
    return np.asarray(mos, dtype=np.float64)


def parity(head: Head, path: Path, features: FloatArray) -> float:
    """Largest |reference - onnxruntime| in MOS over rows of raw features [n, F]."""
    if len(features) == 0:
        raise ValueError("parity needs at least one row: no rows prove nothing")
    return float(np.max(np.abs(head.predict(features) - onnx_predict(path, features))))
