#!/usr/bin/env bash
# Guess: a group name that is a member of a StrEnum is text, and works wherever text does, or is refused at once.
# What happens: the asset is defined, validated and materialized; only what is sent to the UI cannot be written.
# Why it matters: tests and runs are green, and the webserver shows an error in place of every asset.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q dagster==1.13.27
cat >probe.py <<'PY'
from enum import StrEnum

import dagster as dg
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value


class Group(StrEnum):
    FIRST = "first"


def told(name):
    @dg.asset(group_name=name)
    def one():
        return 1

    defs = dg.Definitions(assets=[one])
    dg.Definitions.validate_loadable(defs)
    ran = dg.materialize([one]).success
    try:
        serialize_value(RepositorySnap.from_def(defs.get_repository_def()))
    except Exception as error:
        return f"materialized {ran}, written {type(error).__name__}"
    return f"materialized {ran}, written"


print(told("first"), "|", told(Group.FIRST))
PY
venv/bin/python -c 'import dagster; print("dagster", dagster.__version__)'
echo "guess: materialized True, written | materialized True, written"
seen=$(venv/bin/python probe.py 2>log | tail -n 1)
echo "seen:  $seen"
[ "$seen" = "materialized True, written | materialized True, written SerializationError" ] ||
  { echo "changed"; tail -n 5 log; exit 1; }
