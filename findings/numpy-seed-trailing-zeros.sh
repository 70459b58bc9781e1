#!/usr/bin/env bash
# Guess: numpy.random.default_rng with two different lists as its seed gives two different streams.
# What happens: up to four words, zeros at the end of the seed change nothing: [1, 2, 3] and [1, 2, 3, 0]
#   draw the same numbers. From the fifth word on, a zero does make another stream.
# Why it matters: seeds built from indices ([experiment, clip, repeat]) collide where an index is 0 and the
#   lists differ in length, so samples or resamplings that were meant to be independent are copies.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q numpy==2.4.6
venv/bin/python - <<'PY'
import sys
import numpy as np

print("numpy", np.__version__)
print("guess: every pair below is two streams")


def same(a, b):
    first, second = (np.random.default_rng(s).integers(0, 2**62, 1000) for s in (a, b))
    return bool((first == second).all())


expected = [
    (7, [7, 0], True),
    ([7], [7, 0, 0, 0], True),
    ([1, 2, 3], [1, 2, 3, 0], True),
    ([0, 1, 2], [1, 2], False),
    ([7], [7, 0, 0, 0, 0], False),
    ([1, 2, 3, 4], [1, 2, 3, 4, 0], False),
]
seen = [same(a, b) for a, b, _ in expected]
for (a, b, _), s in zip(expected, seen):
    print("seen: ", a, "and", b, "->", "THE SAME 1000 numbers" if s else "different numbers")
if seen != [e for _, _, e in expected]:
    sys.exit("changed: the set of colliding seeds is another one")
PY
