#!/usr/bin/env bash
# Guess: siti-tools turns HLG into light by the curve of BT.2100, which rises all the way.
# What happens: just above half of the signal the light falls from 50.7 to 18.5 cd/m2 and passes the old value only at
#   three fifths: the constant b of the curve's upper half is subtracted where BT.2100 adds it.
# Why it matters: SI and TI of HLG clips have edges in every bright gradient; a ramp that is smooth has its greatest
#   slope there.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q siti-tools==0.6.0 av==18.1.0 numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PY'
import sys
import numpy as np
from siti_tools.siti import SiTiCalculator

signal = np.array([0.4, 0.5, 0.501, 0.55, 0.6, 1.0])
seen = SiTiCalculator.eotf_hlg(signal)
a, b, c = 0.17883277, 0.28466892, 0.55991073  # BT.2100
scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
by_hand = 0.01 + 999.99 * scene**1.2
print("siti-tools 0.6.0, light in cd/m2 at 1000")
print("guess: that of BT.2100, rising")
for row in zip(signal, seen, by_hand):
    print("seen:  signal %.3f: %7.2f, by BT.2100 %7.2f" % row)
if not (seen[2] < 0.5 * seen[1] and np.allclose(seen[:2], by_hand[:2], rtol=1e-4) and np.all(np.diff(by_hand) > 0)):
    sys.exit("changed: the light fell to less than half just above a signal of 0.5")
PY
