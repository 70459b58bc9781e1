#!/usr/bin/env bash
# Guess: DuckDB's default file can be opened by the previous long-term release, as 1.4 itself writes the format of
#   1.0 by default.
# What happens: a file made by 2.0.0 with default settings is refused by 1.4.0 ("version number 999 ... between 64
#   and 67"). ATTACH with STORAGE_VERSION, or the setting storage_compatibility_version, 'v1.4.0' makes one
#   that both open. A file made by 1.4 keeps its format when 2.0 writes to it.
# Why it matters: one program updated on a shared data folder, and all that were not updated lose the data until
#   they are, or until the new program has copied it into an older format.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv new; new/bin/pip install -q duckdb==2.0.0
python3 -m venv old; old/bin/pip install -q duckdb==1.4.0
new/bin/python - <<'PY'
import duckdb

print("written by duckdb", duckdb.__version__)
for name, config in (("default.db", {}), ("asked.db", {"storage_compatibility_version": "v1.4.0"})):
    with duckdb.connect(name, config=config) as db:
        db.execute("create table scores as select 1 as frame, 97.5 as score")
        print(" ", name, "says", db.execute("select tags from duckdb_databases() where path is not null").fetchone())
PY
echo "guess: duckdb 1.4.0 opens both"
old/bin/python - <<'PY'
import sys
import duckdb

print("read by duckdb", duckdb.__version__)
seen = []
for name in ("default.db", "asked.db"):
    try:
        with duckdb.connect(name, read_only=True) as db:
            seen.append(str(db.execute("select * from scores").fetchall()))
    except duckdb.Error as error:
        seen.append(str(error).splitlines()[0])
    print("seen: ", name, "->", seen[-1])
if "version number" not in seen[0] or seen[1] != "[(1, Decimal('97.5'))]":
    sys.exit("changed: the default file was refused and the other one read")
PY
