#!/usr/bin/env bash
# Guess: `dagster dev` whose daemon is killed ends with an error, or starts it again.
# What happens: it logs an exception ("dagster-daemon process shut down unexpectedly"), ends everything and exits 0.
# Why it matters: systemd's Restart=on-failure leaves the service down, and no script notices that the daemon died.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q dagster==1.13.27 dagster-webserver==1.13.27 psutil==7.2.2
echo 'import dagster as dg
defs = dg.Definitions()' >defs.py
mkdir home
cat >probe.py <<'PY'
import os, pathlib, socket, subprocess, sys, time
import psutil

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
home = pathlib.Path("home").absolute()
dagster = str(pathlib.Path(sys.executable).with_name("dagster"))
with open("log", "wb") as log:
    service = subprocess.Popen(
        [dagster, "dev", "-f", "defs.py", "-p", port, "--host", "127.0.0.1"],
        env={**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"},
        stdout=log,
        stderr=log,
    )
end, killed = time.monotonic() + 120, False
while not killed and time.monotonic() < end:
    time.sleep(1)
    if b"Serving dagster-webserver" not in pathlib.Path("log").read_bytes():
        continue
    for child in psutil.Process(service.pid).children(recursive=True):
        if "dagster._daemon" in " ".join(child.cmdline()):
            child.kill()
            killed = True
print("ended with", service.wait(90) if killed else "no daemon")
PY
venv/bin/python -c 'import dagster; print("dagster", dagster.__version__)'
echo "guess: another code than 0"
seen=$(venv/bin/python probe.py)
echo "seen:  $seen; log: $(grep -o 'dagster-daemon process shut down unexpectedly' log | head -n 1)"
[ "$seen" = "ended with 0" ] || { echo "changed: it ended with 0; now: $seen"; exit 1; }
