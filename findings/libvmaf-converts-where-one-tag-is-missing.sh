#!/usr/bin/env bash
# Guess: an encode that lost its colour tags, code for code the same pictures, scores like one that kept them: VMAF
#   looks at luma codes.
# What happens: the untagged side is taken for BT.601, and a scaler that nobody asked for converts the second input
#   before libvmaf sees it (only "-v verbose" says so). Identical pictures have 56.7 where only the clip is tagged,
#   and, in n9.0.2, 100.0 where only the source is; 99.1 otherwise. FFmpeg 7.0.2 converts in one of the two orders.
# Why it matters: encoders and remuxes drop tags all the time. An encode with better scores may only have been tagged
#   as its source was. "setparams=colorspace=..." on the untagged side, before the filter, mends it.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
for build in 0.6.0 0.8.1; do
    python3 -m venv "venv-$build"
    "venv-$build/bin/pip" install -q "imageio-ffmpeg==$build"
    "venv-$build/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())' >"ffmpeg-$build"
    "$(cat "ffmpeg-$build")" -version | sed -n 1p | cut -d' ' -f1-3
done
old=$(cat ffmpeg-0.6.0); new=$(cat ffmpeg-0.8.1)
"$new" -nostdin -v error -f lavfi -i testsrc2=s=320x240:r=5,format=yuv420p -frames:v 3 -c:v ffv1 untagged.mkv
"$new" -nostdin -v error -i untagged.mkv -vf setparams=colorspace=bt709 -c:v ffv1 tagged.mkv
score() { # program, distorted, reference
    "$1" -nostdin -v info -nostats -i "$2.mkv" -i "$3.mkv" -lavfi libvmaf -f null - 2>&1 | sed -n 's/.*VMAF score: //p'
}
echo "guess: one number: the four files hold the same codes"
seen=""
for pair in "untagged untagged" "tagged tagged" "untagged tagged" "tagged untagged"; do
    a=$(score "$old" $pair); b=$(score "$new" $pair)
    printf 'seen:  %-18s FFmpeg 7.0.2 %.1f, n9.0.2 %.1f\n' "$pair" "$a" "$b"
    seen="$seen $a $b"
done
echo "$seen" | awk '{ exit !($1 > 97 && $1 == $2 && $1 == $3 && $1 == $4 && $1 == $5 && $6 != $1 && $7 < 90 && $8 < 90) }' ||
    { echo "changed: n9.0.2 converted in both orders where one side had no tag, 7.0.2 in one"; exit 1; }
