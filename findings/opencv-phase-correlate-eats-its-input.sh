#!/usr/bin/env bash
# Guess: cv2.phaseCorrelate(a, b, window) reads a and b.
# What happens: where width and height are sizes that its Fourier transform takes as they are (48x27, 64x64),
#   it multiplies the window into a and b themselves. At 49x28 it works on padded copies and leaves them alone.
# Why it matters: frame k meets frame k + 1 windowed once already, and frame k + 2 meets a frame windowed twice;
#   the shift is wrong and every later use of the pictures too, at some sizes only.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q numpy==2.4.6 opencv-contrib-python-headless==5.0.0.93
venv/bin/python - <<'PY'
import sys
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
print("guess: the inputs are as they were")


def eaten(lines, columns):
    a = np.random.default_rng(0).uniform(0, 255, (lines, columns)).astype(np.float32)
    kept = a.copy()
    cv2.phaseCorrelate(a, a.copy(), cv2.createHanningWindow((columns, lines), cv2.CV_32F))
    return not np.array_equal(a, kept)


seen = {size: eaten(*size) for size in ((27, 48), (28, 49), (31, 53), (64, 64))}
for (lines, columns), changed in seen.items():
    print(f"seen:  {columns}x{lines} ->", "the input is CHANGED" if changed else "unchanged")
if seen != {(27, 48): True, (28, 49): False, (31, 53): False, (64, 64): True}:
    sys.exit("changed: it eats its input at other sizes")
PY
