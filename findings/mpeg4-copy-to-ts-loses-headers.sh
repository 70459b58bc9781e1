#!/usr/bin/env bash
# Guess: where ffmpeg copies a stream into another container, exits 0 and prints nothing, the copy can be played.
# What happens: MPEG-4 Part 2 copied from MP4 to MPEG-TS keeps all its packets and not one picture of it can be
#   decoded: the decoder's headers lie in the MP4's sample description, and nothing writes them into the stream
#   (for H.264 the muxer does). With the bitstream filter dump_extra the same copy decodes in full.
# Why it matters: an archive remuxed by "-c copy" and checked by exit code, size or packet count can be lost.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
"$ff" -nostdin -v error -f lavfi -i testsrc2=s=320x240:r=25:d=1 -c:v mpeg4 in.mp4
"$ff" -nostdin -v warning -i in.mp4 -c copy plain.ts && echo "ffmpeg -c copy plain.ts: exit 0"
"$ff" -nostdin -v warning -i in.mp4 -c copy -bsf:v dump_extra headed.ts

packets() { "$ff" -nostdin -v quiet -i "$1" -c copy -f framecrc - | grep -vc '^#' || true; }
pictures() { "$ff" -nostdin -v quiet -i "$1" -f framecrc - | grep -vc '^#' || true; }
echo "guess: 25 packets and 25 pictures in each"
for f in in.mp4 plain.ts headed.ts; do
    echo "seen:  $f: $(packets $f) packets, $(pictures $f) pictures"
done
seen="$(packets in.mp4)/$(pictures in.mp4) $(packets plain.ts)/$(pictures plain.ts) $(pictures headed.ts)"
[ "$seen" = "25/25 25/0 25" ] || { echo "changed: the plain copy was 25 packets without a picture, now $seen"; exit 1; }
