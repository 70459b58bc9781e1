#!/usr/bin/env bash
# Guess: FFmpeg's idet calls progressive pictures progressive.
# What happens: of 50 pictures of its own moving chart testsrc2, in which no field ever was, most are "tff". Real fields
#   still are from a threshold of 1.2 on (the default is 1.04), and the chart no longer.
# Why it matters: who deinterlaces or refuses by idet does so to graphics, screen recordings and charts.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
woven() { # threshold, source, further filters
    "$ff" -nostdin -v error -f lavfi -i "$2" -frames:v 50 -vf "$3format=yuv420p,idet=intl_thres=$1,metadata=print:file=-" \
        -f null - | grep -c 'multiple.current_frame=[tb]ff' || true
}
echo "guess: 0 of 50 for the chart, 50 of 50 for fields, at either threshold"
seen=""
for threshold in 1.04 1.2; do
    chart=$(woven $threshold testsrc2=s=320x240:r=25 "")
    fields=$(woven $threshold testsrc2=s=320x240:r=50 "tinterlace=interleave_top,")
    echo "seen:  threshold $threshold: chart $chart of 50, fields $fields of 50"
    seen="$seen $chart $fields"
done
set -- $seen
[ "$1" -gt 20 ] && [ "$2" -gt 40 ] && [ "$3" -eq 0 ] && [ "$4" -gt 40 ] ||
    { echo "changed: the chart was woven at 1.04 and not at 1.2, fields at both"; exit 1; }
