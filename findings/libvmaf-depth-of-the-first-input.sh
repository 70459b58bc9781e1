#!/usr/bin/env bash
# Guess: a clip of 8 bits is compared with its 10-bit source at 10 bits, so that what the depth loses counts.
# What happens: FFmpeg brings both to the depth of the first input, the distorted one: the source is rounded to 8 bits
#   too, and a clip that lost nothing but depth is as good as perfect. Changed to 10 bits before the filter, the same
#   encode has 1.6 VMAF more here (it is compared with a smoother picture); with the roles exchanged the pair that
#   differs in depth alone has 94. Only "-v verbose" says that a scaler was put in.
# Why it matters: 8-bit and 10-bit encodes of one source are scored against different references; banding that
#   comes of the depth is free.
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
wave="400+3*sin(X/9+N/3)+2.2*sin(Y/5)+1.6*random(1)" # a soft texture, a few 10-bit codes deep
"$ff" -nostdin -v error -f lavfi -i "color=s=256x192:r=25,format=yuv420p10le,geq=lum='$wave':cb=512:cr=512" \
    -frames:v 6 -c:v ffv1 ten.mkv
"$ff" -nostdin -v error -i ten.mkv -pix_fmt yuv420p -c:v ffv1 eight.mkv
"$ff" -nostdin -v error -i ten.mkv -pix_fmt yuv420p -c:v libx264 -threads 1 -crf 30 encode.mp4
score() { # distorted, reference, filters before the comparison
    "$ff" -nostdin -v info -nostats -i "$1" -i "$2" -lavfi "[0:v]${3}null[a];[a][1:v]libvmaf" -f null - 2>&1 |
        sed -n 's/.*VMAF score: //p'
}
echo "guess: 8 bits against 10 bits loses, and an encode has one score however it is handed in"
only=$(score eight.mkv ten.mkv ""); back=$(score ten.mkv eight.mkv "")
plain=$(score encode.mp4 ten.mkv ""); deep=$(score encode.mp4 ten.mkv "format=yuv420p10le,")
printf 'seen:  rounded to 8 bits, against 10 bits: %.2f; the other way round %.2f\n' "$only" "$back"
printf 'seen:  8-bit encode against 10 bits: %.2f; the same, made 10 bits first: %.2f\n' "$plain" "$deep"
awk -v only="$only" -v back="$back" -v plain="$plain" -v deep="$deep" \
    'BEGIN { exit !(only > 97 && back < only - 2 && deep > plain + 0.5) }' ||
    { echo "changed: rounding was free one way and cost 3 the other, and 10 bits gave the encode 1.6 more"; exit 1; }
