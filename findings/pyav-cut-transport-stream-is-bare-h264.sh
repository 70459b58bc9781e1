#!/usr/bin/env bash
# Guess: a transport stream whose recording begins inside a packet is read as a transport stream, or refused.
# What happens: where the first bytes hold a header of H.264, it is read as bare h264: packet headers of the transport
# end up inside pictures, no packet has a time, and nothing is said.
# Why it matters: capture tools cut recordings so, and the clip would be measured with damage that is not its own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q av==18.1.0 imageio-ffmpeg==0.8.1
ffmpeg=$(venv/bin/python -c 'import imageio_ffmpeg as f; print(f.get_ffmpeg_exe())')
"$ffmpeg" -v error -f lavfi -i testsrc2=s=192x108:r=25 -t 4 -c:v libx264 -preset ultrafast -g 25 -threads 1 whole.ts
cat >probe.py <<'PY'
import av

raw = open("whole.ts", "rb").read()
# The packet in which the second key frame's header of H.264 (an SPS) begins.
mark = raw.index(b"\x00\x00\x00\x01\x67", 188 * 20)
start = mark // 188 * 188
found = []
for first in (start, mark - 2):
    open("cut.ts", "wb").write(raw[first:])
    with av.open("cut.ts") as container:
        timed = [p.pts is not None for p in container.demux(video=0) if p.size]
        found.append(f"{container.format.name} times {'yes' if all(timed) else 'no'}")
print(", ".join(found))
PY
venv/bin/python -c 'import av; print("av", av.__version__)'
echo "guess: mpegts both, with times"
seen=$(venv/bin/python probe.py 2>/dev/null | tail -n 1)
echo "seen:  from a whole packet and from inside one: $seen"
[ "$seen" = "mpegts times yes, h264 times no" ] || { echo "changed"; exit 1; }
