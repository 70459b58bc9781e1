#!/usr/bin/env bash
# Guess: a NaN that enters ONNX's Clip comes out as NaN in every runtime, as it does in onnxruntime and in onnx's own
#   reference, so that a missing input can never pass for a score.
# What happens: OpenVINO's CPU plugin hands out the lower bound, and through Clip and Sigmoid a NaN becomes a finite
#   number in the middle of the scale. Nothing is logged. A NaN that is added to the result at the end (the sum of the
#   inputs minus itself) does come out as NaN.
# Why it matters: a graph that clips its inputs, as most exported regressors do, turns a missing feature into a
#   plausible answer on one runtime and not on the others.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q openvino==2026.4.1 onnx==1.22.0 onnxruntime==1.27.0 numpy==2.4.6
echo "guess: the second row is NaN on each line"
venv/bin/python - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "OpenVINO", openvino.__version__)


def graph(guarded):
    nodes = [
        helper.make_node("Clip", ["x", "low", "high"], ["clipped"]),
        helper.make_node("ReduceMean", ["clipped"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Sigmoid", ["mean"], ["squashed" if guarded else "y"]),
    ]
    if guarded:
        nodes += [
            helper.make_node("ReduceSum", ["x", "axis"], ["sum"], keepdims=0),
            helper.make_node("Sub", ["sum", "sum"], ["nothing"]),
            helper.make_node("Add", ["squashed", "nothing"], ["y"]),
        ]
    given = {"low": np.float32(-3), "high": np.float32(3)}
    if guarded:
        given["axis"] = np.array([1], np.int64)
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in given.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


x = np.array([[0.5, 1.0], [0.5, np.nan]], np.float32)
seen = {}
for guarded in (False, True):
    model = graph(guarded)
    raw = model.SerializeToString()
    core = openvino.Core()
    plan = core.compile_model(core.read_model(model=raw), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = {
        "reference": ReferenceEvaluator(model).run(None, {"x": x})[0],
        "onnxruntime": onnxruntime.InferenceSession(raw, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
        "OpenVINO": plan({"x": x})[0],
    }
    for name, answer in answers.items():
        seen[name, guarded] = bool(np.isnan(answer[1]))
        print("seen:  %-11s %s  %.4f  %.4f" % (name, "sum added" if guarded else "plain    ", *answer))
wanted = {(name, guarded): name != "OpenVINO" or guarded for name, guarded in seen}
if seen != wanted:
    sys.exit("changed: only OpenVINO's plain graph gave a number for the row with NaN")
PY
