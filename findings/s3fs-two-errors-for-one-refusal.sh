#!/usr/bin/env bash
# Guess: a conditional put that the server refuses (412) raises one error, whichever condition was asked.
# What happens: IfNoneMatch raises FileExistsError, IfMatch a plain OSError of number 22 ("Invalid argument"), and
# IfMatch on a key that is not there FileNotFoundError. That it was a 412 stands in the cause alone.
# Why it matters: who takes FileExistsError for "somebody else has the lock" overlooks that a lock was lost.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q s3fs==2026.9.0 moto==5.2.5 flask flask-cors py-partiql-parser
cat >probe.py <<'PY'
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
files = S3FileSystem(key="k", secret="s", endpoint_url=f"http://{host}:{port}")
files.call_s3("create_bucket", Bucket="bucket")


def put(key, **condition):
    try:
        files.call_s3("put_object", Bucket="bucket", Key=key, Body=b"x", **condition)
    except OSError as error:
        cause = error.__cause__
        code = cause.response["Error"]["Code"] if cause is not None else "none"
        return f"{type(error).__name__} {error.errno} ({code})"
    return "put"


put("there")
print(
    put("there", IfNoneMatch="*"),
    put("there", IfMatch='"0123"'),
    put("elsewhere", IfMatch='"0123"'),
    sep=" | ",
)
server.stop()
PY
venv/bin/python -c 'import s3fs, moto; print("s3fs", s3fs.__version__, "moto", moto.__version__)'
echo "guess: the same error three times"
seen=$(AWS_DEFAULT_REGION=us-east-1 venv/bin/python probe.py 2>log | tail -n 1)
echo "seen:  $seen"
case $seen in
"FileExistsError "*"(PreconditionFailed) | OSError 22 (PreconditionFailed) | FileNotFoundError "*) ;;
*) echo "changed"; tail -n 5 log; exit 1 ;;
esac
