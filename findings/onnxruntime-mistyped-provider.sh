#!/usr/bin/env bash
# Guess: a provider that exists in no build of onnxruntime (a misspelt name) is an error when the session opens.
# What happens: a warning and a note on standard output, and the session runs on the CPU. A provider that exists and
#   is not in this build (CUDA in the CPU wheel) gives the warning alone. Only get_providers() tells.
# Why it matters: a service that asks for a GPU by a misspelt name runs slowly for ever; and a program that prints
#   its result on standard output prints the note before it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >probe.py <<'PY'
import sys
import onnxruntime
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
made = helper.make_model(
    helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", ends[:1], ends[1:]),
    opset_imports=[helper.make_opsetid("", 17)],
)
made.ir_version = 8
try:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=[sys.argv[1]])
    print("providers", *session.get_providers())
except Exception as error:
    print("refused", type(error).__name__)
PY
venv/bin/python -c 'import onnxruntime; print("onnxruntime", onnxruntime.__version__)'
seen=""
echo "guess: refused"
for name in CUDAExecutionProvider CPUExecutionProvidr; do
    out=$(venv/bin/python probe.py $name 2>err.txt)
    lines=$(($(wc -l <<<"$out") - 1))
    last=$(tail -n 1 <<<"$out")
    echo "seen:  $name: $last; $lines line(s) before it on standard output, $(grep -c UserWarning err.txt) warning(s)"
    seen="$seen$last, $([ $lines -gt 0 ] && echo noted || echo silent);"
done
[ "$seen" = "providers CPUExecutionProvider, silent;providers CPUExecutionProvider, noted;" ] ||
    { echo "changed: both ran on the CPU, the misspelt one with lines on standard output; now $seen"; exit 1; }
