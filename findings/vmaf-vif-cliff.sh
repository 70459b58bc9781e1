#!/usr/bin/env bash
# Guess: where a texture is erased altogether, its VIF is near 0; and a stronger texture erased costs more VMAF.
# What happens: at the finest scale the score jumps. A checkerboard of two code values erased to flat grey counts
#   as fully kept (vif_scale0 1.0) while their distance is at most 2, and as fully lost (0.0) from a distance of 3 on.
#   The next scale says 1.0 at all of these. Going from 2 to 3, VMAF (v0.6.1) rises from 92.76 to 92.84.
#   (It is as if a patch whose variance is below the metric's noise, 2, had nothing to lose.)
# Why it matters: film grain and fine texture that an encoder removes are below or just at this floor, so feature
#   values say "kept" or "lost" for a single step of brightness, and the model's score barely tells.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
field() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" log.json | sed -n 1p; }

echo "guess: vif_scale0 near 0.0 at each distance, VMAF falling with the distance"
seen=""
for distance in 1 2 3 4 8; do
    texture="color=s=256x256,format=yuv420p,geq=lum=126+$distance*mod(floor(X/2)+floor(Y/2)\,2):cb=128:cr=128"
    erased="color=s=256x256,format=yuv420p,geq=lum=126+$distance/2:cb=128:cr=128"
    "$ff" -nostdin -v error -f lavfi -i "$erased,trim=end_frame=2" -f lavfi -i "$texture,trim=end_frame=2" \
        -lavfi "[0:v][1:v]libvmaf=log_fmt=json:log_path=log.json" -f null -
    scale0=$(field integer_vif_scale0); coarser=$(field integer_vif_scale1); vmaf=$(field vmaf)
    printf 'seen:  distance %d: vif_scale0 %.3f, vif_scale1 %.3f, VMAF %.2f\n' "$distance" "$scale0" "$coarser" "$vmaf"
    seen="$seen$(printf %.3f "$scale0") "
done
[ "$seen" = "1.000 1.000 0.000 0.000 0.000 " ] || { echo "changed: vif_scale0 was 1 1 0 0 0, now $seen"; exit 1; }
