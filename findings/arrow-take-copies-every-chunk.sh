#!/usr/bin/env bash
# Guess: to take 1,000 rows of a table costs the memory of 1,000 rows, however the table is cut into chunks.
# What happens: of a column in two chunks, take joins the whole column first, so that a thousandth of its rows costs
#   all of it, each time; of one chunk it costs the rows that are taken.
# Why it matters: going through a table in batches by take copies the table once a batch. Slice to the rows that are
#   near before taking, or join the chunks once.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv; venv/bin/pip install -q pyarrow==26.0.1 numpy==2.4.6
cat >probe.py <<'PY'
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROWS, TAKEN = 1_000_000, 1_000
texts = pa.array([f"name {at:09d}" for at in range(ROWS)])
numbers = pa.array(np.arange(ROWS))
some = pa.array(np.arange(TAKEN))
print(pa.__version__)
for what, values in (("texts", texts), ("numbers", numbers)):
    for chunks in (1, 2):
        half = ROWS // chunks
        column = pa.chunked_array([values[at : at + half] for at in range(0, ROWS, half)])
        pool = pa.proxy_memory_pool(pa.default_memory_pool())
        pc.take(column, some, memory_pool=pool)
        share = pool.max_memory() / column.nbytes
        print(what, chunks, "all of it" if share > 0.9 else "a hundredth" if share < 0.01 else f"{share:.2f}")
PY
echo "memory that taking 1,000 of 1,000,000 rows allocates, by what the column takes; chunks of the column"
echo "guess: a hundredth or less, four times"
seen=$(venv/bin/python probe.py); echo "seen:  $seen"
[ "$seen" = "26.0.1
texts 1 a hundredth
texts 2 all of it
numbers 1 a hundredth
numbers 2 all of it" ] || { echo "changed: with 26.0.1 two chunks were joined for every take"; exit 1; }
