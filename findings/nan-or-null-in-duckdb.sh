#!/usr/bin/env bash
# Guess: a NaN (a score that could not be computed) is the same thing to DuckDB whichever way it comes in.
# What happens: scanned from a pandas frame or a NumPy array it becomes NULL and is left out of every aggregate;
#   given as a parameter of INSERT it stays NaN and makes mean and correlation NaN. The same five pairs have
#   count 4 and corr 0.83, or count 5 and corr nan. (pandas' .corr leaves NaN out; NumPy's and SciPy's give nan.)
# Why it matters: a missing score silently shrinks the sample or spoils the whole statistic, depending on the way
#   of loading alone; and a table written from a frame no longer tells "not measured" from "not a number".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q duckdb==2.0.0 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PY'
import sys
import duckdb
import numpy as np
import pandas as pd
import scipy
from scipy import stats

print("duckdb", duckdb.__version__, "pandas", pd.__version__, "numpy", np.__version__, "scipy", scipy.__version__)
a = np.array([1.0, 2, 3, 4, np.nan])
b = np.array([1.0, 3, 2, 5, 9])
frame = pd.DataFrame({"a": a, "b": b})
arrays = {"a": a, "b": b}
db = duckdb.connect()
db.execute("create table bound (a double, b double)")
db.executemany("insert into bound values (?, ?)", [(float(x), float(y)) for x, y in zip(a, b)])
print("guess: the first three lines are the same, and so are the last three")
seen = []
for source in ("frame", "arrays", "bound"):
    row = db.execute(f"select count(a), avg(a), corr(a, b) from {source}").fetchone()
    seen.append("%d %.2f %.2f" % row)
    print(f"seen:  duckdb, {source:6}: count, mean, corr = {seen[-1]}")
for name, r in (("pandas .corr", frame.a.corr(frame.b)), ("numpy.corrcoef", np.corrcoef(a, b)[0, 1]),
                ("scipy pearsonr", stats.pearsonr(a, b)[0])):
    seen.append("%.2f" % r)
    print(f"seen:  {name}: {seen[-1]}")
if seen != ["4 2.50 0.83", "4 2.50 0.83", "5 nan nan", "0.83", "nan", "nan"]:
    sys.exit("changed: NaN was NULL when scanned, NaN when bound; left out by pandas, kept by NumPy and SciPy")
PY
