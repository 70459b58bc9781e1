#!/usr/bin/env bash
# Guess: a clip compared with itself has VMAF 100.
# What happens: with the default model a still picture compared with itself has 97.43, whether it is one frame or
#   a frame repeated, flat or full of detail: nothing differs, but motion is a feature of the model, and a picture
#   without motion gets less.
#   A moving clip compared with itself has 97.43 at its first frame (nothing before it), then up to 100.
# Why it matters: "100 means identical" fails for slides, title cards and single frames; a threshold of 98 rejects
#   a perfect copy of them, and scores of single frames cannot be set beside those of clips.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3

scores() { # source, filters -> the VMAF of each frame against itself, to two places
    "$ff" -nostdin -v error -f lavfi -i "$1" \
        -lavfi "$2,format=yuv420p,split[a][b];[a][b]libvmaf=log_fmt=json:log_path=log.json" -f null -
    sed -n '/"pooled_metrics"/q; s/.*"vmaf": \([0-9.]*\).*/\1/p' log.json | LC_ALL=C awk '{ printf "%.2f ", $1 }'
}
echo "guess: 100.00 everywhere"
one=$(scores testsrc2=s=320x240 trim=end_frame=1);                      echo "seen:  one frame of detail:  $one"
flat=$(scores color=c=gray:s=320x240 trim=end_frame=3);                 echo "seen:  flat grey, 3 frames:  $flat"
held=$(scores testsrc2=s=320x240 trim=end_frame=1,loop=2:1,setpts=N/25/TB); echo "seen:  a frame held 3 times: $held"
moving=$(scores testsrc2=s=320x240 trim=end_frame=5);                   echo "seen:  a moving clip:        $moving"
still="$one$flat$held"
[ "$still" = "97.43 97.43 97.43 97.43 97.43 97.43 97.43 " ] && [[ "$moving" == "97.43 "*"100.00 " ]] ||
    { echo "changed: stills had 97.43, a moving clip 97.43 first and 100.00 at its end"; exit 1; }
