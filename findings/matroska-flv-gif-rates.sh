#!/usr/bin/env bash
# Guess: a clip of 60000/1001 or 30000/1001 fps copied into Matroska or FLV still has that rate; a GIF made at 30 fps
#   says 30, or the 100/3 of its clock, in every field.
# What happens: these formats stamp in milliseconds (GIF in hundredths), and the average rate is worked out from
#   rounded stamps: 19001/317 in Matroska, 989/33 for 60 frames of FLV (it depends on the length), and for the GIF
#   100/3 as average, 30000/1001 as guessed rate, where 30 pictures last 1.00 s.
# Why it matters: "both clips have the same rate" fails for a copy; and a GIF has three rates to choose from.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q av==18.1.0 imageio-ffmpeg==0.8.1
ff=$(venv/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
"$ff" -version | sed -n 1p | cut -d' ' -f1-3
for rate in 60000/1001 30000/1001; do
    "$ff" -nostdin -v error -f lavfi -i testsrc2=s=176x144:r=$rate -frames:v 60 -c:v libx264 -pix_fmt yuv420p ${rate%/*}.mp4
done
"$ff" -nostdin -v error -i 60000.mp4 -c copy 60000.mkv
"$ff" -nostdin -v error -i 30000.mp4 -c copy 30000.flv
"$ff" -nostdin -v error -f lavfi -i testsrc2=s=176x144:r=30 -frames:v 30 30.gif
echo "guess: 60000/1001 twice, 30000/1001 twice, 30 (or 100/3) in both fields of the GIF"
venv/bin/python - <<'PY'
import sys
import av

print("PyAV", av.__version__)
seen = {}
for name in ("60000.mp4", "60000.mkv", "30000.mp4", "30000.flv", "30.gif"):
    with av.open(name) as box:
        video = box.streams.video[0]
        seen[name] = f"{video.average_rate} {video.guessed_rate}"
        pictures = sum(1 for _ in box.decode(video))
    print(f"seen:  {name}: average_rate {seen[name].split()[0]}, guessed_rate {seen[name].split()[1]}, {pictures} pictures")
if list(seen.values()) != ["60000/1001 60000/1001", "19001/317 19001/317", "30000/1001 30000/1001",
                           "989/33 30000/1001", "100/3 30000/1001"]:
    sys.exit("changed: the rates were others")
PY
