#!/usr/bin/env bash
# Guess: a Dask worker whose one task sleeps costs next to no CPU.
# What happens: it samples its threads 100 times a second for a profile, and its event loop 50 times a second: some
#   2 to 4 % of a core for ever (and the same in its scheduler). Without the profiler and with a slower tick it is
#   less than half of that.
# Why it matters: programs that do the work outside Python (a decoder, an encoder) want all of the core; on a busy
#   machine the share grows, since it is paid by time and not by work.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q dask==2026.8.0 distributed==2026.8.0 psutil==7.2.2
cat >probe.py <<'PY'
import sys, time
import dask, psutil
from distributed import Client, LocalCluster

QUIET = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "1s"}

def sleep(seconds):
    import time
    time.sleep(seconds)

if __name__ == "__main__":
    with dask.config.set(QUIET if sys.argv[1] == "quiet" else {}):
        cluster = LocalCluster(1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0")
    client = Client(cluster)
    client.submit(sleep, 12)
    time.sleep(3)
    worker = psutil.Process(next(iter(cluster.workers.values())).pid)
    before, at = worker.cpu_times(), time.monotonic()
    time.sleep(8)
    after, took = worker.cpu_times(), time.monotonic() - at
    used = after.user + after.system - before.user - before.system
    print(round(1000 * used / took, 1))
    client.close()
    cluster.close()
PY
venv/bin/python -c 'import distributed; print("distributed", distributed.__version__)'
usual=$(venv/bin/python probe.py usual 2>/dev/null)
quiet=$(venv/bin/python probe.py quiet 2>/dev/null)
echo "guess: a few CPU ms a second at most, either way"
echo "seen:  $usual CPU ms a second as it comes, $quiet without profiler and with a tick of 1 s"
python3 -c "import sys; sys.exit(not ($usual > 12 and $quiet < 0.6 * $usual))" ||
    { echo "changed: more than 12 as it comes, and less than .6 of that when quiet; now $usual and $quiet"; exit 1; }
