#!/usr/bin/env bash
# Guess: libvmaf's integer features of one pair are the same figures, under the same names, in FFmpeg 7.0.2 and 9.0.2.
# What happens: adm2 and the four vif agree to the last digits of the log; motion2 does not: for white noise by 0.04
#   levels, for rendered scenes by 0.001, and VMAF moves with it. "integer_motion" is gone from the newer log;
#   integer_motion3, integer_aim, integer_adm3 and VMAF_integer_feature_motion_sad_score have come.
# Why it matters: motion2 is an input of regressors: rows that two machines measured differ by their FFmpeg. A reader
#   of "integer_motion" finds nothing, and a reader of every key has new columns.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
for version in 0.6.0 0.8.1; do venv/bin/pip install -q --no-deps --target $version imageio-ffmpeg==$version; done
old=$(ls "$work"/0.6.0/imageio_ffmpeg/binaries/ffmpeg-*)
new=$(ls "$work"/0.8.1/imageio_ffmpeg/binaries/ffmpeg-*)
"$new" -nostdin -v error -f lavfi \
    -i "color=s=160x96:r=25,format=yuv420p,geq=lum=random(1)*255:cb=128:cr=128" -frames:v 6 moving.y4m
cat >compare.py <<'PY'
import json
import sys

old, new = ([f["metrics"] for f in json.load(open(name))["frames"]] for name in ("old.json", "new.json"))
both = [k for k in old[0] if k in new[0]]
apart = {k: max(abs(a[k] - b[k]) for a, b in zip(old, new)) for k in both}
print("seen:  only in the older log:", *sorted(set(old[0]) - set(new[0])))
print("seen:  only in the newer log:", *sorted(set(new[0]) - set(old[0])))
print("seen:  farthest apart:", *("%s %.6f" % pair for pair in apart.items() if "scale" not in pair[0]))
print("seen:  farthest apart of all scales: %.6f" % max(v for k, v in apart.items() if "scale" in k))
still = max(v for k, v in apart.items() if "motion" not in k and k != "vmaf")
if "integer_motion" in both or apart["integer_motion2"] < 1e-4 or still > 2e-6 or apart["integer_motion2"] > 0.1:
    sys.exit("changed: motion2 alone was apart, and integer_motion gone")
PY
for build in old new; do
    "${!build}" -version | sed -n 1p | cut -d' ' -f1-3
    "${!build}" -nostdin -v error -i moving.y4m -i moving.y4m -lavfi libvmaf=log_fmt=json:log_path=$build.json -f null -
done
echo "guess: the same names, and 0 apart"
venv/bin/python compare.py
