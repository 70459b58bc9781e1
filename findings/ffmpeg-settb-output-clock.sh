#!/usr/bin/env bash
# Guess: after the filter settb=1/90000 (or any filter that sets a time base) the output's stamps have that clock.
# What happens: a raw output takes its clock from the frame rate: 25 frames stamped 100/90000 s apart,
#   passed through one by one, come out with two stamps in all. Exit 0, nothing printed. "-enc_time_base filter"
#   (or the fraction itself) keeps all 25.
# Why it matters: whoever writes stamps of variable-rate video to a list, to pair frames later, gets many frames
#   with one stamp, rounded to whole frame periods.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3

stamps() { # options of the output -> clock, frames, different stamps
    "$ff" -nostdin -y -v warning -f lavfi -i testsrc2=s=64x64:r=25 -vf settb=1/90000,setpts=N*100 -frames:v 25 \
        -fps_mode passthrough "$@" -f framecrc list.txt
    echo "$(grep '^#tb' list.txt | cut -d' ' -f3) $(grep -vc '^#' list.txt)" \
        "$(grep -v '^#' list.txt | cut -d, -f3 | sort -u | wc -l | tr -d ' ')"
}
plain=$(stamps)
asked=$(stamps -enc_time_base filter)
echo "guess: clock 1/90000, 25 frames, 25 different stamps, either way"
echo "seen:  (clock, frames, different stamps) after settb alone:             $plain"
echo "seen:  (clock, frames, different stamps) with -enc_time_base filter:    $asked"
[ "$plain" = "1/25 25 2" ] && [ "$asked" = "1/90000 25 25" ] ||
    { echo "changed: settb alone used to give '1/25 25 2', -enc_time_base filter '1/90000 25 25'"; exit 1; }
