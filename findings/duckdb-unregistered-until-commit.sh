#!/usr/bin/env bash
# Guess: a table that was unregistered, and that nobody else names, is freed; so rows can be loaded in parts within
#   one transaction without holding more than one part.
# What happens: a registered table stays in memory until the transaction ends, unregistered or not. A table that a
#   query finds by the name of a Python variable is freed with the next query.
# Why it matters: a load that was cut into parts to save memory holds every one of them.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv; venv/bin/pip install -q duckdb==2.0.0 pyarrow==26.0.1
cat >probe.py <<'PY'
import duckdb
import pyarrow as pa

PARTS = 10


def held(way):
    """How many of ten parts Arrow still holds after the last one: inside the transaction, and after it."""
    db = duckdb.connect()
    db.execute("create table readings (name varchar)")
    db.execute("begin")
    before = pa.total_allocated_bytes()
    for number in range(PARTS):
        part = pa.table({"name": [f"sensor {number} reading {i:06d}" for i in range(20_000)]})
        size = part.nbytes
        if way == "registered":
            db.register("part_view", part)
            db.execute("insert into readings select name from part_view")
            db.unregister("part_view")
        else:
            db.execute("insert into readings select name from part")
        del part
    inside = pa.total_allocated_bytes() - before
    db.execute("commit")
    db.execute("select 1").fetchall()
    return round(inside / size), round((pa.total_allocated_bytes() - before) / size)


print(duckdb.__version__, *held("registered"), *held("by variable"))
PY
echo "parts of 10 in memory inside the transaction and after it: registered and unregistered; by a variable's name"
echo "guess: 1 or 0 everywhere"
seen=$(venv/bin/python probe.py); echo "seen:  duckdb $seen"
read -r version inside after variable _ <<<"$seen"
[ "$version $inside $after" = "2.0.0 10 0" ] && [ "$variable" -le 1 ] \
  || { echo "changed: 2.0.0 held 10 parts until the commit, and 1 at most by a variable's name"; exit 1; }
