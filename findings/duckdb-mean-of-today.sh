#!/usr/bin/env bash
# Guess: the same query on the same table, unchanged, with the same number of threads gives the same number.
# What happens: with two threads and more than one row group (122,880 rows), avg, sum, stddev_samp and corr of DOUBLE
#   differ in their last bits from one run to the next, as threads add up in another order each time. One thread
#   gives one answer; so does a mean of DECIMAL or of integers.
# Why it matters: hashes of results, "same input, same bytes", and tests that compare with ==, for tables that grew.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q duckdb==2.0.0
echo "guess: one answer on each line"
venv/bin/python - <<'PY'
import sys
import duckdb

print("duckdb", duckdb.__version__)
db = duckdb.connect()
db.execute("create table votes as select (hash(range) % 1000003) / 1000003.0::double as mos, "
           "(hash(range + 7) % 1000003) / 1000003.0::double as predicted from range(400000)")
figures = ("avg(mos)", "sum(mos)", "stddev_samp(mos)", "corr(mos, predicted)", "avg(mos::decimal(9, 6))")
seen = {}
for threads in (1, 4):
    db.execute(f"set threads = {threads}")
    for figure in figures:
        answers = {db.execute(f"select {figure} from votes").fetchall()[0][0] for _ in range(25)}
        seen[threads, figure] = len(answers)
        print(f"seen:  {threads} thread(s), {figure}: {len(answers)} different answer(s) in 25 runs, "
              f"{max(answers) - min(answers):.0e} apart")
exact = all(n == 1 for (threads, figure), n in seen.items() if threads == 1 or "decimal" in figure)
if not exact or max(seen.values()) == 1:
    sys.exit("changed: one answer with one thread or decimals, several with four threads")
PY
