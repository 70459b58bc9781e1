#!/usr/bin/env bash
# Guess: hash(a, b) mixes both cells, so that a sum over all rows is a checksum of the table that moves when two rows
#   swap a cell.
# What happens: the last argument goes in by XOR and is not mixed any further, so that hash(a, x) ^ hash(a, y) is
#   hash(x) ^ hash(y) whatever a is; some pairs of rows can swap their last cells and leave the sum as it is. One more
#   argument that is always the same mends that.
# Why it matters: a sum of row hashes is the usual quick way to ask whether two tables are the same.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv; venv/bin/pip install -q duckdb==2.0.0 numpy==2.4.6
cat >probe.py <<'PY'
import duckdb
import numpy as np

db = duckdb.connect()


def hashes(sql):
    return np.array([value for (value,) in db.execute(sql).fetchall()], dtype=np.uint64)


one, other = hashes("select hash(x) from (values (2.63::double), (3.884::double)) t(x) order by x")
with_one, with_other = (
    hashes(f"select hash('clip ' || i, {x}::double) from range(20000) r(i) order by i") for x in (2.63, 3.884)
)
same_everywhere = bool(np.all(with_one ^ with_other == one ^ other))
# Rows whose hashes change by the same amount, one up and one down, keep their sum when they swap the two cells.
change = with_other.astype(object) - with_one.astype(object)
seen = {}
for at, by in enumerate(change):
    if by in seen:
        first, second = seen[by], at
        break
    seen[by] = at


def total(cells, a, b):
    rows = f"(values ('clip {first}', {a}::double), ('clip {second}', {b}::double)) t(name, x)"
    return db.execute(f"select sum(hash({cells})::hugeint) from {rows}").fetchone()[0]


alike = [total(cells, 2.63, 3.884) == total(cells, 3.884, 2.63) for cells in ("name, x", "name, x, 0")]
print(duckdb.__version__, same_everywhere, *alike)
PY
echo "the difference is that of the last cells alone; two rows swap their last cells and the sum stays; with one more argument"
echo "guess: False False False"
seen=$(venv/bin/python probe.py); echo "seen:  duckdb $seen"
[ "$seen" = "2.0.0 True True False" ] || { echo "changed: 2.0.0 left the last cell unmixed"; exit 1; }
