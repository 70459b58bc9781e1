#!/usr/bin/env bash
# Guess: a check of a partitioned asset has a result for each partition, as the asset has.
# What happens: it has one. After a pass for partition a and a failure for b, its latest result is the failure, and the
# record names no partition. `dagster asset materialize --select '*'` over such an asset ends in a CheckError.
# Why it matters: several corpora as partitions of one asset would show the verdict of whichever ran last.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q dagster==1.13.27
cat >defs.py <<'PY'
import dagster as dg

parts = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=parts, check_specs=[dg.AssetCheckSpec("good", asset="one")])
def one(context):
    yield dg.MaterializeResult(
        check_results=[dg.AssetCheckResult(check_name="good", passed=context.partition_key == "a")]
    )


defs = dg.Definitions(assets=[one])
PY
cat >probe.py <<'PY'
import dagster as dg
from defs import one

with dg.instance_for_test() as instance:
    for key in ("a", "b"):
        dg.materialize([one], instance=instance, partition_key=key)
    made = len(instance.get_materialized_partitions(dg.AssetKey("one")))
    key = dg.AssetCheckKey(dg.AssetKey("one"), "good")
    found = instance.event_log_storage.get_asset_check_execution_history(key, limit=9)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    print(f"partitions {made}, results {len(found)}, latest {latest.status.value}")
PY
venv/bin/python -c 'import dagster; print("dagster", dagster.__version__)'
echo "guess: a latest result for each partition"
seen=$(venv/bin/python probe.py 2>log | tail -n 1)
mkdir home
asked=$(DAGSTER_HOME=$work/home DAGSTER_DISABLE_TELEMETRY=1 venv/bin/dagster asset materialize --select '*' -f defs.py 2>&1 |
  grep -o 'CheckError' | head -n 1 || true)
echo "seen:  $seen; without --partition: $asked"
[ "$seen" = "partitions 2, results 2, latest FAILED" ] && [ "$asked" = "CheckError" ] ||
  { echo "changed"; tail -n 5 log; exit 1; }
