#!/usr/bin/env bash
# Guess: a program that makes an Arrow array of a list of numbers loads pandas only if it asks for pandas.
# What happens: where pandas is installed, the first array made of a list imports all of it, some 30 MB; an
#   array of numpy's as well; one that DuckDB hands over, or that is made of buffers, does not.
# Why it matters: a dependency of a dependency that nobody uses makes every process that makes a small table larger.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv; venv/bin/pip install -q pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6 duckdb==2.0.0
cat >probe.py <<'PY'
import subprocess
import sys

WAYS = {
    "a list": "pa.array([1, 2, 3])",
    "numpy": "pa.array(np.arange(3))",
    "an empty table": "pa.schema([('a', pa.int64())]).empty_table()",
    "buffers": "pa.Array.from_buffers(pa.int64(), 3, [None, pa.py_buffer(np.arange(3).tobytes())])",
    "duckdb": "duckdb.sql('select 1 as a').to_arrow_table()",
}
for way, made in WAYS.items():
    code = (
        "import sys, duckdb, numpy as np, pyarrow as pa\n"
        f"assert 'pandas' not in sys.modules; made = {made}\n"
        "print('pandas' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(way + ":", said.stdout.strip())
PY
echo "of what the array is made; whether pandas is loaded then"
echo "guess: False throughout"
seen=$(venv/bin/python probe.py); echo "$seen"
[ "$seen" = "a list: True
numpy: True
an empty table: True
buffers: False
duckdb: False" ] || { echo "changed: with pyarrow 26.0.1 lists and numpy's arrays loaded pandas"; exit 1; }
