#!/usr/bin/env bash
# Guess: with n_subsample=3 the means in libvmaf's log are those of the frames that the log holds, and the score that
#   is printed is one of them.
# What happens: in FFmpeg 7.0.2 (libvmaf 2.3.0) the "pooled_metrics" of the log are not the means of its frames, and
#   the VMAF that is printed differs from the one in the log. In 9.0.2 all three agree.
# Why it matters: every third frame is the usual way to save time, and programs read "pooled_metrics"; take the mean
#   of the frames instead, which is right in both.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
for version in 0.6.0 0.8.1; do venv/bin/pip install -q --no-deps --target $version imageio-ffmpeg==$version; done
old=$(ls "$work"/0.6.0/imageio_ffmpeg/binaries/ffmpeg-*)
new=$(ls "$work"/0.8.1/imageio_ffmpeg/binaries/ffmpeg-*)
"$new" -nostdin -v error -f lavfi -i testsrc2=s=320x192:r=25 -frames:v 31 -pix_fmt yuv420p clean.y4m
"$new" -nostdin -v error -i clean.y4m -vf "geq=lum='lum(X,Y)+N*mod(X+Y,2)':cb='cb(X,Y)':cr='cr(X,Y)'" worse.y4m
echo "guess: three equal figures on each line"
seen=""
for build in old new; do
    "${!build}" -version | sed -n 1p | cut -d' ' -f1-3
    printed=$("${!build}" -nostdin -v info -nostats -i worse.y4m -i clean.y4m \
        -lavfi libvmaf=n_subsample=3:log_fmt=json:log_path=$build.json -f null - 2>&1 | sed -n 's/.*VMAF score: //p')
    figures=$(venv/bin/python - $build.json <<'PY'
import json
import sys

log = json.load(open(sys.argv[1]))
own = [frame["metrics"]["vmaf"] for frame in log["frames"]]
print("%.3f %.3f" % (sum(own) / len(own), log["pooled_metrics"]["vmaf"]["mean"]))
PY
)
    printed=$(printf %.3f "$printed")
    echo "seen:  printed $printed; mean of the log's frames ${figures% *}; mean in its pooled_metrics ${figures#* }"
    seen="$seen$([ "$printed" = "${figures% *}" ] && echo same || echo other)-$([ "$printed" = "${figures#* }" ] && echo same || echo other) "
done
[ "$seen" = "same-other same-same " ] || { echo "changed: only the older pooled_metrics differed; now $seen"; exit 1; }
