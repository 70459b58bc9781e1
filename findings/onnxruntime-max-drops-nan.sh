#!/usr/bin/env bash
# Guess: a maximum or minimum over values of which one is NaN is NaN, as in NumPy and in onnx's own reference.
# What happens: onnxruntime's ReduceMax and ReduceMin give NaN where it is the first value, and leave it out where it
#   stands anywhere else. MaxPool leaves it out unless it is the last. Max and Min of two inputs keep it, as Relu and
#   Clip do.
# Why it matters: a pooled network whose feature map went wrong in one place answers with a plausible number, and
#   "NaN in, NaN out" of a graph holds or not by the place of the NaN.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
echo "guess: NaN in each place"
venv/bin/python - <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def model(kind, shape, **attributes):
    two = kind in ("Max", "Min")
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", "c"] if two else ["x"], ["y"], **attributes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array([0.5], np.float32), "c")] if two else [],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


def kept(run, shape, one_each):
    """Which of the four places of a NaN gives a NaN."""
    places = ""
    for place in range(4):
        x = np.full(shape, 0.5, np.float32)
        x[..., place] = np.nan
        y = np.ravel(run(x))
        places += "N" if np.isnan(y[place if one_each else 0]) else "."
    return places


seen = {}
for kind, shape, attributes in (
    ("ReduceMax", [1, 4], {"axes": [1]}),
    ("ReduceMin", [1, 4], {"axes": [1]}),
    ("MaxPool", [1, 1, 4], {"kernel_shape": [4]}),
    ("Max", [1, 4], {}),
    ("Min", [1, 4], {}),
):
    made = model(kind, shape, **attributes)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    reference = ReferenceEvaluator(made)
    ours = kept(lambda x: session.run(None, {"x": x})[0], shape, kind in ("Max", "Min"))
    theirs = kept(lambda x: reference.run(None, {"x": x})[0], shape, kind in ("Max", "Min"))
    print("seen:  %-9s NaN in place 0 1 2 3 -> onnxruntime %s, onnx.reference %s" % (kind, ours, theirs))
    seen[kind] = ours
lost = {kind for kind, places in seen.items() if places != "NNNN"}
if lost != {"ReduceMax", "ReduceMin", "MaxPool"}:
    sys.exit(f"changed: ReduceMax, ReduceMin and MaxPool lost a NaN in some place, Max and Min in none; now {seen}")
PY
