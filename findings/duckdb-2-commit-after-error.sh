#!/usr/bin/env bash
# Guess: a mistyped SELECT within a transaction is an error of that statement alone; a COMMIT that raises nothing
#   has stored the rows inserted before it. So it was in DuckDB 1.4.
# What happens: in 2.0 (a change made on purpose) any error ends the transaction, even a look at a table that does
#   not exist or a syntax error. A later INSERT says so; but COMMIT raises nothing and stores nothing.
# Why it matters: code that tries "does this table exist?" by SELECT and except, within a transaction, and then
#   commits, loses its rows after the update, with no error anywhere.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv new; new/bin/pip install -q duckdb==2.0.0
python3 -m venv old; old/bin/pip install -q duckdb==1.4.0
cat >probe.py <<'PY'
import duckdb


def rows_after(mistake):
    db = duckdb.connect()
    db.execute("create table scores (score double)")
    db.execute("begin")
    db.execute("insert into scores values (97.5)")
    try:
        db.execute(mistake).fetchall()
    except duckdb.Error:
        pass
    db.execute("commit")  # raises in neither version
    return db.execute("select count(*) from scores").fetchone()[0]


mistakes = ("select * from no_such_table", "select no_such_column from scores", "selec 1", "select cast('x' as int)")
print(duckdb.__version__, *(rows_after(m) for m in mistakes))
PY
echo "rows kept by a quiet COMMIT after: missing table, missing column, syntax error, failed cast"
echo "guess: 1 1 1 in both versions for the first three"
old=$(old/bin/python probe.py); echo "seen:  duckdb $old"
new=$(new/bin/python probe.py); echo "seen:  duckdb $new"
[ "$old $new" = "1.4.0 1 1 1 0 2.0.0 0 0 0 0" ] || { echo "changed: 1.4.0 kept 1 1 1 0 rows and 2.0.0 none"; exit 1; }
