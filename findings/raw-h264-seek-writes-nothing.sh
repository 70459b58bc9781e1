#!/usr/bin/env bash
# Guess: one picture of a raw H.264 stream is had by -ss and -frames:v 1, as of any file, or ffmpeg says why not.
# What happens: a raw stream has no index, so seeking fails; the output is an empty file, nothing is printed at
#   -v error, and the exit code is 0. The filter trim=start=1 gives the picture.
# Why it matters: a script that takes pictures at some instants of a clip reads an empty file as "no picture there".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
"$ff" -nostdin -v error -f lavfi -i testsrc2=s=64x64:r=25:d=3 -c:v libx264 -pix_fmt yuv420p clip.mp4
"$ff" -nostdin -v error -i clip.mp4 -c copy raw.h264
picture=$((64 * 64 * 3 / 2))
echo "guess: $picture bytes on each line, or an error"
code=0
said=$("$ff" -nostdin -v error -ss 1 -i raw.h264 -frames:v 1 -f rawvideo -y seek.yuv 2>&1) || code=$?
"$ff" -nostdin -v error -ss 1 -i clip.mp4 -frames:v 1 -f rawvideo -y mp4.yuv
"$ff" -nostdin -v error -i raw.h264 -vf trim=start=1 -frames:v 1 -f rawvideo -y trim.yuv
seek=$(stat -c %s seek.yuv); mp4=$(stat -c %s mp4.yuv); trim=$(stat -c %s trim.yuv)
echo "seen:  raw, -ss 1: $seek bytes, exit $code, printed: '$said'"
echo "seen:  mp4, -ss 1: $mp4 bytes; raw, trim=start=1: $trim bytes"
[ "$seek $code $said $mp4 $trim" = "0 0  $picture $picture" ] || { echo "changed: the raw stream gave an empty file, exit 0 and no word"; exit 1; }
