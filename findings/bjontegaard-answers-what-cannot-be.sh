#!/usr/bin/env bash
# Guess: a package for Bjontegaard's delta rate raises an error where there is no such rate: curves that share no
#   quality, or points that are out of order.
# What happens: curves without overlap give NaN and a warning. Points whose quality falls in the middle raise with
#   'pchip', and with 'cubic' give a plain percentage without a word.
# Why it matters: a ladder with one bad encode, or two of different quality, ends as a figure in a table.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q bjontegaard==1.3.0 numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2
echo "guess: an error on each of the three lines"
venv/bin/python - <<'PY'
import sys
import warnings
from importlib.metadata import version

import bjontegaard
import numpy as np

print("bjontegaard", version("bjontegaard"), "SciPy", version("scipy"))
rates = [1000, 2000, 4000, 8000]
half = [500, 1000, 2000, 4000]
falls = [1, 3, 2, 4]


def asked(name, *curves, **how):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = bjontegaard.bd_rate(*curves, **how)
        except Exception as error:
            found = type(error).__name__
    print("seen:  %-28s %s, %d warning(s)" % (name, found, len(told)))
    return found


apart = asked("no common quality, pchip", rates, [1, 2, 3, 4], rates, [5, 6, 7, 8], method="pchip")
strict = asked("quality falls, pchip", rates, falls, half, falls, method="pchip")
plain = asked("quality falls, cubic", rates, falls, half, falls, method="cubic")
if not (isinstance(apart, float) and np.isnan(apart) and strict == "ValueError" and abs(plain + 50) < 1e-6):
    sys.exit("changed: NaN, a ValueError and -50 % were seen")
PY
