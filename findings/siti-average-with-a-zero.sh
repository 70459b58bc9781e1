#!/usr/bin/env bash
# Guess: the average TI that FFmpeg's filter siti prints is over the differences of neighbouring frames, one fewer
#   than frames; and SI and TI are in the luma codes of the clip.
# What happens: the first frame, which has no difference, counts as 0: of 3 frames the average is two thirds of the
#   mean difference. And limited-range codes are stretched to 0..255 first (by 255/219), so that figures are 1.16
#   times those of the codes; full-range clips are taken as they are.
# Why it matters: averages of short clips come out low, by a share that depends on the length; and figures of tools
#   that do not stretch differ by 16 %.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1 numpy==2.4.6
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
"$ff" -nostdin -v error -f lavfi -i testsrc2=s=160x96:r=25 -frames:v 3 -pix_fmt yuv420p clip.y4m
"$ff" -nostdin -v error -i clip.y4m -vf extractplanes=y -f rawvideo codes.raw
summary=$("$ff" -nostdin -v info -nostats -i clip.y4m -vf siti=print_summary=1 -f null - 2>&1 |
    sed -n 's/^Average: //p' | tail -n 2 | paste -sd' ')
echo "guess: both ratios are 1.000"
venv/bin/python - $summary <<'PY'
import sys
import numpy as np

printed = float(sys.argv[2])
codes = np.fromfile("codes.raw", np.uint8).reshape(3, 96, 160).astype(float)
own = float(np.mean([(b - a).std() for a, b in zip(codes, codes[1:])]))
print("seen:  average TI printed %.3f, mean of the two differences in codes %.3f" % (printed, own))
print("seen:  ratio %.3f; 2/3 of it would be %.3f, and 255/219 of that %.3f" % (printed / own, 2 / 3, 2 / 3 * 255 / 219))
if abs(printed / own - 2 / 3 * 255 / 219) > 0.005:
    sys.exit("changed: the ratio was 2/3 of 255/219")
PY
