#!/usr/bin/env bash
# Guess: psnr, ssim and libvmaf compare frame n of one input with frame n of the other where both clips hold the
#   same 301 frames, even if one file says 30 fps and the other 30000/1001.
# What happens: pairs are made by time: the second input's last frame not later than that of the first. With the
#   30 fps clip first, all frames but the first and the last meet a neighbour, and there are 302 pairs; with the
#   30000/1001 clip first all 301 are right. ts_sync_mode=nearest is right in both orders, at this length. psnr
#   warns that the time bases differ, in the same words whether all pairs are wrong or none. (Shown with psnr.)
# Why it matters: 30 in place of 29.97 is a common label after a remux; the score of a perfect copy then falls,
#   and falls in one order of the inputs only.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3

clip() { echo "color=s=64x64:r=$1,format=gray,geq=lum=20+mod(N\,200),trim=end_frame=301"; } # grey = frame's number
pairs() { # rate of the first input, of the second, mode -> pairs, pairs of unequal pictures
    "$ff" -nostdin -v error -f lavfi -i "$(clip "$1")" -f lavfi -i "$(clip "$2")" \
        -lavfi "[0:v][1:v]psnr=f=-:ts_sync_mode=$3" -fps_mode passthrough -enc_time_base filter -f null - |
        awk '/mse_avg:/ { all++; if ($0 !~ /mse_avg:0.00 /) wrong++ } END { print all + 0, wrong + 0 }'
}
echo "guess: 301 pairs, 0 wrong, in each line"
seen=""
for mode in default nearest; do
    for rates in "30 30000/1001" "30000/1001 30"; do
        got=$(pairs $rates $mode)
        echo "seen:  first and second at $rates, ts_sync_mode=$mode: (pairs, wrong ones) $got"
        seen="$seen$got;"
    done
done
[ "$seen" = "302 300;301 0;301 0;301 0;" ] || { echo "changed: was 302 300;301 0;301 0;301 0; now $seen"; exit 1; }
