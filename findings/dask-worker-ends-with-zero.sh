#!/usr/bin/env bash
# Guess: a `dask worker` whose scheduler is killed waits for it, or its nanny starts it again, or it ends with an error.
# What happens: worker and nanny end within seconds, with exit code 0; a scheduler that is back at the same address
#   a moment later has no worker.
# Why it matters: systemd's Restart=on-failure, and everybody else who looks at exit codes, takes that for work well
#   done and leaves the cluster without workers. Restart=always is needed.
set -euo pipefail
work=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q dask==2026.8.0 distributed==2026.8.0
cat >probe.py <<'PY'
import pathlib, socket, subprocess, sys, time

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
dask = str(pathlib.Path(sys.executable).with_name("dask"))
log = open("log", "ab")

def start(*words):
    return subprocess.Popen([dask, *words, "--no-dashboard"], stdout=log, stderr=log)

def scheduler():
    return start("scheduler", "--host", "127.0.0.1", "--port", port)

first = scheduler()
worker = start("worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--local-directory", ".")
end = time.monotonic() + 90
while b"Starting established connection to tcp" not in pathlib.Path("log").read_bytes():
    assert time.monotonic() < end, pathlib.Path("log").read_text()
    time.sleep(0.2)
time.sleep(2)
first.kill()
first.wait()
second = scheduler()
try:
    print("worker ended with", worker.wait(60))
except subprocess.TimeoutExpired:
    print("worker is still there")
    worker.kill()
second.kill()
PY
venv/bin/python -c 'import distributed; print("distributed", distributed.__version__)'
echo "guess: the worker is still there, or ends with an error"
seen=$(venv/bin/python probe.py)
echo "seen:  $seen"
[ "$seen" = "worker ended with 0" ] || { echo "changed: a worker with a nanny ended with 0; now: $seen"; exit 1; }
